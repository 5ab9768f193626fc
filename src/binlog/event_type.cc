#include "binlog/event_type.h"

#include <array>
#include <utility>

namespace lifeboat::binlog {

namespace {

using enum EventType;

constexpr std::array kNames = std::to_array<std::pair<EventType, std::string_view>>({
    {kStartV3, "Start_v3"},
    {kQuery, "Query"},
    {kStop, "Stop"},
    {kRotate, "Rotate"},
    {kIntvar, "Intvar"},
    {kLoad, "Load"},
    {kSlave, "Slave"},
    {kCreateFile, "Create_file"},
    {kAppendBlock, "Append_block"},
    {kExecLoad, "Exec_load"},
    {kDeleteFile, "Delete_file"},
    {kNewLoad, "New_load"},
    {kRand, "Rand"},
    {kUserVar, "User_var"},
    {kFormatDescription, "Format_description"},
    {kXid, "Xid"},
    {kBeginLoadQuery, "Begin_load_query"},
    {kExecuteLoadQuery, "Execute_load_query"},
    {kTableMap, "Table_map"},
    {kPreGaWriteRows, "Pre_ga_write_rows"},
    {kPreGaUpdateRows, "Pre_ga_update_rows"},
    {kPreGaDeleteRows, "Pre_ga_delete_rows"},
    {kWriteRowsV1, "Write_rows_v1"},
    {kUpdateRowsV1, "Update_rows_v1"},
    {kDeleteRowsV1, "Delete_rows_v1"},
    {kIncident, "Incident"},
    {kHeartbeat, "Heartbeat"},
    {kIgnorable, "Ignorable"},
    {kRowsQuery, "Rows_query"},
    {kWriteRows, "Write_rows"},
    {kUpdateRows, "Update_rows"},
    {kDeleteRows, "Delete_rows"},
    {kMysqlGtid, "Mysql_gtid"},
    {kMysqlAnonymousGtid, "Mysql_anonymous_gtid"},
    {kMysqlPreviousGtids, "Mysql_previous_gtids"},
    {kMysqlTransactionContext, "Mysql_transaction_context"},
    {kMysqlViewChange, "Mysql_view_change"},
    {kXaPrepare, "Xa_prepare"},
    {kMysqlPartialUpdateRows, "Mysql_partial_update_rows"},
    {kMysqlTransactionPayload, "Mysql_transaction_payload"},
    {kMysqlHeartbeatV2, "Mysql_heartbeat_v2"},
    {kMysqlGtidTagged, "Mysql_gtid_tagged"},
    {kAnnotateRows, "Annotate_rows"},
    {kBinlogCheckpoint, "Binlog_checkpoint"},
    {kGtid, "Gtid"},
    {kGtidList, "Gtid_list"},
    {kStartEncryption, "Start_encryption"},
    {kQueryCompressed, "Query_compressed"},
    {kWriteRowsCompressedV1, "Write_rows_compressed_v1"},
    {kUpdateRowsCompressedV1, "Update_rows_compressed_v1"},
    {kDeleteRowsCompressedV1, "Delete_rows_compressed_v1"},
    {kWriteRowsCompressed, "Write_rows_compressed"},
    {kUpdateRowsCompressed, "Update_rows_compressed"},
    {kDeleteRowsCompressed, "Delete_rows_compressed"},
    {kPartialRowData, "Partial_row_data"},
});

}  // namespace

std::string_view event_type_name(EventType type) {
  for (const auto& [known, name] : kNames) {
    if (known == type) return name;
  }
  return "Unknown";
}

bool is_known(EventType type) {
  return event_type_name(type) != "Unknown";
}

RowsKind rows_kind(EventType type) {
  switch (type) {
    case kWriteRowsV1:
    case kWriteRows:
    case kWriteRowsCompressedV1:
    case kWriteRowsCompressed:
      return RowsKind::kWrite;
    case kUpdateRowsV1:
    case kUpdateRows:
    case kUpdateRowsCompressedV1:
    case kUpdateRowsCompressed:
    case kMysqlPartialUpdateRows:
      return RowsKind::kUpdate;
    case kDeleteRowsV1:
    case kDeleteRows:
    case kDeleteRowsCompressedV1:
    case kDeleteRowsCompressed:
      return RowsKind::kDelete;
    default:
      return RowsKind::kNone;
  }
}

bool is_compressed_rows(EventType type) {
  return type >= kWriteRowsCompressedV1 && type <= kDeleteRowsCompressed;
}

bool is_rows_v2(EventType type) {
  return (type >= kWriteRows && type <= kDeleteRows) || type == kMysqlPartialUpdateRows ||
         (type >= kWriteRowsCompressed && type <= kDeleteRowsCompressed);
}

bool is_part_of_group(EventType type) {
  switch (type) {
    case kIntvar:
    case kRand:
    case kUserVar:
    case kTableMap:
    case kPreGaWriteRows:
    case kPreGaUpdateRows:
    case kPreGaDeleteRows:
    case kAnnotateRows:
    case kRowsQuery:
    case kIgnorable:
    case kBeginLoadQuery:
    case kAppendBlock:
    case kCreateFile:
    case kPartialRowData:
    case kMysqlTransactionContext:
    case kMysqlViewChange:
      return true;
    default:
      return rows_kind(type) != RowsKind::kNone;
  }
}

bool is_control(EventType type) {
  switch (type) {
    case kStartV3:
    case kStop:
    case kRotate:
    case kSlave:
    case kFormatDescription:
    case kHeartbeat:
    case kMysqlHeartbeatV2:
    case kMysqlPreviousGtids:
    case kBinlogCheckpoint:
    case kGtidList:
    case kStartEncryption:
      return true;
    default:
      return false;
  }
}

}  // namespace lifeboat::binlog
