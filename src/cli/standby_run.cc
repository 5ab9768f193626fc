// `lifeboat standby run`: a replica behind the guard on a volume, kept running and committed; in the foreground until
// it is told to stop.

#include "base/cancel.h"
#include "base/units.h"
#include "cli/branch_options.h"
#include "cli/commands.h"
#include "cli/relay_directory.h"
#include "cli/standby_commands.h"
#include "cli/volume_options.h"
#include "rescue/standby.h"

namespace lifeboat::cli {
namespace {

struct Options {
  std::string name = "standby";
  std::string branch;
  std::string image;
  std::string relay;
  std::string directory;
  std::string user;
  std::string password_file;
  StandbyServerLogin login;
  std::string commit_every = "5m";
  std::string delay = "0s";
  std::string space;
  std::string state;
  bool verify = false;
};

void add_options(Command& command, Options& options) {
  const Option name =
      command.add_option("--name", options.name, "name of the standby, and of its branch").show_default();
  const Option image = command.add_option(
      "--image", options.image, "what to make it from, if it does not exist yet: an image's name, or \"latest\"");
  command.add_option("--branch", options.branch, "make an existing branch the standby, instead of --name and --image")
      .excludes(image)
      .excludes(name);
  command.add_option("--relay", options.relay, "ADDRESS:PORT of the relay (default: as its directory says)");
  command.add_option("--dir", options.directory,
                     "the relay's directory, if it is on this host (default without --relay: the one that runs)");
  command.add_option("--user", options.user, "account that the relay lets in").required();
  command.add_option("--password-file", options.password_file, "file that holds its password").required();
  add_server_login(command, options.login);
  command.add_option("--commit-every", options.commit_every, "an image at least this often, if there is anything new")
      .show_default();
  command.add_option("--delay", options.delay, "apply what is at least this old only").show_default();
  command.add_flag("--verify", options.verify, "boot each image and check its position (the first is in any case)");
  add_space_option(command, options.space);
  add_branch_state_option(command, options.state);
}

std::chrono::seconds whole_seconds(const std::string& text, std::string_view option) {
  const std::chrono::milliseconds duration = parse_duration(text);
  if (duration.count() % 1000 != 0) fail(Code::kUsage, format("{} {}: whole seconds", option, text));
  return std::chrono::duration_cast<std::chrono::seconds>(duration);
}

rescue::StandbyOptions to_standby(const Context& context, const Options& options) {
  rescue::StandbyOptions standby;
  standby.name = options.branch.empty() ? options.name : options.branch;
  standby.image = options.image;
  if (!options.relay.empty()) standby.relay = net::Endpoint::parse(options.relay);
  if (options.relay.empty() || !options.directory.empty()) standby.relay_directory = relay_directory(options.directory);
  standby.user = options.user;
  standby.password = codec::Secret(read_secret_file(options.password_file));
  standby.commit_every = parse_duration(options.commit_every);
  if (standby.commit_every < std::chrono::seconds(1)) fail(Code::kUsage, "--commit-every: at least 1s");
  standby.delay = whole_seconds(options.delay, "--delay");
  standby.prove_each = options.verify;
  standby.boot = standby_boot_request(context, options.state, options.login);
  standby.boot.mount.space_max = options.space.empty() ? 0 : parse_size(options.space);
  standby.logins = standby.boot.logins;
  return standby;
}

void run(Context& context, const Options& options) {
  const rescue::StandbyOptions standby = to_standby(context, options);
  stop_on_signals();
  rescue::run_standby(standby, stop_requested());
  context.print(json::object{{"standby", standby.name}, {"state", "stopped"}},
                format("standby {} is stopped; it goes on where it is with the same command", standby.name));
}

}  // namespace

void add_standby_run(CLI::App& noun, Context& context) {
  add_command<Options>(noun, context, "run", "Replicate behind the guard on a volume, and commit it every few minutes",
                       "lifeboat standby run --image latest --dir relay.d --user lifeboat --password-file pw",
                       add_options, run);
}

}  // namespace lifeboat::cli
