/// What `lifeboat check` can find: each kind with a stable id, how bad it is, and what it means in words for somebody
/// who runs databases only at night. docs/reference/findings.md lists them (a test compares).
///
/// Threads: values. Errors: none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lifeboat::rescue {

/// The worst first.
enum class FindingSeverity : std::uint8_t { kCritical, kWarning, kNote };
std::string_view severity_name(FindingSeverity severity);

enum class FindingId : std::uint8_t {
  // critical: one mistake or one broken disk is enough
  kNoGuardedCopy,
  kCoMasters,
  kBinlogOff,
  kLogNotWhole,
  kLogTooShort,
  kNoImage,
  kRelayNotFollowing,
  kGuardOpen,
  kVaultOnSourceDisk,
  // warning: it makes the night longer, or loses something
  kDropSpreads,
  kServerNotAsked,
  kNotAllowed,
  kReaderNotFound,
  kTooManyServers,
  kServerUnsupported,
  kGalera,
  kNoRelay,
  kRing,
  kWritableReplica,
  kReplicationStopped,
  kReplicaBehind,
  kReplicaFilter,
  kBinlogFilter,
  kSharedDomain,
  kGtidOff,
  kStatementFormat,
  kSemiSyncOff,
  kSemiSyncDegraded,
  kSyncBinlog,
  kFlushLog,
  kLogKeptBriefly,
  kUnsafeTables,
  kNoPrimaryKey,
  kDropEverywhere,
  kUnloggedChanges,
  kSuperAccount,
  kClockSkew,
  kRelayOnSourceHost,
  kRelayOnSourceDisk,
  kVaultOnSourceHost,
  kReplicaOnSourceHost,
  kVaultNotRead,
  kFuseNotUsable,
  kRescueServer,
  kRescuePlugin,
  kRescueRoom,
  // note: worth knowing
  kMixedFormat,
  kDropDatabase,
};

struct FindingKind {
  FindingId id;
  FindingSeverity severity;
  std::string_view name;   ///< "no_guarded_copy", as in JSON and on the page
  std::string_view title;  ///< what is wrong, in one line
  std::string_view means;  ///< what that means on the night
};

/// Every kind, the worst first.
const std::vector<FindingKind>& finding_kinds();
const FindingKind& kind_of(FindingId id);

struct Evidence {
  std::string where;  ///< "db1.example:3306", "this host"
  std::string seen;
};

/// A statement or line to be pasted as it is, and where.
struct Remedy {
  std::string where;  ///< "SQL on db1.example:3306", "my.cnf of db1.example, [mysqld]", "shell on this host"
  std::string text;
};

struct Finding {
  const FindingKind* kind = nullptr;
  std::vector<Evidence> evidence;
  std::vector<Remedy> remedies;  ///< each once
};

/// Collects what is found: one finding of each kind, however many servers show it.
class Findings {
 public:
  void add(FindingId id, Evidence evidence, const std::vector<Remedy>& remedies);
  /// The worst first, in the order of the table.
  std::vector<Finding> sorted() const;

 private:
  std::vector<Finding> found_;
};

Remedy sql_on(const std::string& server, std::string statement);
Remedy option_on(const std::string& server, std::string line);  ///< a line of [mysqld]
Remedy shell_here(std::string command);                         ///< on this host

}  // namespace lifeboat::rescue
