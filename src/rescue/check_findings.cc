#include "rescue/check_findings.h"

#include <algorithm>

#include "base/error.h"

namespace lifeboat::rescue {
namespace {

constexpr FindingSeverity kCritical = FindingSeverity::kCritical;
constexpr FindingSeverity kWarning = FindingSeverity::kWarning;
constexpr FindingSeverity kNote = FindingSeverity::kNote;

}  // namespace

const std::vector<FindingKind>& finding_kinds() {
  static const std::vector<FindingKind> kKinds{
      {FindingId::kNoGuardedCopy, kCritical, "no_guarded_copy", "A DROP leaves no copy behind",
       "No server is delayed, and none is behind a relay that holds what destroys: after a DROP only a backup is "
       "left."},
      {FindingId::kCoMasters, kCritical, "co_masters", "Several servers that replicate from each other take writes",
       "A mistake on any of them is soon on all of them, and writes to two of them at once can contradict each other."},
      {FindingId::kBinlogOff, kCritical, "binlog_off", "A server that takes writes keeps no binary log",
       "Everything since the last backup is lost with it: there is nothing to replay."},
      {FindingId::kLogNotWhole, kCritical, "log_not_whole", "A server's log lacks what it replicated from others",
       "Whoever follows this server, or replays its log, misses those changes."},
      {FindingId::kLogTooShort, kCritical, "log_too_short", "The binary log does not reach back to the newest image",
       "What was written between the image and the oldest log file cannot be brought back."},
      {FindingId::kNoImage, kCritical, "no_image", "The vault holds no image",
       "There is nothing to start from: a log alone brings nothing back."},
      {FindingId::kRelayNotFollowing, kCritical, "relay_not_following", "The relay does not follow its source",
       "Commits made now are on the source alone."},
      {FindingId::kGuardOpen, kCritical, "guard_open", "The relay lets a DROP through to its replicas",
       "Its rules allow it, so the copies behind it are no safer than any other."},
      {FindingId::kVaultOnSourceDisk, kCritical, "vault_on_source_disk", "The vault lies on the disk of the database",
       "When that disk is lost or full, database and backups are gone together."},

      {FindingId::kDropSpreads, kWarning, "drop_spreads", "One DROP reaches several servers",
       "Replicas protect against broken machines, not against mistakes: they repeat them."},
      {FindingId::kServerNotAsked, kWarning, "server_not_asked", "A server could not be asked",
       "Nothing is known about it, so nothing below speaks of it."},
      {FindingId::kNotAllowed, kWarning, "not_allowed", "Questions were not answered",
       "What they would have shown is missing below; it may be worse than it looks."},
      {FindingId::kReaderNotFound, kWarning, "reader_not_found", "Somebody reads the log who could not be found",
       "It may be a replica with a copy of the data, or a tool. Nothing is known about it."},
      {FindingId::kTooManyServers, kWarning, "too_many_servers", "There are more servers than were asked",
       "The picture is not whole; start again from another server to see the rest."},
      {FindingId::kServerUnsupported, kWarning, "server_unsupported", "A server is not MariaDB",
       "Lifeboat cannot judge it yet."},
      {FindingId::kGalera, kWarning, "galera", "Servers form a Galera cluster",
       "Its members copy a DROP to each other without a log in between: no guard can stand there. Archive and rescue "
       "work."},
      {FindingId::kNoRelay, kWarning, "no_relay", "No relay keeps the log of a server that takes writes",
       "If that server is lost, so is everything since the last backup."},
      {FindingId::kRing, kWarning, "ring", "Servers replicate from each other in a ring",
       "Only one takes writes now. Nothing but a setting keeps the others from it."},
      {FindingId::kWritableReplica, kWarning, "writable_replica", "A replica takes writes",
       "What is written there is nowhere else, makes it differ from its source, and is lost when it is rebuilt."},
      {FindingId::kReplicationStopped, kWarning, "replication_stopped", "A replica has stopped replicating",
       "Its copy grows older from now on."},
      {FindingId::kReplicaBehind, kWarning, "replica_behind", "A replica is behind",
       "If it has to take over, it first has to catch up, or that time is lost."},
      {FindingId::kReplicaFilter, kWarning, "replica_filter", "A replica leaves something out",
       "It is not a whole copy, and cannot take the place of its source."},
      {FindingId::kBinlogFilter, kWarning, "binlog_filter", "A server's binary log leaves databases out",
       "Changes to them can be neither replicated nor replayed."},
      {FindingId::kSharedDomain, kWarning, "shared_domain", "Co-masters number their transactions in one GTID domain",
       "With two writers the numbers run into each other, and replicas stop or skip."},
      {FindingId::kGtidOff, kWarning, "gtid_off", "A replica does not use GTIDs",
       "Pointing it to another server means finding file and position by hand, at night."},
      {FindingId::kStatementFormat, kWarning, "statement_format", "A server logs statements instead of rows",
       "Replayed statements can give other rows than before, and the guard cannot count what they change."},
      {FindingId::kSemiSyncOff, kWarning, "semi_sync_off", "Commits do not wait for a second copy",
       "With the server its last commits are lost, though their clients were told that they are safe."},
      {FindingId::kSemiSyncDegraded, kWarning, "semi_sync_degraded", "Semi-sync is on, but commits do not wait",
       "Acknowledged commits may exist on one machine only."},
      {FindingId::kSyncBinlog, kWarning, "sync_binlog", "The binary log is not synced at each commit",
       "After a power cut the log may lack commits that the database has, and replicas have to be rebuilt."},
      {FindingId::kFlushLog, kWarning, "flush_log", "InnoDB does not sync at each commit",
       "A power cut loses up to a second of acknowledged commits."},
      {FindingId::kLogKeptBriefly, kWarning, "log_kept_briefly", "The binary log is kept for less than two days",
       "If one nightly backup fails, nothing leads from the last good one to now."},
      {FindingId::kUnsafeTables, kWarning, "unsafe_tables", "Tables have an engine without transactions",
       "They cannot be rolled back, may be damaged by a crash, and are not consistent with the rest in a backup."},
      {FindingId::kNoPrimaryKey, kWarning, "no_primary_key", "Tables have no primary key",
       "Replicas and replay search the whole table for each changed row: hours instead of minutes."},
      {FindingId::kDropEverywhere, kWarning, "drop_everywhere", "Accounts may drop every database",
       "One wrong statement by any of them is enough. Applications need no DROP to run."},
      {FindingId::kUnloggedChanges, kWarning, "unlogged_changes", "Accounts may change data without its being logged",
       "With sql_log_bin = 0 a change is in no log: no relay, replica or replay knows of it."},
      {FindingId::kSuperAccount, kWarning, "super_account", "Accounts have SUPER",
       "Whoever takes over such an account can change how the server runs."},
      {FindingId::kClockSkew, kWarning, "clock_skew", "A server's clock differs from this host's",
       "Times in the log are then not what people remember: \"five minutes before the DROP\" points elsewhere."},
      {FindingId::kRelayOnSourceHost, kWarning, "relay_on_source_host", "The relay runs on the host of its source",
       "When that host is lost, the second copy of the log is, too."},
      {FindingId::kRelayOnSourceDisk, kWarning, "relay_on_source_disk", "The relay's log lies on the database's disk",
       "When that disk is lost or full, so are both copies of the log."},
      {FindingId::kVaultOnSourceHost, kWarning, "vault_on_source_host", "The vault is on the host of the database",
       "When that host is lost, its backups are, too."},
      {FindingId::kReplicaOnSourceHost, kWarning, "replica_on_source_host", "A copy runs on the host of its source",
       "When that host is lost, both are."},
      {FindingId::kVaultNotRead, kWarning, "vault_not_read", "The vault could not be read",
       "Whether there is an image to start from is not known."},
      {FindingId::kFuseNotUsable, kWarning, "fuse_not_usable", "This host cannot mount an image (FUSE)",
       "A rescue here has to export the whole image first, which takes as long as copying all of it."},
      {FindingId::kRescueServer, kWarning, "rescue_server", "This host's mariadbd does not fit a server",
       "A rescue needs a mariadbd of the same series to start on the image."},
      {FindingId::kRescuePlugin, kWarning, "rescue_plugin", "This host lacks plugins that a server uses",
       "Tables or accounts that need them do not work in a rescue here."},
      {FindingId::kRescueRoom, kWarning, "rescue_room", "This host has not the room for a rescue",
       "A rescued database starts from the vault, but to go on for long all of its data has to fit here."},

      {FindingId::kMixedFormat, kNote, "mixed_format", "A server logs some changes as statements (MIXED)",
       "The guard cannot count the rows that such statements change."},
      {FindingId::kDropDatabase, kNote, "drop_database", "Accounts may drop what is in single databases",
       "Worth a look: applications need no DROP to run, only their migrations do."},
  };
  return kKinds;
}

std::string_view severity_name(FindingSeverity severity) {
  switch (severity) {
    case FindingSeverity::kCritical:
      return "critical";
    case FindingSeverity::kWarning:
      return "warning";
    case FindingSeverity::kNote:
      break;
  }
  return "note";
}

const FindingKind& kind_of(FindingId id) {
  const auto found = std::ranges::find(finding_kinds(), id, &FindingKind::id);
  LIFEBOAT_CHECK(found != finding_kinds().end());
  return *found;
}

void Findings::add(FindingId id, Evidence evidence, const std::vector<Remedy>& remedies) {
  const FindingKind* const kind = &kind_of(id);
  auto at = std::ranges::find(found_, kind, &Finding::kind);
  if (at == found_.end()) {
    found_.push_back({.kind = kind, .evidence = {}, .remedies = {}});
    at = std::prev(found_.end());
  }
  at->evidence.push_back(std::move(evidence));
  for (const Remedy& each : remedies) {
    const bool known = std::ranges::any_of(
        at->remedies, [&](const Remedy& other) { return other.where == each.where && other.text == each.text; });
    if (!known) at->remedies.push_back(each);
  }
}

std::vector<Finding> Findings::sorted() const {
  std::vector<Finding> out = found_;
  std::ranges::sort(out, std::less<>{}, &Finding::kind);  // the table's order: kinds are elements of one vector
  return out;
}

Remedy sql_on(const std::string& server, std::string statement) {
  return {.where = "SQL on " + server, .text = std::move(statement)};
}

Remedy option_on(const std::string& server, std::string line) {
  return {.where = "my.cnf of " + server + ", [mysqld]", .text = std::move(line)};
}

Remedy shell_here(std::string command) {
  return {.where = "shell on this host", .text = std::move(command)};
}

}  // namespace lifeboat::rescue
