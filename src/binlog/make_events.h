/// Events that a relay makes or edits itself. All results are whole events with a right CRC where they have one.
/// Threads: pure functions.
#pragma once

#include <vector>

#include "binlog/control_events.h"
#include "binlog/event.h"
#include "binlog/gtid_event.h"

namespace lifeboat::binlog {

/// What is the same for every event made for one stream.
struct StreamIdentity {
  std::uint32_t server_id = 0;  ///< of the server whose stream it is: a replica drops what bears its own id
  Checksum checksum = Checksum::kCrc32;
};

/// Rewrites the trailer in place for `event` (whole, as split_event takes it) after an edit.
void update_checksum(ByteSpan event, Checksum checksum);
/// The same event with the other kind of ending; its size changes, its end position does not. The trailer it has now is
/// not verified. Format_description events keep their own CRC; their algorithm byte is changed.
Bytes with_checksum(const Event& event, Checksum checksum);

/// "The events that follow are from this file": the first event of a dump. Artificial, position 0, timestamp 0.
Bytes make_fake_rotate(const StreamIdentity& stream, const Rotate& rotate);
/// A Rotate as a server writes it at a file's end.
Bytes make_rotate(const StreamIdentity& stream, const Rotate& rotate, std::uint32_t timestamp,
                  std::uint32_t end_position);
/// MariaDB's heartbeat, in its form for positions past 4 GiB where needed.
Bytes make_heartbeat(const StreamIdentity& stream, const Heartbeat& heartbeat);

struct FormatEdit {
  bool zero_created =
      false;  ///< a stream that starts in the middle of history must not make replicas drop temporary tables
  bool zero_position = false;  ///< the end position becomes 0: it is sent again, not read from its place
};
/// As a source sends it: never in use, and edited as said.
Bytes edit_format_description(const Event& event, const FormatEdit& edit);

/// Artificial, with end position 0 unless said otherwise.
Bytes make_gtid_list(const StreamIdentity& stream, const GtidList& list, std::uint32_t end_position = 0);

/// A Gtid event as a server writes it, zeros up to 19 bytes of body included. Timestamp, end position and flags are
/// `header`'s, the server id is the GTID's.
Bytes make_gtid(const GtidEvent& gtid, EventHeader header, Checksum checksum);

/// A transaction that changes nothing but moves a replica past `gtid`: Gtid (not standalone) and Xid.
struct EmptyTransaction {
  Gtid gtid;
  std::uint32_t timestamp = 0;
  std::uint32_t first_end = 0;   ///< end position of the Gtid event
  std::uint32_t second_end = 0;  ///< end position of the Xid event
};
std::vector<Bytes> make_empty_transaction(const EmptyTransaction& transaction, Checksum checksum);

}  // namespace lifeboat::binlog
