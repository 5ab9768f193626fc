#include "relay/dump.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/log.h"
#include "base/units.h"
#include "binlog/format_description.h"
#include "relay/log_scan.h"
#include "relay/sql_error.h"

namespace lifeboat::relay {
namespace {

using binlog::Checksum;
using binlog::Event;
using binlog::EventType;
using binlog::Gtid;
using binlog::GtidList;
using binlog::kFirstEvent;
using binlog::Place;

constexpr std::chrono::milliseconds kGlance{200};  ///< how soon a cut connection or a changed rule is seen
constexpr std::chrono::seconds kRulesAge{1};
constexpr int kCapabilityGtid = 4;
constexpr std::uint8_t kSemiSyncMark = 0xef;
constexpr std::size_t kReplicaPacketMax = 4096;
constexpr std::string_view kFromVault = "the vault, for older log";

Event as_event(const EventFileReader::Item& item, Checksum checksum) {
  if (item.whole()) return split_event(item.bytes, checksum);
  return {.header = item.header,
          .whole = item.bytes,
          .body = item.bytes.subspan(binlog::kEventHeaderSize),
          .checksum = checksum};
}

std::vector<std::optional<std::vector<Gtid>>> heads_of(const std::vector<ServedLog::File>& files) {
  std::vector<std::optional<std::vector<Gtid>>> heads;
  for (const ServedLog::File& each : files) heads.push_back(each.head);
  return heads;
}

bool lists_file(const std::vector<ServedLog::File>& files, const std::string& name) {
  return std::ranges::find(files, name, &ServedLog::File::name) != files.end();
}

/// Whether `name` is the file that follows `newest`: a replica may know of it before the relay has its beginning.
bool follows(const std::string& name, const std::string& newest) {
  return is_log_file_name(name) && name.substr(0, name.rfind('.')) == newest.substr(0, newest.rfind('.')) &&
         log_file_number(name) == log_file_number(newest) + 1;
}

[[noreturn]] void refuse_position(const std::string& file, std::uint64_t position, std::uint64_t end) {
  fail_reading_log(
      format("Client requested master to start replication from impossible position; the first event "
             "'{}' at {}, the last byte kept of it at {}",
             file, position, end));
}

Checksum checksum_at_connect(const ReplicaWishes& wishes) {
  return wishes.checksum == "CRC32" ? Checksum::kCrc32 : Checksum::kNone;
}

}  // namespace

Dump::Dump(DumpParts parts, ReplicaName replica, ReplicaWishes wishes, BinlogDump request)
    : parts_(parts),
      replica_(std::move(replica)),
      wishes_(std::move(wishes)),
      request_(std::move(request)),
      checksum_(checksum_at_connect(wishes_)),
      last_sent_(Clock::now()) {
  if (wishes_.capability < kCapabilityGtid) {
    fail_reading_log("the relay serves replicas that know GTIDs (MariaDB 10.0.2 and newer)");
  }
}

void Dump::run() {
  try {
    serve();
  } catch (const Exception& e) {
    if (e.code() != Code::kCorruption || replica_is_wrong_) throw;
    // Cut off, the replica would come again for ever.
    log::error("{}: {}", file_, e.error().text());
    fail_reading_log(format("the relay's log is damaged: {}", e.error().message));
  }
}

void Dump::serve() {
  if (parts_.log.files().empty()) fail_reading_log("the relay has no log yet: it has not reached its source");
  std::string name = choose_start();
  for (;;) {
    open_file(name);
    send_format_description();
    if (!serve_file()) break;
    start_position_ = kFirstEvent;
    name = next_file();
  }
  publish("");
}

std::string Dump::choose_start() {
  if (wishes_.connect_state) return choose_by_gtid();
  const std::string& name = request_.file;
  if (!name.empty() && !lists_file(parts_.log.files(), name) && !lists_file(parts_.log.all_files(), name)) {
    const std::string newest = parts_.log.files().back().name;
    if (follows(name, newest)) {
      fail_reading_log_now(format("the relay has no {} yet: the newest that came from its source is {}", name, newest));
    }
    fail_reading_log("Could not find first log file name in binary log index file");
  }
  if (request_.position < kFirstEvent) refuse_position(name, request_.position, 0);
  start_position_ = request_.position;
  return name.empty() ? parts_.log.all_files().front().name : name;
}

/// What is on the disk will do for most.
std::string Dump::choose_by_gtid() {
  selection_.emplace(wishes_, parts_.log.state());
  std::vector<ServedLog::File> files = parts_.log.files();
  if (const auto found = selection_->find_file(heads_of(files))) return files[*found].name;
  files = parts_.log.all_files();
  return files[selection_->choose_file(heads_of(files))].name;
}

/// A closed file has a successor; of one that was brought, it may have been brought, too.
std::string Dump::next_file() {
  const auto after = [this](const std::vector<ServedLog::File>& files) {
    const auto found = std::ranges::find(files, file_, &ServedLog::File::name);
    return found == files.end() || std::next(found) == files.end() ? std::string() : std::next(found)->name;
  };
  std::string next = after(parts_.log.files());
  if (next.empty()) next = after(parts_.log.all_files());
  if (next.empty()) fail_reading_log(format("the relay has nothing that follows {}", file_));
  return next;
}

void Dump::open_file(const std::string& name) {
  file_ = name;
  sent_.file = name;
  sent_.position = start_position_;
  hold_ = parts_.log.hold(name);
  if (hold_ == nullptr) fail_reading_log(format("{} is not kept any more", name));
  reader_ = std::make_unique<EventFileReader>(hold_->path, kFirstEvent);
  groups_.reset();
  leaving_out_ = false;
  check_start();
  send_made(make_fake_rotate(made(), {.position = start_position_, .file = file_}));
  await_start();
}

void Dump::check_start() {
  const ServedLog::End end = parts_.log.end_of(file_);
  if (!end.coming && start_position_ > std::max(end.readable, kFirstEvent)) {
    refuse_position(file_, start_position_, end.readable);
  }
}

/// A file that is brought from elsewhere is served as soon as its beginning is there.
void Dump::await_start() {
  const std::uint64_t wanted = std::max(start_position_, kFirstEvent + 1);
  for (ServedLog::End end = parts_.log.end_of(file_); end.coming && end.readable < wanted;
       end = parts_.log.end_of(file_)) {
    pause(std::string(kFromVault), std::chrono::milliseconds(0));
    parts_.log.wait_beyond(file_, end.readable, kGlance);
  }
  check_start();
}

void Dump::send_format_description() {
  const auto item = reader_->next(parts_.log.end_of(file_).readable);
  if (!item || item->header.type != EventType::kFormatDescription || !item->whole()) {
    fail_reading_log(format("Failed to find format descriptor event in start of binlog {}", file_));
  }
  const Event event = split_event(item->bytes, Checksum::kCrc32);
  checksum_ = decode_format_description(event).checksum;
  if (checksum_ != Checksum::kNone && !wishes_.checksum) {
    fail_reading_log("Slave can not handle replication events with the checksum that master is configured to log");
  }
  groups_.next(event);
  const bool resumes = start_position_ != kFirstEvent;
  send_made(edit_format_description(
      event, {.zero_created = resumes || (selection_ && !selection_->reached_start()), .zero_position = resumes}));
  if (resumes) {
    reader_->seek(start_position_);
  } else {
    sent_.position = item->end;
  }
}

bool Dump::serve_file() {
  for (;;) {
    const ServedLog::End end = parts_.log.end_of(file_);
    for (;;) {
      if (selection_ && selection_->until_reached() && !groups_.inside()) {
        send_gtid_list({.flags = GtidList::kUntilReached, .gtids = selection_->seen().list()});
        parts_.channel.writer().flush();
        return false;
      }
      const auto item = reader_->next(end.readable);
      if (!item) break;
      serve(*item, end.readable);
      if (over_) {
        parts_.channel.writer().flush();
        return false;
      }
    }
    if (end.closed) return true;
    parts_.channel.writer().flush();
    if (!end.coming && !waits_at_end()) return false;
    publish(end.coming ? std::string(kFromVault) : "");
    rules();  // so that a rule written while nothing comes is in force when something does
    parts_.log.wait_beyond(file_, reader_->position(), kGlance);
    keep_alive();
    listen_to_replica();
  }
}

void Dump::serve(const Item& item, std::uint64_t readable) {
  const Event event = as_event(item, checksum_);
  const Place place = groups_.next(event);
  if (item.header.type == EventType::kGtidList) {
    passed_ = binlog::GtidState::from_list(decode_gtid_list(event).gtids);
    if (selection_) selection_->enter_file(*passed_);
  }
  if (place == Place::kBegins || place == Place::kWhole) admit(item.begin);
  if (over_) return;
  const bool ends = place == Place::kEnds || place == Place::kWhole;
  if (wanted(item, place)) send(item, wishes_.semi_sync && ends && item.end == readable);
  sent_.position = item.end;
  if (ends) finish_group();
}

void Dump::admit(std::uint64_t begin) {
  leaving_out_ = false;
  tell_as_ignored_.reset();
  const binlog::Group& group = groups_.group();
  const bool completes_skipped = skipped_xa_.take(group);
  if (selection_ && group.gtid && !selection_->next(*group.gtid)) {
    leaving_out_ = true;
    if (SkippedXa::prepares(group) && was_left_out(begin)) skipped_xa_.note(group);
    return;
  }
  const bool goes = may_go(begin, completes_skipped);
  sent_.waiting_for.clear();
  if (goes || over_) return;
  leaving_out_ = true;
  skipped_xa_.note(group);
  if (group.gtid) tell_as_ignored_ = group.gtid->gtid;
}

bool Dump::may_go(std::uint64_t begin, bool completes_skipped) {
  const GroupPlace place = place_of_group(begin);
  for (;;) {
    if (is_behind_stop(begin)) {
      over_ = !waits_at_end();
      if (over_) return false;
      pause("stop-after", kGlance);
      continue;
    }
    GateAnswer answer = ask_rules(completes_skipped);
    const bool by_guard = answer.verdict == Verdict::kPass;
    if (by_guard) answer = parts_.gate.answer(place, replica_);
    if (answer.verdict == Verdict::kPass || answer.verdict == Verdict::kSkip) return answer.verdict == Verdict::kPass;
    const bool held = answer.verdict == Verdict::kHold;
    if (held && by_guard && !waits_at_end()) fail_reading_log(answer.reason);
    pause(answer.reason, held ? kGlance : std::chrono::milliseconds(0));
  }
}

bool Dump::is_behind_stop(std::uint64_t begin) {
  const std::optional<Gtid> last = rules().stop_after;
  if (!last) return false;
  const auto& gtid = groups_.group().gtid;
  const bool jumps = gtid && gtid->gtid.domain == last->domain && gtid->gtid.server == last->server &&
                     gtid->gtid.sequence > last->sequence;
  return jumps || state_before(begin).covers(*last);
}

/// A replica that starts inside a file by its position has not been told it by the stream.
const binlog::GtidState& Dump::state_before(std::uint64_t begin) {
  if (!passed_) {
    const LogScan scan = scan_log_file(hold_->path, {}, nullptr, begin);
    if (!scan.why_stopped.empty()) fail(Code::kCorruption, scan.why_stopped);
    passed_ = scan.progress.boundary().state;
  }
  return *passed_;
}

GateAnswer Dump::ask_rules(bool completes_skipped) {
  const ReplicaRules& rules = this->rules();
  if (rules.hold) return {.verdict = Verdict::kHold, .reason = "rule"};
  const binlog::Group& group = groups_.group();
  const auto due = from_unix_ms(std::int64_t{group.timestamp} * 1000) + rules.delay;
  if (rules.delay.count() > 0 && due > now()) return {.verdict = Verdict::kHold, .reason = "delay"};
  const bool skipped = completes_skipped || (group.gtid && rules.skip.contains(group.gtid->gtid));
  return {.verdict = skipped ? Verdict::kSkip : Verdict::kPass, .reason = {}};
}

bool Dump::was_left_out(std::uint64_t begin) {
  return rules().skip.contains(groups_.group().gtid->gtid) || parts_.gate.left_out(place_of_group(begin), replica_);
}

GroupPlace Dump::place_of_group(std::uint64_t begin) const {
  const binlog::Group& group = groups_.group();
  return {.file = file_, .position = begin, .gtid = gtid_text(group), .time = group.timestamp};
}

bool Dump::waits_at_end() const {
  return (request_.flags & BinlogDump::kNonBlock) == 0 && request_.server_id != 0;
}

bool Dump::wanted(const Item& item, Place place) const {
  if (place != Place::kOutside && leaving_out_) return false;
  if (item.header.type == EventType::kAnnotateRows) {
    return (request_.flags & BinlogDump::kSendAnnotateRows) != 0;
  }
  return !(wishes_.skip_replication && item.header.has(binlog::kFlagSkipReplication));
}

void Dump::finish_group() {
  if (tell_as_ignored_) {
    ++sent_.groups_skipped;
    send_gtid_list({.flags = GtidList::kIgnoreGtids, .gtids = {*tell_as_ignored_}});
    tell_as_ignored_.reset();
  } else if (!leaving_out_) {
    ++sent_.groups_sent;
  }
  if (selection_ && selection_->take_start_reached()) send_gtid_list({.flags = 0, .gtids = selection_->seen().list()});
  if (const auto& gtid = groups_.group().gtid; passed_ && gtid) passed_->update(gtid->gtid);
  if (leaving_out_) keep_alive();
  leaving_out_ = false;
}

void Dump::begin_packet(std::uint64_t event_size, bool wants_ack) {
  PacketWriter& writer = parts_.channel.writer();
  const std::array<std::uint8_t, 3> head{kOkHead, kSemiSyncMark, static_cast<std::uint8_t>(wants_ack ? 1 : 0)};
  const ByteView used = ByteView(head).first(wishes_.semi_sync ? 3 : 1);
  writer.begin(used.size() + event_size);
  writer.append(used);
  last_sent_ = Clock::now();
}

void Dump::send(const Item& item, bool wants_ack) {
  PacketWriter& writer = parts_.channel.writer();
  begin_packet(item.header.size, wants_ack);
  writer.append(item.bytes);
  if (!item.whole()) {
    for (ByteView part = reader_->more(); !part.empty(); part = reader_->more()) writer.append(part);
  }
  if (wants_ack) {
    // Both sides count anew after an acknowledgement that was asked for, the source from 1.
    writer.flush();
    writer.set_next_sequence(1);
  }
}

void Dump::send_made(ByteView event) {
  begin_packet(event.size(), false);
  parts_.channel.writer().append(event);
}

void Dump::send_gtid_list(const GtidList& list) {
  send_made(make_gtid_list(made(), list, static_cast<std::uint32_t>(sent_.position)));
}

void Dump::pause(const std::string& why, std::chrono::milliseconds patience) {
  parts_.channel.writer().flush();
  publish(why);
  parts_.channel.reader().wait_readable(patience);
  listen_to_replica();
  keep_alive();
}

void Dump::keep_alive() {
  if (wishes_.heartbeat_ns == 0) return;
  if (Clock::now() - last_sent_ < std::chrono::nanoseconds(wishes_.heartbeat_ns)) return;
  send_made(make_heartbeat(made(), {.position = sent_.position, .file = file_}));
  parts_.channel.writer().flush();
}

void Dump::listen_to_replica() {
  PacketReader& reader = parts_.channel.reader();
  while (reader.wait_readable(std::chrono::milliseconds(0))) {
    replica_is_wrong_ = true;  // if anything is, from here on
    reader.set_next_sequence(0);
    const ByteView payload = reader.read(kReplicaPacketMax);
    if (payload.size() == 1 && payload[0] == static_cast<std::uint8_t>(Command::kQuit)) {
      fail(Code::kCancelled, "the replica has left");
    }
    const SemiSyncAck ack = parse_semi_sync_ack(payload);
    sent_.acknowledged_file = ack.file;
    sent_.acknowledged_position = ack.position;
    replica_is_wrong_ = false;
  }
}

void Dump::publish(const std::string& waiting_for) {
  sent_.waiting_for = waiting_for;
  parts_.status.update([this](DumpStatus& status) { status = sent_; });
}

const ReplicaRules& Dump::rules() {
  const auto time = Clock::now();
  if (time - rules_read_ >= kRulesAge || rules_version_ != parts_.rules.version()) {
    rules_version_ = parts_.rules.version();  // before the rules: never newer than they
    rules_ = parts_.rules.of(replica_);
    rules_read_ = time;
    publish(sent_.waiting_for);
  }
  return rules_;
}

}  // namespace lifeboat::relay
