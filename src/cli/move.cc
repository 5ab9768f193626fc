// `lifeboat move`: production goes to a plain directory of this host from a server that is well, and is to be left.

#include "base/cancel.h"
#include "base/error.h"
#include "cli/relay_directory.h"
#include "cli/rescue_commands.h"
#include "relay/relay.h"

namespace lifeboat::cli {
namespace {

struct MoveOptions {
  std::string source;
  std::vector<std::string> fence;
  std::vector<std::string> password_files;
  std::string relay;
  HomeOptions home;
  RescueBranchOptions branch;
};

void add_move_options(Command& command, MoveOptions& options) {
  command.add_option("--source", options.source, "mysql://USER@HOST:PORT that production runs on").required();
  command.add_option("--fence", options.fence,
                     "another that takes writes and has to stop, as in a ring; several times");
  command
      .add_option("--password-file", options.password_files,
                  "file with the account's password: one, or one for each server")
      .required();
  command.add_option("--dir", options.relay, "the relay's directory (default: of the one that runs)");
  add_home_options(command, options.home);
  add_rescue_account_options(command, options.branch);
}

/// A move that came to its end before: production may have come back since, and is to go there, or elsewhere, again.
bool is_of_another_day(const rescue::RescueRecord& record, const Path& directory) {
  if (finish_state(record) != rescue::FinishState::kHome) return false;
  if (json_string(record.finish, "directory") != directory) return true;
  return !std::filesystem::exists(directory) || list_directory(directory).empty();
}

void move(Context& context, const MoveOptions& options) {
  stop_on_signals();
  const rescue::RescueMeans means = rescue_means(context, options.branch);
  std::vector<std::string> servers{options.source};
  servers.insert(servers.end(), options.fence.begin(), options.fence.end());
  std::vector<relay::SourceLogin> logins = logins_of(servers, options.password_files);
  const std::string name = format("move-{}", relay::source_name(logins.front().address.endpoint));
  rescue::RescueRecord record;
  record.name = name;
  record.directory = means.branch.mount.state_root / "moves" / name;
  const FileLock lock = lock_rescue(record);
  const rescue::HomecomingOrder order = to_homecoming(options.home, relay_directory(options.relay), name);
  auto begun = rescue::find_record(record.directory);
  if (begun && !is_of_another_day(*begun, order.directory)) record = std::move(*begun);
  rescue::LivingOrigin origin(record, {.logins = std::move(logins), .relay = order.relay, .by = name}, means);
  bring_home(record, origin, means, order);
  json::object result = home_to_json(record);
  result.erase("rescue");
  result.erase("branch");
  result["move"] = name;
  result["source"] = options.source;
  context.print(result, describe_home(record, options.home) +
                            format("{} is read only: stop it when nothing needs it any more\n", options.source));
}

}  // namespace

void add_move(CLI::App& app, Context& context) {
  add_command<MoveOptions>(
      app, context, "move", "Move production to a plain directory of this host, from a server that is well",
      "lifeboat move --source mysql://admin@db1.example:3306 --password-file pw --directory /var/lib/mysql-home "
      "--haproxy-socket /run/haproxy/admin.sock --backend db --server db1",
      add_move_options, move);
}

}  // namespace lifeboat::cli
