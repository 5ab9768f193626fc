/// The guard at one kept log: what a dump asks before it serves a group.
///
/// Ownership: borrows guard and log. Threads: safe from any. Errors: none: what it cannot tell or record is held.
#pragma once

#include <set>

#include "relay/guard.h"
#include "relay/guard_scan.h"

namespace lifeboat::relay {

class GuardGate : public Gate {
 public:
  struct Place {
    std::string source;
    std::string incarnation;
  };
  GuardGate(Guard& guard, Place place, ServedLog& log);

  GateAnswer answer(const GroupPlace& place, const ReplicaName& replica) override;
  bool left_out(const GroupPlace& place, const ReplicaName& replica) const override;

 private:
  /// What people decided; kHeld: nothing.
  HoldState decided(const std::string& id, const std::string& stream) const;
  GateAnswer hold(const HoldSubject& subject, const std::string& stream);
  GateAnswer apply_run(const Hold& run, const HoldSubject& subject, const std::string& stream);
  /// As far as it tells which transaction it is.
  HoldSubject identify(const GroupPlace& place, const FoundGroup* group) const;
  static HoldSubject describe(HoldSubject subject, const binlog::GroupDanger& danger, const Judgement& judgement);
  void warn_once(const HoldSubject& subject);

  Guard& guard_;
  Place place_;
  GuardScan scan_;
  std::mutex mutex_;              ///< guards what follows
  std::set<std::string> warned_;  ///< by id; the last ones
};

/// How a replica is named in holds.
std::string stream_name(const ReplicaName& replica);

}  // namespace lifeboat::relay
