/// MySQL's events around GTIDs: Gtid (33), Anonymous_gtid (34), Gtid_tagged (42), Previous_gtids (35).
/// Bodies: 33 and 34: flags u8, uuid, number u64, then what later versions added: 2 u8, last committed i64, sequence
/// i64; commit time in microseconds, 7 bytes, whose top bit says that the original one follows; the transaction's
/// length packed; the server's version u32, whose top bit says that the original one follows. 42: fields with numbers,
/// as MySQL 8's serialization library writes them. 35: a GtidSet.
#pragma once

#include "binlog/event.h"
#include "binlog/mysql_gtid.h"

namespace lifeboat::binlog {

struct MysqlGtidEvent {
  bool anonymous = false;
  MysqlGtid gtid;          ///< meaningless if anonymous
  std::uint8_t flags = 0;  ///< 1: may hold statements
  std::int64_t last_committed = 0;
  std::int64_t sequence_number = 0;
  std::uint64_t commit_microseconds = 0;           ///< on this server; 0: not told
  std::uint64_t original_commit_microseconds = 0;  ///< on the server that ran it first; 0: not told
  std::uint64_t transaction_size = 0;              ///< bytes, this event included; 0: not told
};

/// Types 33, 34 and 42. kCorruption; kUnsupported for a tagged form of another version.
MysqlGtidEvent decode_mysql_gtid(const Event& event);
GtidSet decode_previous_gtids(const Event& event);
/// 33, 34, 42.
bool is_mysql_gtid(EventType type);

}  // namespace lifeboat::binlog
