#include "rescue/history_identity.h"

#include <algorithm>

#include "base/error.h"
#include "relay/relay.h"
#include "relay/source_log.h"
#include "relay/succession.h"

namespace lifeboat::rescue {
namespace {

constexpr std::string_view kRestart = "of another server, or from before a RESET MASTER";

std::optional<relay::FileIdentity> identity_at(const Path& file) {
  const auto head = relay::read_log_head(file);
  return head ? std::optional(head->identity) : std::nullopt;
}

std::string text_of_time(std::uint32_t seconds) {
  return format_time(from_unix_ms(std::int64_t{seconds} * 1000));
}

}  // namespace

std::string log_name_of(const std::string& source) {
  try {
    return relay::source_name(net::Endpoint::parse(source));
  } catch (const Exception&) {
    return source;
  }
}

bool share_numbers(const relay::LogDirectory& one, const relay::LogDirectory& other) {
  if (one.path() == other.path()) return true;
  const auto first = one.source();
  const auto second = other.source();
  if (!first || !second || first->server_id != second->server_id) return true;
  const auto files = one.files();
  const auto of_other = other.files();
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    const auto twin = std::ranges::find(of_other, file->name, &relay::ServedLog::File::name);
    if (twin != of_other.end()) return identity_at(file->path) == identity_at(twin->path);
  }
  return false;
}

const std::string& HistoryIdentity::another_source(const std::string& source) {
  const auto known = sources_.find(source);
  return known != sources_.end() ? known->second : sources_.emplace(source, judge_source(source)).first->second;
}

std::string HistoryIdentity::judge_source(const std::string& source) const {
  const std::string name = log_name_of(source);
  if (source.empty() || name == log_.source()) return {};
  const Path relay = log_.path().parent_path().parent_path();
  const relay::Succession succession = relay::read_succession(relay);
  const relay::Retired* retired = succession.find_retired(name);
  if (retired != nullptr && !retired->moved && succession.find_retired(log_.source()) == nullptr) {
    return format("it is of {}, in whose place another server is since {}: it may have what that was rescued from",
                  source, retired->by);
  }
  const Path kept = relay / name;
  const auto logs = std::filesystem::is_directory(kept) ? relay::list_incarnations(kept) : std::vector<Path>();
  if (!logs.empty() && share_numbers(*log_.log(), relay::LogDirectory(logs.back()))) return {};
  return format("it is of {}, and this log of {}", source, log_.source());
}

std::string HistoryIdentity::later(const binlog::GtidPosition& position, SystemTime time) {
  for (const binlog::Gtid& gtid : position.gtids()) {
    const auto logged = log_.time_of(gtid);
    if (!logged || *logged <= time + kClockDoubt) continue;
    return format("it says of {} that it had {}, which this log has from {}: it is {}, or a clock was wrong",
                  format_time(time), format_gtid(gtid), format_time(*logged), kRestart);
  }
  return {};
}

std::string HistoryIdentity::another_place(const ImagePosition& position) const {
  if (position.source.empty() || log_name_of(position.source) != log_.source()) return {};
  const auto files = log_.log()->files();
  if (std::ranges::find(files, position.file, &relay::ServedLog::File::name) == files.end()) return {};
  const auto place = format("{}:{}", position.file, position.position);
  const binlog::GtidPosition here = log_.moment(place);
  for (const binlog::Gtid& gtid : here.gtids()) {
    if (position.gtid.find(gtid.domain) == gtid) continue;
    return format("it was taken at {} with {}, where this log has {}: it is {}", place, position.gtid.format(),
                  here.format(), kRestart);
  }
  return {};
}

std::string other_files(const RescueLog& log, const Path& data_directory, SystemTime time) {
  for (const relay::ServedLog::File& file : log.log()->files()) {
    const Path path = data_directory / file.name;
    if (!std::filesystem::exists(path)) continue;
    const auto theirs = identity_at(path);
    const auto ours = identity_at(file.path);
    if (!theirs || !ours || theirs->server_id != ours->server_id || theirs == ours) continue;
    if (from_unix_ms(std::int64_t{theirs->made_at} * 1000) > time) continue;  // since it was booted
    return format("its {} was begun {}, and that of this log {}: it is {}", file.name, text_of_time(theirs->made_at),
                  text_of_time(ours->made_at), kRestart);
  }
  return {};
}

}  // namespace lifeboat::rescue
