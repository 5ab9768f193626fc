#include "binlog/routine_memory.h"

namespace lifeboat::binlog {
namespace {

/// The server compares names of routines without regard to case.
TableName key_of(TableName name) {
  for (char& c : name.name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return name;
}

}  // namespace

std::string TableName::text() const {
  return (database.empty() ? "?" : database) + "." + (name.empty() ? "*" : name);
}

void RoutineMemory::set(const TableName& name, Routine routine) {
  if (routine.body.size() > kMaxBody) {
    routine.body.clear();
    routine.readable = false;
  }
  const auto [found, added] = routines_.insert_or_assign(key_of(name), std::move(routine));
  if (!added) return;
  order_.push_back(found->first);
  if (order_.size() <= kMaxRoutines) return;
  routines_.erase(order_.front());
  order_.pop_front();
}

void RoutineMemory::drop(const TableName& name) {
  if (routines_.erase(key_of(name)) > 0) std::erase(order_, key_of(name));
}

void RoutineMemory::drop_database(const std::string& database) {
  std::erase_if(routines_, [&](const auto& each) { return each.first.database == database; });
  std::erase_if(order_, [&](const TableName& each) { return each.database == database; });
}

void RoutineMemory::drop_triggers(const TableName& table) {
  const auto is_of_table = [&](const TableName& name) {
    return routines_.at(name).fires_on != 0 && routines_.at(name).table == table;
  };
  std::erase_if(order_, [&](const TableName& name) { return is_of_table(name) && routines_.erase(name) > 0; });
}

void RoutineMemory::move_triggers(const TableName& from, const TableName& to) {
  for (auto& [name, routine] : routines_) {
    if (routine.fires_on != 0 && routine.table == from) routine.table = to;
  }
}

const Routine* RoutineMemory::find(const TableName& name) const {
  const auto found = routines_.find(key_of(name));
  return found == routines_.end() || found->second.fires_on != 0 ? nullptr : &found->second;
}

std::vector<const Routine*> RoutineMemory::triggers_of(const TableName& table, std::uint8_t actions) const {
  std::vector<const Routine*> found;
  for (const auto& [name, routine] : routines_) {
    if ((routine.fires_on & actions) != 0 && routine.table == table) found.push_back(&routine);
  }
  return found;
}

}  // namespace lifeboat::binlog
