#include "relay/row_window.h"

#include <algorithm>

namespace lifeboat::relay {

RowWindow::RowWindow(std::chrono::seconds longest)
    : steps_(std::min<std::int64_t>(kSteps, std::max<std::int64_t>(longest.count(), 1))),
      step_s_(std::max<std::int64_t>((longest.count() + kSteps - 1) / kSteps, 1)) {}

void RowWindow::add(const binlog::TableName& table, ChangedRows rows, std::int64_t time_s) {
  latest_ = std::max(latest_, time_s / step_s_);
  if (latest_ - swept_ > steps_) forget_old();
  const bool fits = tables_.contains(table) || tables_.size() < kTablesMax;
  std::deque<Step>& steps = tables_[fits ? table : binlog::TableName{}];
  if (steps.empty() || steps.back().number != latest_) steps.push_back({.number = latest_, .rows = {}});
  steps.back().rows.deleted += rows.deleted;
  steps.back().rows.updated += rows.updated;
  while (steps.front().number < latest_ - steps_) steps.pop_front();
}

void RowWindow::forget_old() {
  std::erase_if(tables_, [&](const auto& each) { return each.second.back().number < latest_ - steps_; });
  swept_ = latest_;
}

const std::deque<RowWindow::Step>* RowWindow::find(const binlog::TableName& table) const {
  auto found = tables_.find(table);
  if (found == tables_.end()) found = tables_.find(binlog::TableName{});
  return found == tables_.end() ? nullptr : &found->second;
}

ChangedRows RowWindow::sum(const binlog::TableName& table, std::chrono::seconds span) const {
  ChangedRows sum;
  const std::deque<Step>* const steps = find(table);
  if (steps == nullptr) return sum;
  const std::int64_t first = latest_ - (span.count() + step_s_ - 1) / step_s_;
  for (auto step = steps->rbegin(); step != steps->rend() && step->number >= first; ++step) {
    sum.deleted += step->rows.deleted;
    sum.updated += step->rows.updated;
  }
  return sum;
}

}  // namespace lifeboat::relay
