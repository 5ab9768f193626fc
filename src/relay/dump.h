/// One replica's dump: the events of a kept log from where the replica is, in whole groups, first from disk and then as
/// they become durable, under the replica's own rules and the guard's verdicts. Heartbeats go on whatever holds the
/// groups.
///
/// Order on the wire, as a source keeps it: for each file an artificial Rotate, the file's Format_description (edited
/// when the replica is in the middle of history), then its events. A group that is left out by rule becomes a Gtid_list
/// event with the ignore flag, so that the replica's position moves past it and no re-pointing fetches it again.
///
/// Threads: one; `snapshot` of its status from any. Errors: SqlFailure for what the replica is to be told;
/// kUnavailable, kTimeout, kCancelled when the connection ends.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "binlog/control_events.h"
#include "binlog/group_reader.h"
#include "binlog/make_events.h"
#include "relay/event_file_reader.h"
#include "relay/gate.h"
#include "relay/gtid_selection.h"
#include "relay/packet.h"
#include "relay/replica_dialogue.h"
#include "relay/replica_rules.h"
#include "relay/served_log.h"
#include "relay/server_packets.h"
#include "relay/skipped_xa.h"

namespace lifeboat::relay {

/// What `relay status` shows of a replica.
struct DumpStatus {
  std::string file;
  std::uint64_t position = 0;  ///< passed up to here: sent or left out
  std::uint64_t groups_sent = 0;
  std::uint64_t groups_skipped = 0;
  std::string waiting_for;        ///< empty, or why the stream is held: "rule", "delay", "guard 0-1-77"
  std::string acknowledged_file;  ///< semi-sync replicas
  std::uint64_t acknowledged_position = 0;
};

/// Thread-safe holder of a status.
class SharedDumpStatus {
 public:
  DumpStatus snapshot() const {
    const std::scoped_lock lock(mutex_);
    return status_;
  }
  void update(const std::function<void(DumpStatus&)>& change) {
    const std::scoped_lock lock(mutex_);
    change(status_);
  }

 private:
  mutable std::mutex mutex_;
  DumpStatus status_;
};

/// Borrowed by a dump.
struct DumpParts {
  ServedLog& log;
  RuleBook& rules;
  Gate& gate;
  PacketChannel& channel;
  SharedDumpStatus& status;
  std::uint32_t server_id = 0;  ///< the source's: artificial events bear it
};

class Dump {
 public:
  Dump(DumpParts parts, ReplicaName replica, ReplicaWishes wishes, BinlogDump request);

  /// Until the end of the log (if the client does not want to wait there), of UNTIL, or of the connection.
  void run();

 private:
  using Clock = std::chrono::steady_clock;
  using Item = EventFileReader::Item;

  /// The name of the file to begin with, and where in it (start_position_).
  std::string choose_start();
  std::string choose_by_gtid();
  std::string next_file();
  void open_file(const std::string& name);
  void check_start();
  void await_start();
  void send_format_description();
  /// False when the dump is over; true at the end of a closed file.
  bool serve_file();
  void serve(const Item& item, std::uint64_t readable);
  void admit(std::uint64_t begin);
  /// Waits until rules and guard let the group that begins go; false: it is to be left out, or the dump is over. After
  /// each wait all is asked anew: what people write meanwhile is meant for this group, too.
  bool may_go(std::uint64_t begin, bool completes_skipped);
  /// A bound, whenever the rule was written and wherever the replica began: nothing behind that group goes.
  bool is_behind_stop(std::uint64_t begin);
  /// What the log holds before the group that begins.
  const binlog::GtidState& state_before(std::uint64_t begin);
  GateAnswer ask_rules(bool completes_skipped);
  /// Whether the group that begins, which the replica is past, was left out for it.
  bool was_left_out(std::uint64_t begin);
  GroupPlace place_of_group(std::uint64_t begin) const;
  /// A client that does not wait for more is told of a hold as an error: it would wait for a person.
  bool waits_at_end() const;
  void finish_group();
  bool wanted(const Item& item, binlog::Place place) const;

  void send(const Item& item, bool wants_ack);
  void send_made(ByteView event);
  void begin_packet(std::uint64_t event_size, bool wants_ack);
  void send_gtid_list(const binlog::GtidList& list);

  /// A pause with everything sent, during which heartbeats go out and the replica is listened to.
  void pause(const std::string& why, std::chrono::milliseconds patience);
  void keep_alive();
  void serve();
  void listen_to_replica();
  void publish(const std::string& waiting_for);
  const ReplicaRules& rules();
  binlog::StreamIdentity made() const { return {.server_id = parts_.server_id, .checksum = checksum_}; }

  DumpParts parts_;
  ReplicaName replica_;
  ReplicaWishes wishes_;
  BinlogDump request_;
  std::optional<GtidSelection> selection_;  ///< by GTID; else by file and position
  std::string file_;
  std::shared_ptr<const ServedLog::Held> hold_;  ///< the file that is read
  std::unique_ptr<EventFileReader> reader_;
  std::uint64_t start_position_ = 4;
  binlog::Checksum checksum_ = binlog::Checksum::kNone;
  binlog::GroupReader groups_;
  std::optional<binlog::GtidState> passed_;      ///< what the log holds up to here, if the stream told
  bool leaving_out_ = false;                     ///< the open group
  std::optional<binlog::Gtid> tell_as_ignored_;  ///< the open group, left out by rule
  SkippedXa skipped_xa_;
  bool replica_is_wrong_ = false;  ///< what it said cannot be read
  bool over_ = false;              ///< by stop-after, for a client that does not wait
  DumpStatus sent_;
  ReplicaRules rules_;
  Clock::time_point rules_read_{};
  std::uint64_t rules_version_ = 0;
  Clock::time_point last_sent_{};
};

}  // namespace lifeboat::relay
