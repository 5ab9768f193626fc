/// What the branch commands have in common.
#pragma once

#include "cli/command.h"
#include "server/branch.h"

namespace lifeboat::cli {

struct BranchOptions {
  std::string branch;
  std::string state;
};

inline void add_branch_state_option(Command& command, std::string& state) {
  command.add_option("--state", state, "directory of local state (default: LIFEBOAT_STATE, else the system's)");
}

inline void add_branch_options(Command& command, BranchOptions& options) {
  command.add_option("BRANCH", options.branch, "name of the branch").required();
  add_branch_state_option(command, options.state);
}

inline Path branch_state_root(const std::string& option) {
  return std::filesystem::absolute(option.empty() ? volume::default_state_root() : Path(option));
}

/// What a request for a branch has from the options that every such command takes. `space`: empty for no bound. Refers
/// to the context until the branch is started.
server::BranchRequest branch_request(const Context& context, const std::string& state, const std::string& space = {});

json::object branch_to_json(const server::BranchRecord& record);

}  // namespace lifeboat::cli
