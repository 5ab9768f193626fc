#include "relay/follower.h"

#include <sys/stat.h>

#include "base/error.h"
#include "base/log.h"
#include "binlog/control_events.h"
#include "relay/event_on_wire.h"
#include "relay/flush_rhythm.h"
#include "relay/sql_error.h"

namespace lifeboat::relay {

using binlog::EventType;

namespace {

/// A source that says nothing for so long, not even by heartbeats, is gone.
constexpr std::chrono::milliseconds kSilence{10'000};
constexpr std::chrono::milliseconds kHeartbeat{2'000};
/// With less the relay does not connect: a source that it re-arms and then leaves waiting pays a time-out each time.
constexpr std::uint64_t kRoomMin = std::uint64_t{16} << 20U;

SystemTime last_write(const Path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return now();
  return from_unix_ms(std::int64_t{status.st_mtim.tv_sec} * 1000);
}

}  // namespace

Follower::Follower(FollowOptions options, OnIncarnation on_incarnation)
    : options_(std::move(options)),
      on_incarnation_(std::move(on_incarnation)),
      source_log_(options_.directory),
      exposure_(options_.directory / "exposure.json") {
  if (options_.server_id == 0) options_.server_id = source_log_.server_id();
  options_.login.limits.read = kSilence;
  status_.source = options_.login.address.text();
  load_exposure();
  start_file_ = options_.start_file;
  open_incarnation(source_log_.open_newest());
  watch_.emplace(options_.login, cancel_,
                 SourceWatch::Callbacks{.wanted = [this] { return status().state == "following"; },
                                        .told = [this](const SourceFacts& facts) { note_facts(facts); }});
  thread_ = std::thread([this] { run(); });
}

Follower::~Follower() {
  cancel_.cancel();
  thread_.join();
}

FollowStatus Follower::status() const {
  const std::scoped_lock lock(mutex_);
  return status_;
}

void Follower::open_incarnation(const std::shared_ptr<LogDirectory>& log) {
  const auto kept = log->end();
  // Before the writer cuts what follows the last whole group.
  const SystemTime since = kept ? last_write(log->file_path(kept->file)) : now();
  writer_ = std::make_unique<LogWriter>(*log, [this](const LogWriter::Durable& durable) { on_durable(durable); });
  log_ = log;  // the writer before borrowed the log before
  announced_ = false;
  update([&](FollowStatus& status) {
    status.incarnation = log_->path().filename().string();
    const auto end = log_->end();
    status.file = end ? end->file : "";
    status.position = end ? end->position : 0;
    status.gtid = log_->state().position().format();
    // Whatever was committed since the last that was kept did not wait for us.
    open_span(status, since, "the relay was not following");
  });
  announce();
}

void Follower::announce() {
  if (announced_) return;
  const std::vector<std::string> alarms = on_incarnation_(log_);
  announced_ = true;
  update([&](FollowStatus& status) {
    for (const std::string& each : alarms) add_alarm(status, each);
  });
  keep_exposure();
}

void Follower::run() noexcept {
  while (!cancel_.cancelled()) {
    try {
      announce();
      writer_->recover();  // nothing is asked for before it is certain what is kept
      follow_once();
    } catch (...) {
      note_disconnected(current_error());
    }
    if (cancel_.wait_for(options_.retry)) break;
  }
  update([](FollowStatus& status) { status.state = "stopped"; });
  keep_exposure();
}

void Follower::follow_once() {
  if (free_space(options_.directory) < kRoomMin) {
    fail(Code::kOutOfSpace, format("{}: less than {} free", options_.directory.string(), format_size(kRoomMin)));
  }
  update([](FollowStatus& status) { status.state = "connecting"; });
  SourceConnection source(options_.login, cancel_);
  auto end = writer_->end();
  if (end && judge(source, *end) == Resume::kAnother) {
    begin_incarnation(format("the log of {} does not continue {} at {}", source.peer(), end->file, end->position));
    end.reset();
  }
  if (std::exchange(silent_, false)) {
    if (const auto why = ask_for_refusal()) {
      options_.server_id = random_server_id();
      if (take_refusal(source, *why)) return;
    }
  }
  if (!end) end = LogPosition{.file = start_file_};
  const bool elsewhere = !next_file_.empty();
  if (elsewhere) end = LogPosition{.file = std::exchange(next_file_, "")};
  SourceDump dump(source, {.file = end->file,
                           .position = end->position,
                           .server_id = options_.server_id,
                           .gtid_position = {},
                           .heartbeat = kHeartbeat});
  update([&](FollowStatus& status) {
    status.state = "following";
    status.problem.clear();
    status.hint.clear();
    status.server_version = source.server_version();
    ++status.connects;
  });
  log::info("{}: following from {} at {}{}", source.peer(), end->file.empty() ? "its oldest file" : end->file,
            end->position, dump.semi_sync() ? ", semi-sync" : "");
  try {
    receive(source, dump);
  } catch (const ServerRefusal& e) {
    if (e.number() != kFatalReadingLog || elsewhere || !take_refusal(source, e.error().message)) throw;
  } catch (const Exception& e) {
    silent_ = e.code() == Code::kTimeout && !heard_ && !elsewhere;
    throw;
  }
}

void Follower::receive(SourceConnection& source, SourceDump& dump) {
  {
    const std::scoped_lock lock(ack_mutex_);
    dump_ = &dump;
  }
  // Whatever ends this, nothing is acknowledged on a connection that is gone.
  const std::shared_ptr<void> detach(nullptr, [this](void*) {
    const std::scoped_lock lock(ack_mutex_);
    dump_ = nullptr;
  });
  skipping_event_ = false;
  heard_ = false;
  update([&](FollowStatus& status) { status.semi_sync = dump.semi_sync(); });
  FlushRhythm rhythm(FlushRhythm::Clock::now());
  for (;;) {
    const auto piece = dump.next();
    if (!piece) fail(Code::kUnavailable, format("{}: ended the stream of events", source.peer()));
    take(*piece);
    const FlushRhythm::Piece came{
        .bytes = piece->bytes.size(), .first = piece->first, .last = piece->last, .more_at_hand = dump.buffered()};
    if (rhythm.due(came, FlushRhythm::Clock::now()) && writer_->progress() != nullptr) writer_->flush();
  }
}

void Follower::take(const SourceDump::Piece& piece) {
  if (!piece.first) {
    if (!skipping_event_) writer_->more_of_event(piece.bytes);
  } else {
    const binlog::EventHeader header = binlog::decode_header(piece.bytes);
    const bool heartbeat = is_heartbeat(header);
    skipping_event_ = is_of_no_file(header);
    heard_ = heard_ || heartbeat || !skipping_event_;
    if (!skipping_event_) {
      if (writer_->progress() == nullptr) fail(Code::kCorruption, "an event came before the name of its file");
      writer_->begin_event(piece.bytes);
    } else {
      if (!piece.last) fail(Code::kCorruption, "an artificial event that is larger than any server makes");
      const binlog::Event event = split_artificial(piece.bytes);
      heartbeat ? note_heartbeat(event) : check_artificial(event);
    }
  }
  if (!piece.last) return;
  update([&](FollowStatus& status) {
    status.last_heard = now();
    status.bytes += piece.bytes.size();
  });
  if (skipping_event_) return;
  if (!writer_->progress()->between_events()) fail(Code::kCorruption, "an event is shorter than it says");
  if (piece.ack_wanted) writer_->want_ack();
  if (writer_->progress()->group_ended()) note_group(piece.ack_wanted);
}

void Follower::check_artificial(const binlog::Event& event) {
  if (event.header.type == EventType::kRotate) {
    enter_file(event);
    return;
  }
  const FileProgress* progress = writer_->progress();
  if (event.header.type != EventType::kFormatDescription || progress == nullptr || !progress->has_format()) return;
  if (identity_of(event) != *progress->identity()) {
    begin_incarnation(format("{} is another file than the one kept under this name", progress->file()));
    fail(Code::kConflict, "the source's log is another than the one kept", "The relay starts a new incarnation of it.");
  }
}

/// The events that follow are from this file.
void Follower::enter_file(const binlog::Event& event) {
  const binlog::Rotate rotate = binlog::decode_rotate(event);
  if (!is_log_file_name(rotate.file)) {
    fail(Code::kCorruption, format("the source names a log file \"{}\"", rotate.file.substr(0, 100)));
  }
  const auto end = writer_->end();
  if (end && end->file == rotate.file) {
    if (rotate.position != end->position) {
      fail(Code::kCorruption,
           format("{}: the source goes on at {}, not at {}", rotate.file, rotate.position, end->position));
    }
    return;
  }
  if (rotate.position != binlog::kFirstEvent)
    fail(Code::kCorruption, format("{}: the source begins at {}", rotate.file, rotate.position));
  writer_->begin_file(rotate.file);
}

void Follower::on_durable(const LogWriter::Durable& durable) {
  bool sent = false;
  if (durable.ack) {
    const std::scoped_lock lock(ack_mutex_);
    if (dump_ != nullptr) {
      dump_->acknowledge(durable.ack->file, durable.ack->position);
      sent = true;
    }
  }
  const std::string gtid = log_->state().position().format();
  update([&](FollowStatus& status) {
    status.file = durable.end.file;
    status.position = durable.end.position;
    status.gtid = gtid;
    if (sent) ++status.acknowledged;
    if (durable.group_time != 0) status.last_group_time = from_unix_ms(std::int64_t{durable.group_time} * 1000);
  });
}

}  // namespace lifeboat::relay
