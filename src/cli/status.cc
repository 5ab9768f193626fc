// `lifeboat status`: whether production is protected now, and why not; exit status 7 if it is not.

#include "base/printable.h"
#include "cli/branch_options.h"
#include "cli/commands.h"
#include "cli/relay_directory.h"
#include "relay/status_file.h"
#include "rescue/history_identity.h"
#include "rescue/log_choice.h"
#include "rescue/protection.h"

namespace lifeboat::cli {
namespace {

/// Two of a ring are never read in the same moment.
constexpr std::chrono::seconds kCatchUpPatience{3};

struct StatusOptions {
  std::string directory;
  std::string state;
};

/// Of the relay that is named, or the only one that runs on this host; empty: there is none.
Path find_relay(const std::string& directory) {
  try {
    return relay_directory(directory);
  } catch (const Exception& e) {
    if (!directory.empty() || e.code() != Code::kNotFound) throw;
    return {};
  }
}

rescue::ProtectionView view_of(const Path& state_root, const Path& relay) {
  rescue::ProtectionView view{.relay = std::nullopt,
                              .running = false,
                              .standbys = rescue::living_standbys(state_root),
                              .places = rescue::rescues_in_place(state_root, relay),
                              .switches = rescue::switches_left(state_root),
                              .has_all_of =
                                  [relay](const std::string& source, const std::string& other) {
                                    return rescue::log_has_all_of(relay, rescue::log_name_of(source),
                                                                  rescue::log_name_of(other), kCatchUpPatience);
                                  },
                              .time = now()};
  if (!relay.empty()) view.relay = relay::find_status(relay);
  view.running = view.relay && relay::is_running(*view.relay);
  return view;
}

/// What a rescue has left to be done.
std::vector<std::string> notes_of(const std::vector<rescue::InPlace>& places) {
  std::vector<std::string> notes;
  for (const rescue::InPlace& place : places) {
    notes.push_back(
        format("production runs on branch {}, in a volume: bring it home: lifeboat rescue finish {} "
               "--directory DIRECTORY",
               place.branch, place.rescue));
  }
  return notes;
}

json::array to_json(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

void run(Context& context, const StatusOptions& options) {
  const Path state_root = branch_state_root(options.state);
  const rescue::ProtectionView view = view_of(state_root, find_relay(options.directory));
  const rescue::Protection protection = judge_protection(view);
  const std::vector<std::string> notes = notes_of(view.places);
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
