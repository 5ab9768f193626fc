// `lifeboat branch tend`: the process beside a branch that ends its server when its volume dies.

#include "base/log.h"
#include "cli/branch_options.h"
#include "cli/commands.h"
#include "server/branch.h"

namespace lifeboat::cli {
namespace {

void run(Context& context, const BranchOptions& options) {
  const server::BranchRecord record = server::open_branch(branch_state_root(options.state), options.branch);
  const bool killed = server::tend_branch(record);
  if (killed) {
    log::error(
        "branch {}: its volume's process ended, and its server with it; go on with: lifeboat branch start --name {}",
        record.name, record.name);
  }
  context.print(json::object{{"branch", record.name}, {"server_killed", killed}},
                format("branch {}: {}", record.name, killed ? "volume dead, server killed" : "server ended"));
}

}  // namespace

void add_branch_tend(CLI::App& noun, Context& context) {
  add_command<BranchOptions>(noun, context, "tend",
                             "Wait, and end a branch's server if its volume dies (`branch start` runs this by itself)",
                             "lifeboat branch tend rescue", add_branch_options, run);
}

}  // namespace lifeboat::cli
