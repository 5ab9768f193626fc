#include "rescue/log_coverage.h"

#include <thread>

#include "base/cancel.h"
#include "base/error.h"
#include "relay/relay.h"
#include "relay/source_log.h"

namespace lifeboat::rescue {

namespace {

constexpr std::chrono::milliseconds kLookAgain{200};

std::string relay_hint(const Path& directory, const relay::SourceAddress& source) {
  return format("Follow it first: lifeboat relay run --source {} --password-file FILE --dir {}; or pass --without-log.",
                source.text(), directory.string());
}

struct Look {
  std::optional<std::string> gtid;  ///< at the place
  std::string end;                  ///< of the log
};

Look look(const Path& incarnation, const relay::LogPosition& at) {
  const relay::LogDirectory log(incarnation);
  const auto end = log.end();
  return {.gtid = log.gtid_position_at(at.file, at.position),
          .end = end ? format("{}:{}", end->file, end->position) : "nowhere"};
}

}  // namespace

binlog::GtidPosition require_log(const Path& relay_directory, const relay::SourceAddress& source,
                                 const relay::LogPosition& at, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  Look seen;
  do {
    throw_if_cancelled();
    const Path directory = relay::source_directory(relay_directory, source);
    const bool known = std::filesystem::is_directory(directory);
    const std::vector<Path> kept = known ? relay::list_incarnations(directory) : std::vector<Path>();
    if (!kept.empty()) seen = look(kept.back(), at);
    if (seen.gtid) return binlog::GtidPosition::parse(*seen.gtid);
    std::this_thread::sleep_for(kLookAgain);
  } while (std::chrono::steady_clock::now() < deadline);
  if (seen.end.empty()) {
    fail(Code::kRefused,
         format("{} keeps no log of {}: nothing after the image could be had", relay_directory.string(),
                source.endpoint.text()),
         relay_hint(relay_directory, source));
  }
  fail(Code::kRefused,
       format("the log in {} does not hold {}:{} of {}: it ends at {}", relay_directory.string(), at.file, at.position,
              source.endpoint.text(), seen.end),
       format("See whether it follows: lifeboat relay status --dir {}. {}", relay_directory.string(),
              relay_hint(relay_directory, source)));
}

}  // namespace lifeboat::rescue
