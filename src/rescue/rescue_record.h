/// What is known of a rescue, on disk: `<state root>/rescues/<name>/rescue.json`, written durably before and after each
/// phase, so that the same command goes on after a kill. `log/` beside it holds the log of a rescue from the vault
/// alone, `lock` is held by who works on it.
/// Threads: functions without state. Errors: Exception; a record that cannot be read is kCorruption.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "base/units.h"

namespace lifeboat::rescue {

struct RescuePhase {
  /// "log", "mount", "boot", "replay", "check", "cut over"; of a standby "take over", "skip", "catch up" instead of
  /// those from "mount" to "replay"
  std::string name;
  SystemTime begun;
  std::optional<double> seconds;  ///< nothing: not through
};

struct RescueNote {
  std::string subject;  ///< a GTID, an image, a check
  std::string said;
};

struct RescueRecord {
  std::string name;
  Path directory;
  json::object request;             ///< as asked for, so that another is not taken for this one
  json::object instead;             ///< the record to go on with if the standby will not do; empty: none
  std::string standby;              ///< that is taken past what is left out; empty: an image is booted
  std::vector<std::string> images;  ///< to be tried, the best first; the first of them is the one in use
  std::string start;                ///< position of the image in use, or the standby; empty: found out when it runs
  bool placed = false;  ///< the image's server was told that it stands there: from then on it says itself where it is
  Path log;             ///< directory of the incarnation
  Path relay;           ///< directory of its relay; empty: the log is a copy from the vault
  std::string until;    ///< position up to which it replays
  std::vector<std::string> skip;  ///< GTIDs left out
  /// Of these what people had the guard skip before: images that hold it are no worse than others.
  std::vector<std::string> skipped_before;
  Path guard;                        ///< directory of the relay that said so; empty: there was none to ask
  std::vector<std::string> holes;    ///< what a standby passed before: its binary log has nothing in place of these
  std::vector<std::string> objects;  ///< that those would have destroyed
  std::string loss;                  ///< what it cannot bring back, for people; empty: nothing is known to be lost
  std::string rest;                  ///< what lies behind `until` and is given up by choice; empty: nothing
  std::vector<RescuePhase> phases;
  std::vector<RescueNote> passed_over;  ///< images that would not do
  std::vector<RescueNote> conflicts;    ///< later transactions left out because they failed
  std::vector<RescueNote> doubtful;     ///< later transactions that may have come out otherwise than on their source
  std::vector<RescueNote> checks;       ///< that it has passed
  bool ready = false;
  json::object cut_over;  ///< see cut_over.h
  json::object finish;    ///< see homecoming.h; empty: it was not begun

  /// Of its server.
  const std::string& branch() const { return standby.empty() ? name : standby; }
  Path log_copy() const { return directory / "log"; }
  /// Whether it is to have all that the log will have, and not only what lies before a moment or a gap.
  bool follows_log() const;
};

Path rescues_directory(const Path& state_root);
/// "rescue-" and what it goes by, as a legal name of a volume.
std::string rescue_name_for(const std::string& target);

/// Whatever has left one in a directory.
std::optional<RescueRecord> find_record(const Path& directory);
std::optional<RescueRecord> find_rescue(const Path& state_root, const std::string& name);
/// kNotFound naming those there are.
RescueRecord open_rescue(const Path& state_root, const std::string& name);
std::vector<RescueRecord> find_rescues(const Path& state_root);
/// Durably; makes its directory.
void save_rescue(const RescueRecord& record);
/// kBusy while another works on it.
FileLock lock_rescue(const RescueRecord& record);

json::object to_json(const RescueRecord& record);
RescueRecord rescue_from_json(const json::object& object);

/// Runs one phase and notes when it began and how long it took. One that was through before is run and timed again.
void run_phase(RescueRecord& record, const std::string& name, const std::function<void()>& work);
/// Notes a phase that ran inside another.
void note_phase(RescueRecord& record, const std::string& name, SystemTime begun, std::optional<double> seconds);
bool phase_is_through(const RescueRecord& record, const std::string& name);

}  // namespace lifeboat::rescue
