// `lifeboat rescue finish`: production comes home, from the branch that a rescue has put it on to a plain directory.

#include "base/cancel.h"
#include "base/error.h"
#include "base/printable.h"
#include "cli/rescue_commands.h"

namespace lifeboat::cli {
namespace {

struct FinishOptions {
  std::string name;
  HomeOptions home;
  RescueBranchOptions branch;
};

void add_finish_options(Command& command, FinishOptions& options) {
  command.add_option("NAME", options.name, "the rescue that is in place (lifeboat rescue ls)").required();
  add_home_options(command, options.home);
  add_rescue_account_options(command, options.branch);
}

void finish(Context& context, const FinishOptions& options) {
  stop_on_signals();
  const rescue::RescueMeans means = rescue_means(context, options.branch);
  rescue::RescueRecord record = rescue::open_rescue(means.branch.mount.state_root, options.name);
  const FileLock lock = lock_rescue(record);
  record = rescue::open_rescue(means.branch.mount.state_root, options.name);
  check_in_place(record);
  rescue::RescueRun run(record, means);
  rescue::BranchOrigin branch(record, run, means);
  const rescue::HomecomingOrder order = to_homecoming(options.home, record.relay, format("home of {}", record.name));
  bring_home(record, branch, means, order);
  const std::string name = shell_word(record.branch());
  context.print(home_to_json(record),
                describe_home(record, options.home) +
                    format("let go      lifeboat branch stop {0} && lifeboat branch rm {0} --yes --discard\n", name));
}

}  // namespace

void add_home_options(Command& command, HomeOptions& options) {
  command.add_option("--directory", options.directory, "where the database is to live: empty, or not there yet")
      .required();
  command.add_option("--port", options.port, "of the new server (default: a free one)").between(1, 65535);
  add_door_options(command, options.door);
  command.add_option("--hook", options.door.hook, "program told: hold, switch HOST PORT, release");
}

rescue::HomecomingOrder to_homecoming(const HomeOptions& options, const Path& relay, const std::string& by) {
  return {.directory = std::filesystem::absolute(options.directory).lexically_normal(),
          .door = to_door(options.door),
          .port = options.port,
          .relay = relay,
          .by = by};
}

void bring_home(rescue::RescueRecord& record, rescue::Origin& origin, const rescue::RescueMeans& means,
                const rescue::HomecomingOrder& order) {
  try {
    rescue::Homecoming(record, origin, means, order).run();
  } catch (const Exception& e) {
    if (finish_state(record) != rescue::FinishState::kOpening) throw;
    Error error = e.error();
    error.hint += format("{}Production is shut until the same command has gone on.", error.hint.empty() ? "" : " ");
    throw Exception(std::move(error));
  }
}

std::string describe_home(const rescue::RescueRecord& record, const HomeOptions& options) {
  const rescue::HomeServer home = home_server(record);
  const std::string option_file = shell_word(home.option_file().string());
  std::string text = format("{} is home since {}: {}, at {}:{}\n", record.name, json_string(record.finish, "time"),
                            home.directory.string(), home.address, home.port);
  text += door_instructions(options.door, home.port);
  text += format("look at it  mariadb --socket={}\n", shell_word(home.socket.string()));
  text += format("start it    mariadbd --defaults-file={}, after a restart of this host; or as a unit of systemd's:\n",
                 option_file);
  text += format("            ExecStart=/usr/sbin/mariadbd --defaults-file={}\n", option_file);
  return text + "event_scheduler is OFF: start events where they are wanted\n";
}

json::object home_to_json(const rescue::RescueRecord& record) {
  const rescue::HomeServer home = home_server(record);
  json::array phases;
  for (const char* name : {"commit", "export", "start", "replicate", "switch"}) {
    const auto found = std::ranges::find(record.phases, name, &rescue::RescuePhase::name);
    if (found == record.phases.end()) continue;
    phases.push_back(json::object{{"name", name}, {"seconds", found->seconds.value_or(0)}});
  }
  return {{"rescue", record.name},
          {"branch", record.branch()},
          {"directory", home.directory.string()},
          {"socket", home.socket.string()},
          {"address", home.address},
          {"port", home.port},
          {"pid", home.process.pid},
          {"option_file", home.option_file().string()},
          {"image", json_string(record.finish, "image")},
          {"gtid", json_string(record.finish, "place")},
          {"phases", std::move(phases)}};
}

void add_rescue_finish(CLI::App& rescue, Context& context) {
  add_command<FinishOptions>(rescue, context, "finish",
                             "Bring production home: from the rescue's branch to a plain directory",
                             "lifeboat rescue finish rescue-0-1-42 --directory /var/lib/mysql-home "
                             "--haproxy-socket /run/haproxy/admin.sock --backend db --server db1",
                             add_finish_options, finish);
}

}  // namespace lifeboat::cli
