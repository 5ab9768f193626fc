// `lifeboat standby status`: how a standby does; exit status 7 if all is not well.

#include "rescue/standby_status.h"

#include "base/cancel.h"
#include "base/printable.h"
#include "base/units.h"
#include "cli/branch_options.h"
#include "cli/commands.h"
#include "cli/standby_commands.h"

namespace lifeboat::cli {
namespace {

std::chrono::milliseconds since(SystemTime time) {
  return std::max(now() - time, std::chrono::milliseconds(0));
}

std::string state_text(const rescue::StandbyStatus& status) {
  if (!status.process.alive()) return format("not running; it last spoke at {}", format_time(status.updated));
  const std::string lag = status.lag_seconds ? format("{:.0f} s behind", *status.lag_seconds) : "lag not known now";
  const std::string delay = status.delay.count() == 0 ? "" : format(" (meant to be {})", format_duration(status.delay));
  return format("{}, {}{}", rescue::standby_state_name(status.state), lag, delay);
}

std::string commit_text(const rescue::StandbyStatus& status) {
  if (!status.last_commit) return "none yet";
  const rescue::StandbyCommit& commit = *status.last_commit;
  const std::string current = commit.gtid.format() == status.gtid ? ", nothing new since" : "";
  const std::string proven = commit.last_proven.empty() ? "no image proven yet"
                             : commit.last_proven == commit.image
                                 ? "proven"
                                 : format("the newest proven is {}", commit.last_proven);
  return format("{} at {}, {} old{}; {}", commit.image, commit.gtid.format(), format_duration(since(commit.time)),
                current, proven);
}

std::string held_text(const rescue::StandbyStatus& status) {
  if (!status.holds_known) return "held      not known: the relay is on another host; ask it with lifeboat guard ls\n";
  if (!status.held) return "";
  return format("held      {} {} {} ({}): the standby stands as of {}. lifeboat guard show {}\n", status.held->id,
                status.held->danger_class, printable(status.held->objects), status.held->gtid,
                format_time(status.held->event_time), status.held->id);
}

std::string status_text(const rescue::StandbyStatus& status) {
  std::string text = format("standby   {} of {}, from the relay at {}\n", status.name, status.source, status.relay);
  text += format("state     {}\napplied   {}\nimage     {}\n", state_text(status), status.gtid, commit_text(status));
  text += held_text(status);
  if (!status.problem.empty()) text += format("problem   {}\n", printable(status.problem));
  if (!status.problem.empty() && !status.hint.empty()) text += format("hint      {}\n", printable(status.hint));
  return text;
}

std::string taken_text(const rescue::StandbyTaken& taken) {
  return format(
      "promoted  by rescue {} at {}: it is no standby any more; that was its last word. See: lifeboat rescue ls\n",
      taken.rescue, format_time(taken.time));
}

void run(Context& context, const StandbyChoice& choice) {
  const server::BranchRecord branch = open_standby(choice);
  const auto status = rescue::find_standby_status(branch.directory);
  if (!status) {
    fail(Code::kNotFound, format("standby {} has not run yet", branch.name), "Start it: lifeboat standby run --help");
  }
  const auto taken = rescue::find_standby_taken(branch.directory);
  const bool well = rescue::is_well(*status) && !taken;
  json::object object = rescue::to_json(*status, now());
  object["running"] = status->process.alive();
  object["well"] = well;
  object["taken_by"] = taken ? json::value(taken->rescue) : json::value(nullptr);
  context.print(object, status_text(*status) + (taken ? taken_text(*taken) : std::string()));
  if (!well) context.end_with(Code::kUnavailable);
}

}  // namespace

void add_standby_choice(Command& command, StandbyChoice& choice) {
  command.add_option("NAME", choice.name, "name of the standby; may be left out if there is only one");
  add_branch_state_option(command, choice.state);
}

server::BranchRecord open_standby(const StandbyChoice& choice) {
  const Path root = branch_state_root(choice.state);
  std::vector<server::BranchRecord> found;
  std::vector<std::string> names;
  for (server::BranchRecord& record : server::find_branches(root)) {
    if (!rescue::find_standby_origin(record.directory)) continue;
    names.push_back(record.name);
    if (choice.name.empty() || choice.name == record.name) found.push_back(std::move(record));
  }
  if (found.size() == 1) return std::move(found.front());
  const std::string known = names.empty() ? "There is none here; make one with: lifeboat standby run"
                                          : lifeboat::format("There are: {}.", fmt::join(names, ", "));
  if (found.empty()) {
    fail(Code::kNotFound,
         choice.name.empty() ? "there is no standby" : format("standby {} does not exist", choice.name), known);
  }
  fail(Code::kUsage, "there are several standbys", known);
}

void add_server_login(Command& command, StandbyServerLogin& login) {
  command.add_option(
      "--server-user", login.user,
      "account of the database for the standby's own server (default: by unix socket, as you and as root)");
  command.add_option("--server-password-file", login.password_file, "file that holds its password");
}

server::BranchRequest standby_boot_request(const Context& context, const std::string& state,
                                           const StandbyServerLogin& login) {
  server::BranchRequest request = branch_request(context, state);
  request.logins = server::control_logins(login.user, login.password_file);
  return request;
}

void add_standby_status(CLI::App& noun, Context& context) {
  add_command<StandbyChoice>(noun, context, "status", "Show how a standby does: lag, its newest image, what is held",
                             "lifeboat standby status", add_standby_choice, run);
}

}  // namespace lifeboat::cli
