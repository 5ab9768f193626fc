#include "rescue/log_choice.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "base/error.h"
#include "relay/log_directory.h"
#include "relay/relay.h"
#include "relay/source_log.h"
#include "relay/succession.h"
#include "rescue/history_identity.h"

namespace lifeboat::rescue {
namespace {

/// A relay is at most this far behind with one of two servers that it follows, if it follows both.
constexpr std::chrono::seconds kCatchUpPatience{3};
constexpr std::chrono::milliseconds kLookAgainEvery{50};

struct KeptLog {
  std::string source;
  Path incarnation;
  binlog::GtidState state;
};

std::vector<KeptLog> kept_logs(const Path& relay_directory, const std::string& source, const std::string& incarnation) {
  const relay::Succession succession = relay::read_succession(relay_directory);
  std::vector<KeptLog> logs;
  for (const Path& directory : relay::list_source_directories(relay_directory)) {
    const std::string name = directory.filename().string();
    if (source.empty() ? succession.find_retired(name) != nullptr : name != source) continue;
    std::vector<Path> incarnations = relay::list_incarnations(directory);
    std::erase_if(incarnations,
                  [&](const Path& path) { return !incarnation.empty() && path.filename() != incarnation; });
    if (incarnations.empty()) continue;
    logs.push_back({.source = name,
                    .incarnation = incarnations.back(),
                    .state = relay::LogDirectory(incarnations.back()).state()});
  }
  return logs;
}

/// By numbers, which two servers with the same server_id may give to different transactions.
bool holds_all_of(const relay::LogDirectory& log, const KeptLog& other) {
  const binlog::GtidState state = log.state();
  return share_numbers(log, relay::LogDirectory(other.incarnation)) &&
         std::ranges::all_of(other.state.position().gtids(),
                             [&](const binlog::Gtid& gtid) { return state.covers(gtid); });
}

/// One that holds by now what each of them held when they were listed. Two of a ring that is written to are never read
/// in the same moment: compared as they were read, either may lack the other's last transactions.
const KeptLog* find_whole(const std::vector<KeptLog>& logs) {
  const auto whole = std::ranges::find_if(logs, [&](const KeptLog& log) {
    const relay::LogDirectory by_now(log.incarnation);
    return std::ranges::all_of(logs, [&](const KeptLog& other) { return holds_all_of(by_now, other); });
  });
  return whole == logs.end() ? nullptr : &*whole;
}

}  // namespace

Path choose_incarnation(const Path& relay_directory, const std::string& source, const std::string& incarnation) {
  const std::vector<KeptLog> logs = kept_logs(relay_directory, source, incarnation);
  if (logs.empty()) {
    fail(Code::kNotFound, format("{}: no such log is kept there", relay_directory.string()),
         format("See which there are: lifeboat log ls --dir {}", relay_directory.string()));
  }
  const auto deadline = std::chrono::steady_clock::now() + kCatchUpPatience;
  const KeptLog* whole = logs.size() == 1 ? &logs.front() : find_whole(logs);
  while (whole == nullptr && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kLookAgainEvery);
    whole = find_whole(logs);
  }
  if (whole != nullptr) return whole->incarnation;
  std::vector<std::string> names;
  for (const KeptLog& log : logs) names.push_back(log.source);
  fail(Code::kUsage,
       lifeboat::format("no one of the logs of {} holds what the others do: they have histories of their own",
                        fmt::join(names, ", ")),
       format("Choose whose is to be rescued: lifeboat rescue --source {}", logs.front().source));
}

bool log_has_all_of(const Path& relay_directory, const std::string& source, const std::string& other,
                    std::chrono::milliseconds patience) {
  const std::vector<KeptLog> others = kept_logs(relay_directory, other, {});
  const std::vector<KeptLog> logs = kept_logs(relay_directory, source, {});
  if (logs.empty() || others.empty() || others.front().state.position().gtids().empty()) return false;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!holds_all_of(relay::LogDirectory(logs.front().incarnation), others.front())) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kLookAgainEvery);
  }
  return true;
}

}  // namespace lifeboat::rescue
