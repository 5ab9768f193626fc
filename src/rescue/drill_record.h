/// What a drill found, and its JSON as it stands in the proof; docs/guide/drill.md lists the members.
/// Threads: values. Errors: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/units.h"
#include "rescue/objective.h"
#include "rescue/rescue_record.h"

namespace lifeboat::rescue {

/// How far a drill goes. Each from kBoot on does what those before it do, but for kSql, which needs assertions, and
/// kEqual, which needs the source; where they are given, any level from there on uses them.
enum class DrillLevel : std::uint8_t {
  kScrub,    ///< every byte of the vault is read and checked; nothing is booted
  kBoot,     ///< the image boots, is whole by schema, and CHECK TABLE says so
  kSql,      ///< and what people expect of it holds
  kReplay,   ///< and the log is replayed to now
  kEqual,    ///< and its rows are the source's, at one GTID
  kHydrate,  ///< and all of it is fetched, so that it no longer needs the vault
};
std::string_view drill_level_name(DrillLevel level);
/// In order.
const std::vector<std::string>& drill_level_names();
/// kUsage for a name that is none.
DrillLevel drill_level_of(std::string_view name);

/// One phase, measured: what a forecast learns from.
struct DrillPhase {
  std::string name;
  SystemTime begun;
  std::optional<double> seconds;      ///< nothing: it did not come to its end
  std::optional<std::uint64_t> work;  ///< nothing: not known
  std::string unit;                   ///< of it: "bytes", "files", "tables", "rows", "objects"
  bool recovers = false;              ///< a rescue has it, too; else it is the drill's alone
};

/// Why a drill failed: one of perhaps several reasons.
struct DrillFailure {
  std::string check;  ///< "boot", "schema", "equality", "objective", …
  Code code = Code::kCorruption;
  std::string what;
  std::string hint;
};

/// What equality was looked at for.
struct DrillCoverage {
  struct Table {
    std::string name;
    std::uint64_t chunks = 0;
    std::uint64_t rows = 0;
  };
  std::vector<Table> compared;
  std::vector<RescueNote> not_compared;  ///< tables, and why
  std::uint64_t snapshots = 0;           ///< taken on the source
  double longest_snapshot_seconds = 0;
  std::uint64_t rows = 0;
};

struct DrillRecord {
  std::string id;
  DrillLevel level = DrillLevel::kReplay;
  std::string image;
  std::uint64_t image_bytes = 0;
  std::string key;                    ///< that opened the vault: "passphrase", "recovery"
  std::string server;                 ///< version of the one that was booted; empty: none was
  std::string start;                  ///< position of the image; empty: not known
  std::string gtid;                   ///< up to which it was brought; empty: as `start`
  std::string log;                    ///< whose log was replayed, as its directory is called; empty: none was
  std::string source;                 ///< it was compared with; empty: with none
  std::vector<std::string> left_out;  ///< GTIDs, as a rescue would
  SystemTime begun;
  std::vector<DrillPhase> phases;
  std::vector<RescueNote> checks;     ///< that were made, and what they found
  std::vector<RescueNote> not_known;  ///< what nobody could say, and why
  std::vector<DrillFailure> failures;
  std::optional<DrillCoverage> coverage;
  Objective objective;
  /// From the beginning until a rescue would have been ready; nothing: it did not get there, or was not to.
  std::optional<double> back_seconds;
  std::optional<double> lost_seconds;  ///< of what was committed; nothing: not known
  json::object conditions;
  json::object inventory;      ///< see drill_schema.h
  std::string inventory_gtid;  ///< as of which that was; rows are compared later

  bool passed() const { return failures.empty(); }
};

/// All of it but image, id, time and whether it passed, which a proof says of itself.
json::object to_json(const DrillRecord& record);

/// What a rescue's error advises, as advice to who drills.
std::string drill_hint(std::string hint);

/// A member of a proof that is text; empty where it has none, as an older one may.
std::string text_in(const json::object& object, std::string_view key);
/// "replay 0.4 s, check 0.1 s", one line for people; and all of a proof, in a few lines.
std::string describe_drill(const json::object& proof);

}  // namespace lifeboat::rescue
