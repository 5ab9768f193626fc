// `lifeboat branch start`: an image mounted and booted: a server that answers, on changes of its own.

#include "base/cancel.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/units.h"
#include "cli/branch_options.h"
#include "cli/commands.h"
#include "cli/volume_options.h"
#include "server/branch.h"

namespace lifeboat::cli {
namespace {

constexpr std::chrono::milliseconds kPatience = std::chrono::minutes(10);

struct Options {
  std::string image;
  std::string name;
  std::string server;
  std::string user;
  std::string password_file;
  std::string state;
  std::string space;
  std::uint16_t port = 0;
  bool until_ready = false;
  bool no_hydrate = false;
};

void add_options(Command& command, Options& options) {
  command.add_option("IMAGE", options.image, "image name, unique prefix, or \"latest\"; left out to resume --name");
  command.add_option("--name", options.name, "name of the branch (default: the image's)");
  command.add_option("--port", options.port, "port on 127.0.0.1 (default: a free one)").between(1, 65535);
  command.add_flag("--until-ready", options.until_ready, "wait however long recovery takes, not only ten minutes");
  command.add_option("--server", options.server, "the mariadbd to run (default: this host's)");
  command.add_option("--user", options.user,
                     "account for the first query (default: by unix socket, as you and as root)");
  command.add_option("--password-file", options.password_file, "file that holds its password");
  add_space_option(command, options.space);
  add_no_hydrate_option(command, options.no_hydrate);
  add_branch_state_option(command, options.state);
}

/// Said before the server starts, so that a long recovery is no surprise.
void say_what_comes(const server::ServerInfo& info, const server::BranchRecord& record) {
  std::string redo = "how much redo is to be applied is not known";
  constexpr std::uint64_t kCheckpointRecord = 64;
  if (info.redo_to_apply) {
    redo = *info.redo_to_apply < kCheckpointRecord ? "no redo to apply: it was shut down cleanly"
                                                   : format("{} of redo to apply", format_size(*info.redo_to_apply));
  }
  log::info("branch {}: starting MariaDB {} on image {}; {}", record.name, record.version, record.image, redo);
  log::info("it will not replicate, run events, follow federated links or listen beyond this host");
}

std::string describe(const server::StartedBranch& started) {
  const server::BranchRecord& record = started.record;
  std::string out = format("branch  {}\nsocket  {}\nport    {}\n", record.name, record.socket.string(), record.port);
  if (started.answered) {
    out += format("first query answered after {:.2f} s\n", *record.first_query_seconds);
  } else if (started.ready) {
    out += format("up after {:.2f} s; no query was run, since it refused the login: {}\n", *record.first_query_seconds,
                  started.why_not);
  }
  return out + format("\nConnect with: mariadb --socket={}\nEnd it with:  lifeboat branch stop {}",
                      shell_word(record.socket.string()), record.name);
}

json::object result_json(const server::StartedBranch& started) {
  json::object out = branch_to_json(started.record);
  out["answered"] = started.answered;
  out["mount_seconds"] = started.mount_seconds;
  out["boot_seconds"] = started.boot_seconds;
  if (started.at_boot.redo_to_apply) out["redo_to_apply"] = *started.at_boot.redo_to_apply;
  return out;
}

server::BranchRequest to_request(const Context& context, const Options& options) {
  server::BranchRequest request = branch_request(context, options.state, options.space);
  request.image = options.image;
  request.name = options.name;
  request.binary = options.server;
  request.port = options.port;
  request.logins = server::control_logins(options.user, options.password_file);
  if (!options.until_ready) request.patience = kPatience;
  request.mount.hydrate = !options.no_hydrate;
  request.on_boot = say_what_comes;
  return request;
}

void run(Context& context, const Options& options) {
  const server::BranchRequest request = to_request(context, options);
  stop_on_signals();
  const server::StartedBranch started = server::start_branch(request);
  if (!started.ready) {
    fail(Code::kTimeout,
         format("branch {}: the server has not answered yet; it goes on recovering", started.record.name),
         format("See {} for its progress, and lifeboat branch ls for when it is ready.",
                started.record.error_log().string()));
  }
  if (!started.answered) log::warn("the server is up, but no query was run: {}", started.why_not);
  context.print(result_json(started), describe(started));
}

}  // namespace

void add_branch_start(CLI::App& noun, Context& context) {
  add_command<Options>(noun, context, "start", "Boot an image: mount it and run a MariaDB server on it",
                       "lifeboat branch start latest --name rescue", add_options, run);
}

}  // namespace lifeboat::cli
