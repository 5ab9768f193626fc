/// What a dump asks before it serves a group: the guard's answer, told by the group's place in the log.
///
/// A dump asks once it has read a group's first event, and again while the answer is kHold, a few times a second, or
/// kWait, at once; with heartbeats going on meanwhile. A skipped group is left out and told as ignored (make_gtid_list
/// with kIgnoreGtids).
///
/// Threads: safe from any. Errors: none: a gate that cannot tell says kHold.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "binlog/group_reader.h"
#include "relay/replica_rules.h"

namespace lifeboat::relay {

enum class Verdict : std::uint8_t {
  kPass,
  kHold,
  kSkip,
  kWait,  ///< it is not known yet
};

/// Where a group's first event begins, and which group it is: a log that is begun anew has others at the same places.
struct GroupPlace {
  std::string_view file;
  std::uint64_t position = 0;
  std::string gtid;        ///< empty: it has none
  std::uint32_t time = 0;  ///< its first event's, seconds since 1970 UTC
};

/// As holds name it; empty if it has none.
inline std::string gtid_text(const binlog::Group& group) {
  if (group.gtid) return format_gtid(group.gtid->gtid);
  return group.mysql_gtid ? format_gtid(*group.mysql_gtid) : std::string();
}

struct GateAnswer {
  Verdict verdict = Verdict::kPass;
  std::string reason;  ///< of kHold and kWait, for the status: "guard: h1a2b3c4d5e drop_database shop.*"
};

class Gate {
 public:
  virtual ~Gate() = default;
  /// Comes back within a fraction of a second.
  virtual GateAnswer answer(const GroupPlace& place, const ReplicaName& replica) = 0;
  /// Whether that group, which the replica is past, was left out for it. Begins no hold: nobody waits there.
  virtual bool left_out(const GroupPlace& place, const ReplicaName& replica) const = 0;
};

/// Lets everything pass.
class OpenGate : public Gate {
 public:
  GateAnswer answer(const GroupPlace& /*place*/, const ReplicaName& /*replica*/) override { return {}; }
  bool left_out(const GroupPlace& /*place*/, const ReplicaName& /*replica*/) const override { return false; }
};

}  // namespace lifeboat::relay
