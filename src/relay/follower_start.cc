// The part of Follower that finds out where the source goes on, when it does not go on where we are.

#include "base/error.h"
#include "base/log.h"
#include "binlog/control_events.h"
#include "relay/event_on_wire.h"
#include "relay/follower.h"
#include "relay/sql_error.h"

namespace lifeboat::relay {

/// Why the source cannot read on from where we are; nothing if it can. A semi-sync replica may not be told: MariaDB
/// (10.11.19) ends its stream, and waits for another semi-sync replica before it says a word, while whoever comes under
/// the same server id waits for that. So who asks, and who comes after, is known to the source as another server.
std::optional<std::string> Follower::ask_for_refusal() {
  const auto ours = writer_->end();
  if (!ours) return std::nullopt;
  SourceConnection probe(options_.login, cancel_);
  SourceDump dump(probe, {.file = ours->file,
                          .position = ours->position,
                          .server_id = random_server_id(),
                          .gtid_position = {},
                          .semi_sync = false});
  try {
    for (;;) {
      const auto piece = dump.next();
      if (!piece || !piece->last) return std::nullopt;
      const binlog::EventHeader header = binlog::decode_header(piece->bytes);
      if (is_heartbeat(header) || !is_of_no_file(header)) return std::nullopt;
    }
  } catch (const ServerRefusal& e) {
    if (e.number() != kFatalReadingLog) throw;
    return e.error().message;
  }
}

/// The source cannot read on from where we are. True: something is to be done about it, and is from now on.
bool Follower::take_refusal(const SourceConnection& source, const std::string& why) {
  const auto ours = writer_->end();
  if (!ours) return start_with_oldest(source, why);
  if (ours->position <= binlog::kFirstEvent) {
    // Of a file of ours that holds nothing yet nothing else tells whether the source has it.
    begin_incarnation(format("{} has no {}, or not from its beginning: {}", source.peer(), ours->file, why));
    return true;
  }
  next_file_ = find_next_file();
  if (next_file_.empty()) return false;
  log::warn("{}: cannot read {} beyond {}, and has all that follows in {}: {}", source.peer(), ours->file,
            ours->position, next_file_, why);
  return true;
}

/// Of the file that it named a while ago, and has purged since. One that people named is theirs to mend.
bool Follower::start_with_oldest(const SourceConnection& source, const std::string& why) {
  if (start_file_.empty() || start_file_ == options_.start_file) return false;
  log::warn("{} has no {} any more, and is followed from its oldest file: {}", source.peer(), start_file_, why);
  update([&](FollowStatus& status) {
    add_alarm(status,
              format("gap: the source no longer has {}, with which the log was to go on: {}", start_file_, why));
  });
  start_file_.clear();
  return true;
}

/// Whether the source has the very file that we have, with the same history up to where we are. Only its answer says
/// so: a source that has no connection left or shuts down refuses, too, and has lost nothing.
Follower::Resume Follower::judge(SourceConnection& source, const LogPosition& end) const {
  if (!source.is_mariadb() || end.position <= binlog::kFirstEvent) return Resume::kContinues;
  if (source.value("SELECT @@global.log_bin") == "0") {
    fail(Code::kRefused, format("{}: its binary log is off", source.peer()), "Set log_bin on the source.");
  }
  const auto theirs = source.value(format("SELECT BINLOG_GTID_POS({}, {})", quote_sql(end.file), end.position));
  if (!theirs) return Resume::kAnother;
  const auto position = binlog::GtidPosition::parse(*theirs);
  return position == log_->state().position() ? Resume::kContinues : Resume::kAnother;
}

void Follower::begin_incarnation(const std::string& why) {
  const binlog::GtidState kept = log_->state();
  start_file_ = find_start_file(kept);
  next_file_.clear();
  const std::string gtid = kept.position().format();
  log::warn("{}; a new incarnation begins with {}", why, start_file_.empty() ? "its oldest file" : start_file_);
  const std::shared_ptr<LogDirectory> log = source_log_.begin(why, gtid);
  update([&](FollowStatus& status) { add_alarm(status, format("{}: a new incarnation began after {}", why, gtid)); });
  open_incarnation(log);
}

/// A source that was killed while it wrote may leave a file that ends inside an event, which it serves to nobody: it
/// goes on in another, and knows so by GTID alone. Empty: it does not say that all that follows ours is there.
std::string Follower::find_next_file() {
  const FileProgress& ours = *writer_->progress();
  try {
    const std::string file = ask_start_file(ours.boundary().state);
    return is_log_file_name(file) && log_file_number(file) > log_file_number(ours.file()) ? file : "";
  } catch (const ServerRefusal& e) {
    if (e.number() != kFatalReadingLog) throw;
    return "";
  }
}

std::string Follower::ask_start_file(const binlog::GtidState& kept) {
  if (kept.empty()) return "";
  SourceConnection probe(options_.login, cancel_);
  SourceDump dump(probe,
                  {.server_id = random_server_id(), .gtid_position = kept.position().format(), .semi_sync = false});
  const auto piece = dump.next();
  if (!piece || !piece->last) return "";
  const binlog::Event event = split_artificial(piece->bytes);
  if (event.header.type != binlog::EventType::kRotate) return "";
  return binlog::decode_rotate(event).file;
}

/// The file in which the source continues a GTID position; empty if it knows none, which is a gap unless its oldest
/// file says otherwise.
std::string Follower::find_start_file(const binlog::GtidState& kept) {
  try {
    return ask_start_file(kept);
  } catch (const ServerRefusal& e) {
    if (e.number() != kFatalReadingLog) throw;
    update([&](FollowStatus& status) {
      add_alarm(status, format("gap: the source no longer has what follows {}: {}", kept.position().format(),
                               e.error().message));
    });
    return "";
  }
}

}  // namespace lifeboat::relay
