#include "rescue/drill_log.h"

#include <thread>

#include "base/cancel.h"
#include "base/error.h"
#include "rescue/history_identity.h"
#include "rescue/log_choice.h"
#include "rescue/vault_log.h"

namespace lifeboat::rescue {
namespace {

/// Of an image that does not say where it lies: so much older may be what it needs of the log.
constexpr std::chrono::hours kBeforeImage{1};
constexpr std::chrono::milliseconds kLookAtRelayEvery{50};
constexpr std::chrono::milliseconds kLookAtVaultEvery{2'000};

}  // namespace

std::uint64_t DrillLog::bring(const Path& directory, const vault::ImageInfo& image, ProgressStyle style) {
  if (relay_directory_) {
    incarnation_ = choose_incarnation(*relay_directory_, source_.empty() ? "" : log_name_of(source_), "");
    return 0;
  }
  const auto position = position_of(image);
  std::string name = source_;
  if (name.empty() && position) name = position->source;
  bring_again_ = [this, directory, name, position, time = image.time, style] {
    Progress progress(style, "log from the vault", 0);
    incarnation_ = bring_vault_log(vault_, directory,
                                   {.source = name.empty() ? "" : log_name_of(name),
                                    .from = position ? std::optional(position->gtid) : std::nullopt,
                                    .from_time = time - kBeforeImage,
                                    .progress = &progress});
  };
  bring_again_();
  std::uint64_t bytes = 0;
  for (const relay::ServedLog::File& file : relay::LogDirectory(incarnation_).files()) {
    bytes += std::filesystem::file_size(file.path);
  }
  return bytes;
}

std::optional<std::string> DrillLog::look(const relay::LogPosition& at) const {
  return relay::LogDirectory(incarnation_).gtid_position_at(at.file, at.position);
}

binlog::GtidPosition DrillLog::await(const relay::LogPosition& at, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    throw_if_cancelled();
    if (const auto gtid = look(at)) return binlog::GtidPosition::parse(*gtid);
    if (std::chrono::steady_clock::now() > deadline) break;
    std::this_thread::sleep_for(is_from_vault() ? kLookAtVaultEvery : kLookAtRelayEvery);
    if (is_from_vault()) bring_again_();
  }
  const auto end = relay::LogDirectory(incarnation_).end();
  fail(Code::kRefused,
       format("the log has not come to {}:{} of the source in {}: it ends at {}", at.file, at.position,
              format_duration(patience), end ? format("{}:{}", end->file, end->position) : "nowhere"),
       "See whether it follows: lifeboat relay status");
}

}  // namespace lifeboat::rescue
