// `lifeboat status`: whether production is protected now, and why not; exit status 7 if it is not.

#include "base/printable.h"
#include "cli/branch_options.h"
#include "cli/commands.h"
#include "cli/relay_directory.h"
#include "relay/status_file.h"
#include "rescue/cut_over.h"
#include "rescue/homecoming.h"
#include "rescue/protection.h"

namespace lifeboat::cli {
namespace {

struct StatusOptions {
  std::string directory;
  std::string state;
};

/// Of the relay that is named, or the only one that runs on this host.
std::optional<json::object> find_relay_status(const std::string& directory) {
  try {
    return relay::find_status(relay_directory(directory));
  } catch (const Exception& e) {
    if (!directory.empty() || e.code() != Code::kNotFound) throw;
    return std::nullopt;
  }
}

/// What a rescue has left to be done.
std::vector<std::string> notes_of(const Path& state_root) {
  std::vector<std::string> notes;
  for (const rescue::RescueRecord& record : rescue::find_rescues(state_root)) {
    if (cut_over_state(record) != rescue::CutOverState::kSwitched) continue;
    if (finish_state(record) == rescue::FinishState::kHome) continue;
    const auto branch = server::find_branch(state_root, record.branch());
    if (!branch || branch->state != server::BranchState::kRunning) continue;
    if (rescue::replaced_by_another(record)) continue;
    notes.push_back(
        format("production runs on branch {}, in a volume: bring it home: lifeboat rescue finish {} "
               "--directory DIRECTORY",
               branch->name, record.name));
  }
  return notes;
}

json::array to_json(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

void run(Context& context, const StatusOptions& options) {
  const Path state_root = branch_state_root(options.state);
  const auto relay = find_relay_status(options.directory);
  const rescue::Protection protection =
      judge_protection(relay, relay && relay::is_running(*relay), rescue::living_standbys(state_root));
  const std::vector<std::string> notes = notes_of(state_root);
  std::string text = format("{}\n", protection_name(protection.state));
  for (const std::string& reason : protection.reasons) text += format("  {}\n", printable(reason));
  for (const std::string& note : notes) text += format("{}\n", printable(note));
  context.print(json::object{{"status", protection_name(protection.state)},
                             {"reasons", to_json(protection.reasons)},
                             {"notes", to_json(notes)}},
                text);
  if (protection.state != rescue::ProtectionState::kProtected) context.end_with(Code::kUnavailable);
}

}  // namespace

void add_status(CLI::App& app, Context& context) {
  add_command<StatusOptions>(
      app, context, "status", "Say whether production is protected now, and what is missing", "lifeboat status",
      [](Command& command, StatusOptions& options) {
        command.add_option("--dir", options.directory, "the relay's directory (default: of the one that runs)");
        add_branch_state_option(command, options.state);
      },
      run);
}

}  // namespace lifeboat::cli
