// `lifeboat standby commit`: an image of a running standby at once.

#include "rescue/standby_commit.h"

#include "cli/commands.h"
#include "cli/standby_commands.h"

namespace lifeboat::cli {
namespace {

struct Options {
  StandbyChoice standby;
  StandbyServerLogin login;
  bool verify = false;
};

void run(Context& context, const Options& options) {
  const server::BranchRecord branch = open_standby(options.standby);
  if (branch.state != server::BranchState::kRunning) {
    fail(Code::kUnavailable,
         format("standby {} does not run ({})", branch.name, server::branch_state_name(branch.state)),
         "Start it with the lifeboat standby run that it was made with.");
  }
  const server::BranchRequest boot = standby_boot_request(context, options.standby.state, options.login);
  const rescue::StandbyCommit made =
      rescue::commit_standby({.branch = branch,
                              .source = rescue::find_standby_origin(branch.directory)->source,
                              .logins = boot.logins,
                              .prove = options.verify,
                              .boot = boot});
  context.print(rescue::to_json(made),
                format("image {} at {} in {:.1f} s; the standby's commits were held for {:.1f} ms{}", made.image,
                       made.gtid.format(), made.seconds, made.block_ms,
                       made.last_proven == made.image ? "; booted, it says the same" : ""));
}

}  // namespace

void add_standby_commit(CLI::App& noun, Context& context) {
  add_command<Options>(
      noun, context, "commit", "Make an image of a running standby at once", "lifeboat standby commit",
      [](Command& command, Options& options) {
        add_standby_choice(command, options.standby);
        add_server_login(command, options.login);
        command.add_flag("--verify", options.verify, "boot the image and check its position");
      },
      run);
}

}  // namespace lifeboat::cli
