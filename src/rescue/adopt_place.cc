#include "rescue/adopt_place.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "relay/log_scan.h"
#include "rescue/rescue_log.h"

namespace lifeboat::rescue {

namespace {

constexpr std::string_view kSayIt = "It can be booted, and no log can be replayed onto it; --at FILE:POSITION says it.";

/// The GTID position at a place in a file, as the log has it. Nothing if the log has not got the file.
std::optional<binlog::GtidPosition> look_up(const RescueLog& log, const BackupPosition& said) {
  if (said.file.empty()) return std::nullopt;
  const auto files = log.log()->files();
  if (std::ranges::find(files, said.file, &relay::ServedLog::File::name) == files.end()) return std::nullopt;
  const auto at = log.log()->gtid_position_at(said.file, said.position);
  if (!at) {
    fail(Code::kConflict,
         format("the backup was taken at {}:{}, and the log's file ends before", said.file, said.position),
         "The log is cut off there, or of another server.");
  }
  return binlog::GtidPosition::parse(*at);
}

/// Of a server that was once a replica of others, tools tell domains as well of which its own log has nothing.
bool agree(const binlog::GtidPosition& logged, const binlog::GtidPosition& said, const binlog::GtidPosition& log_end) {
  const auto said_too = [&](const binlog::Gtid& gtid) { return said.find(gtid.domain) == gtid; };
  const auto of_others = [&](const binlog::Gtid& gtid) {
    return logged.find(gtid.domain) == gtid || !log_end.find(gtid.domain);
  };
  return std::ranges::all_of(logged.gtids(), said_too) && std::ranges::all_of(said.gtids(), of_others);
}

/// What keeps the log from leading on from there.
std::string judge_coverage(const RescueLog& log, const binlog::GtidPosition& position) {
  if (!log.knows(position)) {
    return format("the log knows nothing of {}, where the backup lies: it is of another server, or ends before",
                  position.format());
  }
  if (!position.reached(log.begin())) {
    return format("the backup lies at {}, and the log begins after {}: what lies between is not there",
                  position.format(), log.begin().format());
  }
  return {};
}

}  // namespace

BackupPosition parse_place(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return {.gtid = binlog::GtidPosition::parse(text).format()};
  BackupPosition place{.file = text.substr(0, colon)};
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + colon + 1, end, place.position);
  if (read.ec != std::errc{} || read.ptr != end || !relay::is_log_file_name(place.file)) {
    fail(Code::kUsage, format("'{}' is no place in a binary log", text),
         "Such as mysql-bin.000042:1234, or a GTID position such as 0-1-42.");
  }
  return place;
}

Placed place_backup(const std::optional<BackupPosition>& said, const Path& incarnation, const std::string& source) {
  if (!said) return {.note = format("where in the log it lies is not known. {}", kSayIt)};
  Placed placed;
  ImagePosition position{.gtid = binlog::GtidPosition::parse(said->gtid),
                         .file = said->file,
                         .position = said->position,
                         .source = source,
                         .taken = now()};
  std::optional<RescueLog> log;
  if (!incarnation.empty()) log.emplace(incarnation);
  const auto logged = log ? look_up(*log, *said) : std::nullopt;
  if (logged && !said->gtid.empty() && !agree(*logged, position.gtid, log->end())) {
    fail(Code::kConflict,
         format("the backup was taken at {}:{} with {}, where the log has {}", said->file, said->position, said->gtid,
                logged->format()),
         "The log is of another server, or from before or after a RESET MASTER: look for the one that is the "
         "backup's. If it is the right one, of a server that was once a replica of others: --at FILE:POSITION.");
  }
  if (logged) position.gtid = *logged;
  if (!logged && said->gtid.empty()) {
    return {.note = format("it says that it was taken at {}:{}, and which transactions that is, no log here tells. {}",
                           said->file, said->position, kSayIt)};
  }
  if (log) placed.note = judge_coverage(*log, position.gtid);
  if (log && position.source.empty() && log->knows(position.gtid)) position.source = log->source();
  placed.position = std::move(position);
  return placed;
}

}  // namespace lifeboat::rescue
