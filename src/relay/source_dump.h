/// The stream of events that a source sends to its replicas, seen from the replica's end: the questions before it, the
/// events in pieces, and the acknowledgements that go back.
///
/// It asks by file and position, never by GTID: a place in a file that was reached before is exact and needs nothing of
/// the source's memory, and a source counts the place asked for as acknowledged. (After a connect by GTID it does not,
/// and clients whose commit came last wait until their time-out.)
///
/// Ownership: borrows the connection, which carries nothing else from then on. Threads: `next` from one; `acknowledge`
/// from
///   one other. Errors: those of the connection; kRefused with the source's words when it ends the stream with an
///   error.
/// Protocol: what a MariaDB replica says before COM_BINLOG_DUMP, in its order;
/// https://mariadb.com/kb/en/com_binlog_dump/
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "relay/source_connection.h"

namespace lifeboat::relay {

struct DumpRequest {
  std::string file;  ///< empty: the oldest that the source has
  std::uint64_t position = 4;
  std::uint32_t server_id = 0;  ///< ours, unlike every other's
  /// Set: by GTID instead (the source ignores file and position); only to learn which file continues it.
  std::optional<std::string> gtid_position;
  bool semi_sync = true;
  std::chrono::milliseconds heartbeat{2000};
};

class SourceDump {
 public:
  SourceDump(SourceConnection& connection, const DumpRequest& request);

  /// Whether the source waits for acknowledgements (if it has the time).
  bool semi_sync() const { return semi_sync_; }

  struct Piece {
    ByteView bytes;      ///< of an event, valid until the next call
    bool first = false;  ///< begins with the event's header
    bool last = false;
    bool ack_wanted = false;  ///< a commit waits until this event is acknowledged
  };
  /// Nothing when the source ends the stream by itself.
  std::optional<Piece> next();
  /// Whether `next` would return at once.
  bool buffered() const { return connection_->channel().reader().buffered(); }

  /// Everything up to `position` in `file` is durable.
  void acknowledge(const std::string& file, std::uint64_t position);

 private:
  void negotiate(const DumpRequest& request);
  void ask_for_semi_sync();
  void register_replica(std::uint32_t server_id);
  void start(const DumpRequest& request);

  SourceConnection* connection_;
  bool semi_sync_ = false;
  bool ack_wanted_ = false;
};

}  // namespace lifeboat::relay
