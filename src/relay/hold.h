/// A hold: a transaction that the guard lets no replica have until a person decides. What it is about never changes;
/// how it stands is what the audit log adds up to. Threads: values. Errors: hold_from_json throws kCorruption.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/units.h"
#include "binlog/danger.h"
#include "codec/signature.h"

namespace lifeboat::relay {

enum class HoldState : std::uint8_t { kHeld, kReleased, kSkipped };
std::string_view hold_state_name(HoldState state);

/// The replica "id:12", or all of them.
inline constexpr std::string_view kEveryStream = "*";

struct HoldSubject {
  std::string id;  ///< see hold_id
  std::string source;
  std::string incarnation;
  std::string file;
  std::uint64_t position = 0;
  std::string gtid;          ///< empty: the transaction has none
  std::string danger_class;  ///< of its worst effect
  binlog::Severity severity = binlog::Severity::kUnknown;
  std::string statement;  ///< may be cut
  std::vector<std::string> objects;
  std::uint64_t rows = 0;
  std::string account;  ///< empty: the log does not tell
  std::string database;
  std::uint32_t thread_id = 0;
  SystemTime event_time;  ///< when the source ran it
  std::string rule;       ///< that held it; empty: no rule said otherwise
  std::string why;
  std::string shape;  ///< of the statement, without its values
  /// Rows changed in chunks make a run: transactions up to this time that are alike. Nothing: it is no chunk.
  std::optional<SystemTime> run_until;
  bool every_replica = true;  ///< false: rules for some replicas held it, and it binds those that stand before it
};

/// Whether both are chunks of one change: the same class, objects, account and shape, and not before the first.
bool continues_run(const HoldSubject& first, const HoldSubject& next);

/// By the place, the GTID and the time of the transaction alone: a relay that was killed while it wrote comes to the
/// same, and what stands at that place of a log that was begun anew comes to another.
std::string hold_id(const HoldSubject& subject);

struct Approval {
  std::string by;
  codec::PublicKey key{};
  std::string stream;
  bool run = false;  ///< for the rest of the run, too
  SystemTime time;
};

struct HeldStream {
  std::optional<HoldState> decision;  ///< its own; nothing: the hold's
  bool run = false;                   ///< the decision is on the rest of the run, too
  std::optional<SystemTime> arrived;  ///< when it first stood before the transaction
};

struct Hold {
  HoldSubject subject;
  SystemTime since;
  std::string entry_hash;                     ///< of the audit entry that began it: what approvals are bound to
  HoldState state = HoldState::kHeld;         ///< of every stream without a decision of its own
  bool run = false;                           ///< decided with the rest of the run
  std::optional<SystemTime> decided;          ///< when `state` ceased to be kHeld
  std::string decided_by;                     ///< "ann, bob", "os:root"
  std::string break_glass;                    ///< the reason given
  std::map<std::string, HeldStream> streams;  ///< by name
  std::vector<Approval> approvals;            ///< valid ones
  std::map<std::string, std::set<std::string>> notices;  ///< kind → channels that were told
  std::uint64_t covered = 0;                             ///< later transactions that the decision was applied to
  std::uint64_t covered_rows = 0;

  HoldState state_of(std::string_view stream) const;
  /// What was decided for the rest of the run; kHeld: nothing was.
  HoldState run_state_of(std::string_view stream) const;
  /// Two for what destroys; else one.
  std::size_t approvals_needed() const;
  enum class Of : std::uint8_t { kThis, kRun };
  /// For this stream: those for every stream count too, and those of the run for this one. By different keys.
  std::vector<std::string> approved_by(std::string_view stream, Of of = Of::kThis) const;
  bool open() const;
};

json::object subject_to_json(const HoldSubject& subject);
HoldSubject subject_from_json(const json::object& object);
/// As `guard ls --json` prints it, with ages reckoned at `time`.
json::object hold_to_json(const Hold& hold, SystemTime time);
/// What an approver signs; `run`: for the rest of the run, too.
std::string approval_text(const Hold& hold, std::string_view stream, bool run);

/// No single person lets a danger pass sooner than this after it was held.
inline constexpr std::chrono::minutes kBreakGlassAfter{30};

}  // namespace lifeboat::relay
