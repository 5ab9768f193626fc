// `lifeboat branch ls`: the branches of this host and how they are.

#include "base/units.h"
#include "cli/branch_options.h"
#include "cli/commands.h"
#include "cli/volume_options.h"
#include "server/connection.h"

namespace lifeboat::cli {
namespace {

struct Options {
  std::string state;
};

/// "recovering" while a running server does not greet yet.
std::string state_text(const server::BranchRecord& record) {
  if (record.state == server::BranchState::kRunning) {
    const auto found = server::knock(record.socket, server::control_logins("", ""), std::chrono::seconds(1));
    if (found.knock == server::Knock::kSilent) return "recovering";
  }
  return std::string(server::branch_state_name(record.state));
}

void run(Context& context, const Options& options) {
  say_if_absent(branch_state_root(options.state));
  json::array list;
  std::vector<std::vector<std::string>> table = {{"branch", "state", "port", "image", "socket"}};
  for (const server::BranchRecord& record : server::find_branches(branch_state_root(options.state))) {
    json::object object = branch_to_json(record);
    const std::string state = state_text(record);
    object["state"] = state;
    list.emplace_back(std::move(object));
    table.push_back({record.name, state, format("{}", record.port), record.image, record.socket.string()});
  }
  context.print(list, format_table(table));
}

}  // namespace

json::object branch_to_json(const server::BranchRecord& record) {
  json::object out{{"branch", record.name},
                   {"image", record.image},
                   {"socket", record.socket.string()},
                   {"port", record.port},
                   {"first_query_seconds", nullptr},
                   {"volume", record.name},
                   {"data_directory", record.data_directory().string()},
                   {"error_log", record.error_log().string()},
                   {"version", record.version},
                   {"pid", record.process.pid},
                   {"started", format_time(record.started)}};
  if (record.first_query_seconds) out["first_query_seconds"] = *record.first_query_seconds;
  return out;
}

void add_branch_ls(CLI::App& noun, Context& context) {
  add_command<Options>(
      noun, context, "ls", "List the branches of this host", "lifeboat branch ls",
      [](Command& command, Options& options) { add_branch_state_option(command, options.state); }, run);
}

}  // namespace lifeboat::cli
