/// The kinds of binary log events, of MariaDB (to 11.8, and 12.3's fragment) and MySQL (to 9.7), with their numbers on
/// the wire. Sources: the servers' own documentation of replication events; numbers below 40 are common to both
/// flavours, except where a name says otherwise. What is not in this list is *unknown*: kept and served as it is, never
/// interpreted.
#pragma once

#include <cstdint>
#include <string_view>

namespace lifeboat::binlog {

enum class EventType : std::uint8_t {
  kUnknown = 0,
  kStartV3 = 1,
  kQuery = 2,
  kStop = 3,
  kRotate = 4,
  kIntvar = 5,
  kLoad = 6,
  kSlave = 7,
  kCreateFile = 8,
  kAppendBlock = 9,
  kExecLoad = 10,
  kDeleteFile = 11,
  kNewLoad = 12,
  kRand = 13,
  kUserVar = 14,
  kFormatDescription = 15,
  kXid = 16,
  kBeginLoadQuery = 17,
  kExecuteLoadQuery = 18,
  kTableMap = 19,
  kPreGaWriteRows = 20,
  kPreGaUpdateRows = 21,
  kPreGaDeleteRows = 22,
  kWriteRowsV1 = 23,
  kUpdateRowsV1 = 24,
  kDeleteRowsV1 = 25,
  kIncident = 26,
  kHeartbeat = 27,
  kIgnorable = 28,
  kRowsQuery = 29,
  kWriteRows = 30,
  kUpdateRows = 31,
  kDeleteRows = 32,
  kMysqlGtid = 33,
  kMysqlAnonymousGtid = 34,
  kMysqlPreviousGtids = 35,
  kMysqlTransactionContext = 36,
  kMysqlViewChange = 37,
  kXaPrepare = 38,
  kMysqlPartialUpdateRows = 39,
  kMysqlTransactionPayload = 40,
  kMysqlHeartbeatV2 = 41,
  kMysqlGtidTagged = 42,
  kAnnotateRows = 160,
  kBinlogCheckpoint = 161,
  kGtid = 162,
  kGtidList = 163,
  kStartEncryption = 164,
  kQueryCompressed = 165,
  kWriteRowsCompressedV1 = 166,
  kUpdateRowsCompressedV1 = 167,
  kDeleteRowsCompressedV1 = 168,
  kWriteRowsCompressed = 169,
  kUpdateRowsCompressed = 170,
  kDeleteRowsCompressed = 171,
  kPartialRowData = 172,
};

/// "Query", "Delete_rows_compressed_v1"; "Unknown" for a number that is not in the list.
std::string_view event_type_name(EventType type);

/// Whether the number is in the list above (and is not kUnknown itself).
bool is_known(EventType type);

enum class RowsKind : std::uint8_t { kNone, kWrite, kUpdate, kDelete };

/// What a type of event does to rows; kNone if it is no rows event. kMysqlPartialUpdateRows is an update.
RowsKind rows_kind(EventType type);
bool is_compressed_rows(EventType type);
/// Rows events of the second form, whose post-header tells of extra data.
bool is_rows_v2(EventType type);

/// Events that belong to the statement or rows which follow them: variables, annotations, table maps, rows, blocks of a
/// file to load. A group never ends with one of these.
bool is_part_of_group(EventType type);

/// Events about the stream or file itself, which stand in no group: Format_description, Rotate, Gtid_list, Heartbeat, …
bool is_control(EventType type);

}  // namespace lifeboat::binlog
