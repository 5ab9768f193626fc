/// The XA transactions whose PREPARE a replica does not get: what completes one is left out as well, since the replica
/// knows nothing of it and would stop with an error.
///
/// Threads: one at a time. Errors: none. Memory: those that are prepared and not completed.
#pragma once

#include <set>
#include <string>
#include <tuple>

#include "binlog/group_reader.h"

namespace lifeboat::relay {

class SkippedXa {
 public:
  static bool prepares(const binlog::Group& group) {
    return group.gtid && group.gtid->xa && group.gtid->has(binlog::GtidEvent::kPreparedXa);
  }
  /// That group is left out.
  void note(const binlog::Group& group) {
    if (prepares(group)) skipped_.insert(key(*group.gtid->xa));
  }
  /// Whether that group completes one of them, which is over then.
  bool take(const binlog::Group& group) {
    return group.gtid && group.gtid->xa && group.gtid->has(binlog::GtidEvent::kCompletedXa) &&
           skipped_.erase(key(*group.gtid->xa)) > 0;
  }

 private:
  using Key = std::tuple<std::uint32_t, std::string, std::string>;
  static Key key(const binlog::XaId& xa) { return {xa.format_id, xa.global_id, xa.branch_id}; }
  std::set<Key> skipped_;
};

}  // namespace lifeboat::relay
