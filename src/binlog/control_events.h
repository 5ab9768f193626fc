/// Small events with one layout each: those about the stream (Rotate, Heartbeat, Gtid_list, Binlog_checkpoint,
/// Start_encryption) and the shortest of those in groups (Xid, Xa_prepare, Annotate_rows).
/// All decoders take an event whose type is theirs, throw kCorruption naming the event, and read no byte beyond it.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "binlog/event.h"
#include "binlog/gtid.h"

namespace lifeboat::binlog {

/// Rotate: position u64 (4), then the next file's name to the end. Artificial ones name the file that follows on the
/// wire.
struct Rotate {
  std::uint64_t position = 4;
  std::string file;
};
Rotate decode_rotate(const Event& event);

/// Heartbeat: the source's present file and position. MariaDB: the position is in the header, or, past 4 GiB, that
/// is 0 and a u64 stands before the name. MySQL's version 2: fields of (type u8, length varint, value): 1 name, 2
/// position.
struct Heartbeat {
  std::uint64_t position = 0;
  std::string file;
};
Heartbeat decode_heartbeat(const Event& event);

/// Gtid_list: count u32 (28 bits, then flags), then domain u32, server u32, sequence u64 each.
struct GtidList {
  static constexpr std::uint32_t kUntilReached = 1U << 28U;  ///< the replica's UNTIL position is behind it: stop here
  static constexpr std::uint32_t kIgnoreGtids = 1U << 29U;  ///< the replica records the GTIDs as seen, without applying
  std::uint32_t flags = 0;
  std::vector<Gtid> gtids;  ///< in the event's order: see GtidState
};
GtidList decode_gtid_list(const Event& event);

/// Binlog_checkpoint: length u32, name. Files before it are not needed for the source's crash recovery.
std::string decode_binlog_checkpoint(const Event& event);

/// Start_encryption: what follows it in this file is encrypted. Over the wire a source sends all decrypted, and this
/// event with kFlagIgnorable: then it says nothing.
struct StartEncryption {
  std::uint8_t scheme = 1;
  std::uint32_t key_version = 0;
  std::array<std::uint8_t, 12> nonce{};
};
StartEncryption decode_start_encryption(const Event& event);
/// Whether the bytes that follow the event cannot be read.
bool begins_encryption(const Event& event);

/// Xid u64: the storage engines' number of the transaction that commits here.
std::uint64_t decode_xid(const Event& event);

/// The name of a transaction in two phases.
struct XaId {
  std::uint32_t format_id = 1;
  std::string global_id;  ///< bytes, at most 64
  std::string branch_id;  ///< bytes, at most 64
};
/// Xa_prepare: one phase u8, format id u32, two lengths u32, the ids.
struct XaPrepare {
  bool one_phase = false;
  XaId id;
};
XaPrepare decode_xa_prepare(const Event& event);

/// Annotate_rows: the text of the statement that the rows after it came from. Borrowed. MySQL's Rows_query, too: a
/// length byte that says nothing, then the text.
std::string_view decode_annotate_rows(const Event& event);

}  // namespace lifeboat::binlog
