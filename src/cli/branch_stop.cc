// `lifeboat branch stop`: ends a branch's server and unmounts its volume; what it changed stays.

#include "base/log.h"
#include "base/units.h"
#include "cli/branch_options.h"
#include "cli/commands.h"
#include "server/branch.h"

namespace lifeboat::cli {
namespace {

struct Options : BranchOptions {
  std::string patience = "60s";
};

void run(Context& context, const Options& options) {
  const server::BranchRecord record = server::open_branch(branch_state_root(options.state), options.branch);
  const bool politely = server::stop_branch(record, parse_duration(options.patience));
  if (!politely) log::warn("the server did not end in time and was killed");
  context.print(
      json::object{{"branch", record.name}, {"state", "stopped"}, {"killed", !politely}},
      format("branch {} is stopped; start it again with: lifeboat branch start --name {}", record.name, record.name));
}

}  // namespace

void add_branch_stop(CLI::App& noun, Context& context) {
  add_command<Options>(
      noun, context, "stop", "End a branch's server and unmount its volume; its changes stay",
      "lifeboat branch stop rescue",
      [](Command& command, Options& options) {
        add_branch_options(command, options);
        command.add_option("--patience", options.patience, "how long the server may take before it is killed");
      },
      run);
}

}  // namespace lifeboat::cli
