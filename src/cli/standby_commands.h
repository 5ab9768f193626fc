/// The commands of `lifeboat standby`, one function each, in the file of its name, and what they share.
#pragma once

#include "cli/command.h"
#include "server/branch.h"

namespace lifeboat::cli {

void add_standby_run(CLI::App& noun, Context& context);
void add_standby_status(CLI::App& noun, Context& context);
void add_standby_commit(CLI::App& noun, Context& context);

/// Which standby, and how to log in to its server.
struct StandbyChoice {
  std::string name;
  std::string state;
};
void add_standby_choice(Command& command, StandbyChoice& choice);
/// By name, or the only one there is. kNotFound, kUsage naming the candidates.
server::BranchRecord open_standby(const StandbyChoice& choice);

struct StandbyServerLogin {
  std::string user;
  std::string password_file;
};
void add_server_login(Command& command, StandbyServerLogin& login);

/// As every start of the standby and of branches that prove its images needs it.
server::BranchRequest standby_boot_request(const Context& context, const std::string& state,
                                           const StandbyServerLogin& login);

}  // namespace lifeboat::cli
