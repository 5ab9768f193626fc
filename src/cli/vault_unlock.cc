// `lifeboat vault unlock`: ends the sessions of processes that are gone.

#include "base/error.h"
#include "cli/commands.h"
#include "cli/housekeeping.h"

namespace lifeboat::cli {
namespace {

struct Options {
  std::string force;
  bool dry_run = false;
};

/// Those to be ended: dead ones, or the one that a person says is dead.
std::vector<vault::SessionInfo> chosen(std::vector<vault::SessionInfo> sessions, const std::string& force) {
  if (force.empty()) {
    std::erase_if(sessions, &vault::SessionInfo::alive);
    return sessions;
  }
  std::erase_if(sessions, [&](const vault::SessionInfo& s) { return !vault::id_text(s.id).starts_with(force); });
  if (sessions.size() == 1) return sessions;
  fail(sessions.empty() ? Code::kNotFound : Code::kUsage, format("'{}' names {} sessions", force, sessions.size()),
       "List them with: lifeboat vault stat");
}

void run(Context& context, const Options& options) {
  const auto vault = context.open_vault();
  json::array ended;
  std::string text;
  for (const vault::SessionInfo& session : chosen(vault::list_sessions(*vault), options.force)) {
    bool gone = true;
    if (!options.dry_run) {
      gone = session.ended || vault::end_session(*vault, session);
      if (gone) vault::remove_session(*vault, session);
    }
    if (!gone) {
      text += format("session {} has just been renewed: its process is alive\n", vault::id_text(session.id));
      continue;
    }
    ended.push_back(session_to_json(session));
    text += format("session {} {}: {}\n", vault::id_text(session.id), options.dry_run ? "would be ended" : "ended",
                   session.text());
  }
  context.print(ended, text.empty() ? "no dead sessions" : text);
}

}  // namespace

void add_vault_unlock(CLI::App& noun, Context& context) {
  add_command<Options>(
      noun, context, "unlock", "End the sessions of processes that are gone", "lifeboat vault unlock --dry-run",
      [](Command& command, Options& options) {
        command.add_option("--force", options.force,
                           "end this session though it has not expired: its process is known to be dead");
        command.add_flag("--dry-run", options.dry_run, "only say what would be ended");
      },
      run);
}

}  // namespace lifeboat::cli
