// The classes' names and what they do by themselves. Names stand in users' rules: they are never changed.

#include <algorithm>
#include <array>

#include "binlog/danger.h"

namespace lifeboat::binlog {
namespace {

struct ClassRow {
  DangerClass danger;
  std::string_view name;
  Severity severity;
};

constexpr std::array kClasses = {
    ClassRow{DangerClass::kOrdinary, "ordinary", Severity::kOrdinary},
    ClassRow{DangerClass::kDeleteRows, "delete_rows", Severity::kOrdinary},
    ClassRow{DangerClass::kUpdateRows, "update_rows", Severity::kOrdinary},
    ClassRow{DangerClass::kDropDatabase, "drop_database", Severity::kDestroys},
    ClassRow{DangerClass::kDropTable, "drop_table", Severity::kDestroys},
    ClassRow{DangerClass::kTruncateTable, "truncate_table", Severity::kDestroys},
    ClassRow{DangerClass::kReplaceDatabase, "replace_database", Severity::kDestroys},
    ClassRow{DangerClass::kReplaceTable, "replace_table", Severity::kDestroys},
    ClassRow{DangerClass::kDropPartition, "drop_partition", Severity::kDestroys},
    ClassRow{DangerClass::kMovePartition, "move_partition", Severity::kDestroys},
    ClassRow{DangerClass::kDropColumn, "drop_column", Severity::kDestroys},
    ClassRow{DangerClass::kNarrowColumn, "narrow_column", Severity::kDestroys},
    ClassRow{DangerClass::kDiscardTablespace, "discard_tablespace", Severity::kDestroys},
    ClassRow{DangerClass::kChangeEngine, "change_engine", Severity::kDestroys},
    ClassRow{DangerClass::kDropHistory, "drop_history", Severity::kDestroys},
    ClassRow{DangerClass::kAlterIgnore, "alter_ignore", Severity::kDestroys},
    ClassRow{DangerClass::kDeleteAll, "delete_all", Severity::kDestroys},
    ClassRow{DangerClass::kUpdateAll, "update_all", Severity::kDestroys},
    ClassRow{DangerClass::kDeleteRange, "delete_range", Severity::kDestroys},
    ClassRow{DangerClass::kUpdateRange, "update_range", Severity::kDestroys},
    ClassRow{DangerClass::kMassDelete, "mass_delete", Severity::kDestroys},
    ClassRow{DangerClass::kMassUpdate, "mass_update", Severity::kDestroys},
    ClassRow{DangerClass::kDropView, "drop_view", Severity::kWarns},
    ClassRow{DangerClass::kDropRoutine, "drop_routine", Severity::kWarns},
    ClassRow{DangerClass::kAccount, "account", Severity::kWarns},
    ClassRow{DangerClass::kServerObject, "server_object", Severity::kWarns},
    ClassRow{DangerClass::kFunctionCall, "function_call", Severity::kWarns},
    ClassRow{DangerClass::kRepairTable, "repair_table", Severity::kWarns},
    ClassRow{DangerClass::kRenameTable, "rename_table", Severity::kWarns},
    ClassRow{DangerClass::kUnknown, "unknown", Severity::kUnknown},
};

const ClassRow& row_of(DangerClass danger) {
  const auto* const row = std::ranges::find(kClasses, danger, &ClassRow::danger);
  return row == kClasses.end() ? kClasses.back() : *row;
}

}  // namespace

std::string_view danger_class_name(DangerClass danger) {
  return row_of(danger).name;
}

DangerClass danger_class_of(std::string_view name) {
  const auto* const row = std::ranges::find(kClasses, name, &ClassRow::name);
  return row == kClasses.end() ? DangerClass::kUnknown : row->danger;
}

const std::vector<std::string_view>& danger_class_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (const ClassRow& row : kClasses) all.push_back(row.name);
    return all;
  }();
  return names;
}

Severity severity_of(DangerClass danger) {
  return row_of(danger).severity;
}

Severity worse(Severity a, Severity b) {
  return std::max(a, b);
}

}  // namespace lifeboat::binlog
