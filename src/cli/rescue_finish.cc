// `lifeboat rescue finish`: production comes home, from the branch that a rescue has put it on to a plain directory.

#include "base/cancel.h"
#include "base/error.h"
#include "base/printable.h"
#include "cli/rescue_commands.h"
#include "rescue/cut_over.h"
#include "rescue/finish.h"

namespace lifeboat::cli {
namespace {

struct Options {
  std::string name;
  std::string directory;
  std::uint16_t port = 0;
  DoorOptions door;
  RescueBranchOptions branch;
};

void add_options(Command& command, Options& options) {
  command.add_option("NAME", options.name, "the rescue that is in place (lifeboat rescue ls)").required();
  command.add_option("--directory", options.directory, "where the database is to live: empty, or not there yet")
      .required();
  command.add_option("--port", options.port, "of the new server (default: a free one)").between(1, 65535);
  add_door_options(command, options.door);
  command.add_option("--hook", options.door.hook, "program told: fence, switch HOST PORT, unfence");
  add_rescue_account_options(command, options.branch);
}

std::string describe(const rescue::RescueRecord& record, const rescue::HomeServer& home, const Options& options) {
  const std::string branch = shell_word(record.branch());
  std::string text = format("{} is home since {}: {}, at {}:{}\n", record.name, json_string(record.finish, "time"),
                            home.directory.string(), home.address, home.port);
  text += door_instructions(options.door, home.port);
  text += format("look at it  mariadb --socket={}\n", shell_word(home.socket.string()));
  text += format("start it    mariadbd --defaults-file={}, after a restart of this host; or as a unit of systemd's:\n",
                 shell_word(home.option_file().string()));
  text += format("            ExecStart=/usr/sbin/mariadbd --defaults-file={}\n", home.option_file().string());
  text += "event_scheduler is OFF: start events where they are wanted\n";
  return text + format("let go      lifeboat branch stop {0} && lifeboat branch rm {0} --yes --discard\n", branch);
}

json::object to_json(const rescue::RescueRecord& record, const rescue::HomeServer& home) {
  json::array phases;
  for (const rescue::RescuePhase& phase : record.phases) {
    const bool ours = phase.name == "commit" || phase.name == "export" || phase.name == "start" ||
                      phase.name == "replicate" || phase.name == "switch";
    if (ours) phases.push_back(json::object{{"name", phase.name}, {"seconds", phase.seconds.value_or(0)}});
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

void run(Context& context, const Options& options) {
  stop_on_signals();
  const rescue::RescueMeans means = rescue_means(context, options.branch);
  rescue::RescueRecord record = rescue::open_rescue(means.branch.mount.state_root, options.name);
  const FileLock lock = lock_rescue(record);
  record = rescue::open_rescue(means.branch.mount.state_root, options.name);
  const rescue::FinishOrder order{.directory = std::filesystem::absolute(options.directory).lexically_normal(),
                                  .door = to_door(options.door),
                                  .port = options.port};
  rescue::RescueRun rescued(record, means);
  rescue::Finish(record, rescued, means, order).run();
  const rescue::HomeServer home = home_server(record);
  context.print(to_json(record, home), describe(record, home, options));
}

}  // namespace

void add_rescue_finish(CLI::App& rescue, Context& context) {
  add_command<Options>(rescue, context, "finish",
                       "Bring production home: from the rescue's branch to a plain directory",
                       "lifeboat rescue finish rescue-0-1-42 --directory /var/lib/mysql-home "
                       "--haproxy-socket /run/haproxy/admin.sock --backend db --server db1",
                       add_options, run);
}

}  // namespace lifeboat::cli
