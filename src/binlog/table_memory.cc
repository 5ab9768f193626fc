#include "binlog/table_memory.h"

#include <algorithm>

namespace lifeboat::binlog {
namespace {

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

}  // namespace

void TableMemory::add_temporary(const LogSession& session, const TableName& table) {
  if (!temporary_.emplace(session, table).second) return;
  temporary_order_.emplace_back(session, table);
  if (temporary_order_.size() > kMaxTemporary) {
    temporary_.erase(temporary_order_.front());
    temporary_order_.pop_front();
  }
}

void TableMemory::drop_temporary(const LogSession& session, const TableName& table) {
  const std::pair key(session, table);
  if (temporary_.erase(key) > 0) std::erase(temporary_order_, key);
}

bool TableMemory::is_temporary(const LogSession& session, const TableName& table) const {
  return temporary_.contains({session, table});
}

void TableMemory::server_restarted() {
  temporary_.clear();
  temporary_order_.clear();
}

TableMemory::Columns& TableMemory::columns_of(const TableName& table) {
  const auto [found, added] = tables_.try_emplace(table);
  if (added) {
    table_order_.push_back(table);
    if (table_order_.size() > kMaxTables) {
      tables_.erase(table_order_.front());
      table_order_.pop_front();
    }
  }
  return found->second;
}

void TableMemory::set_column(const TableName& table, const std::string& column, DeclaredType type) {
  Columns& columns = columns_of(table);
  if (columns.size() < kMaxColumns) columns.insert_or_assign(lower(column), std::move(type));
}

std::optional<DeclaredType> TableMemory::column(const TableName& table, const std::string& column) const {
  const auto columns = tables_.find(table);
  if (columns == tables_.end()) return {};
  const auto found = columns->second.find(lower(column));
  return found == columns->second.end() ? std::nullopt : std::optional(found->second);
}

void TableMemory::drop_column(const TableName& table, const std::string& column) {
  if (const auto columns = tables_.find(table); columns != tables_.end()) columns->second.erase(lower(column));
}

void TableMemory::copy_table(const TableName& from, const TableName& to) {
  if (const auto columns = tables_.find(from); columns != tables_.end()) columns_of(to) = Columns(columns->second);
}

void TableMemory::rename_table(const TableName& from, const TableName& to) {
  if (from == to) return;
  drop_table(to);
  routines.move_triggers(from, to);
  copy_table(from, to);
  drop_table(from);
}

void TableMemory::drop_table(const TableName& table) {
  const auto concerned = [&](const TableName& each) {
    return table.name.empty() ? each.database == table.database : each == table;
  };
  if (!table.name.empty()) routines.drop_triggers(table);
  if (!table.name.empty() && !tables_.contains(table)) return;
  std::erase_if(tables_, [&](const auto& entry) { return concerned(entry.first); });
  std::erase_if(table_order_, concerned);
}

}  // namespace lifeboat::binlog
