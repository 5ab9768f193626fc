// `lifeboat rescue cut-over` and `undo`: the rescued database takes the damaged one's place, and gives it back.

#include "base/cancel.h"
#include "base/error.h"
#include "base/printable.h"
#include "cli/rescue_commands.h"
#include "rescue/cut_over.h"
#include "rescue/hand_over.h"

namespace lifeboat::cli {
namespace {

struct CutOverOptions {
  std::string name;
  std::vector<std::string> fence;
  std::vector<std::string> password_files;
  bool fenced = false;
  DoorOptions door;
  std::vector<std::string> skip;
  std::vector<std::string> accept;
  bool leave_rest = false;
  bool lose_writes = false;
  RescueBranchOptions branch;
};

void add_logins(Command& command, CutOverOptions& options) {
  command.add_option("NAME", options.name, "the rescue (lifeboat rescue ls)").required();
  command.add_option("--fence", options.fence, "mysql://USER@HOST:PORT of a damaged server; several times");
  command.add_option("--password-file", options.password_files,
                     "file with the account's password: one, or one for each");
  command.add_option("--hook", options.door.hook, "program told: fence, switch HOST PORT, unswitch, unfence");
  add_rescue_account_options(command, options.branch);
}

void add_cut_over_options(Command& command, CutOverOptions& options) {
  add_logins(command, options);
  command.add_flag("--fenced", options.fenced, "damaged servers that do not answer are stopped or cut off already");
  add_door_options(command, options.door);
  command.add_option("--skip", options.skip, "GTID of a danger that came since, to be left out as well");
  command.add_option("--accept", options.accept, "GTID of a danger that came since, to be taken over");
  command.add_flag("--leave-rest", options.leave_rest, "give up what damaged servers have and the log has not");
}

rescue::CutOverOrder to_cut_over_order(const CutOverOptions& options) {
  return {.fence = logins_of(options.fence, options.password_files),
          .fenced = options.fenced,
          .door = to_door(options.door),
          .skip = options.skip,
          .accept = options.accept,
          .leave_rest = options.leave_rest,
          .lose_writes = options.lose_writes};
}

/// A rescue that nobody else works on, and the cut over of its branch.
struct OpenCutOver {
  OpenCutOver(const Context& context, const CutOverOptions& options)
      : means(rescue_means(context, options.branch)),
        record(rescue::open_rescue(means.branch.mount.state_root, options.name)),
        lock(lock_rescue(record)),
        switching(rescue::lock_switch(record.relay)),
        order(to_cut_over_order(options)),
        run(record, means),
        cut(record, run, order) {
    // As whoever had the lock before has left it.
    record = rescue::open_rescue(means.branch.mount.state_root, options.name);
  }

  const rescue::RescueMeans means;
  rescue::RescueRecord record;
  const FileLock lock;
  const std::optional<FileLock> switching;
  const rescue::CutOverOrder order;
  rescue::RescueRun run;
  rescue::CutOver cut;
};

[[noreturn]] void fail_with_ways(const Exception& e, const std::string& name) {
  Error error = e.error();
  error.hint +=
      format("{}The same command goes on; back: lifeboat rescue undo {}", error.hint.empty() ? "" : " ", name);
  throw Exception(std::move(error));
}

void cut_over(Context& context, const CutOverOptions& options) {
  stop_on_signals();
  OpenCutOver open(context, options);
  try {
    open.cut.run();
  } catch (const Exception& e) {
    if (cut_over_state(open.record) != rescue::CutOverState::kBegun) throw;
    fail_with_ways(e, open.record.name);
  }
  std::string text = format("{} is in place since {}, at {}:{}\n", open.record.name,
                            json_string(open.record.cut_over, "time"), options.door.address, open.cut.port());
  text += door_instructions(options.door, open.cut.port());
  text += "event_scheduler is OFF: start events where they are wanted\n";
  text += format("back, until it has taken a write: lifeboat rescue undo {}\n", open.record.name);
  context.print(rescue_result(open.record, open.run.branch()), text);
}

std::string describe_writes(const std::string& name, const rescue::UndoResult& result) {
  if (!result.known) return format("{} keeps no binary log: whether it has taken writes is not known\n", name);
  if (result.lost.empty()) return format("{} has taken writes, which its binary log does not list any more\n", name);
  return format("{} has taken {}{} transactions, which going back would lose:\n", name,
                result.whole ? "" : "more than ", result.lost.size());
}

void print_refusal(Context& context, const std::string& name, const rescue::UndoResult& result) {
  json::array lost;
  std::string text = describe_writes(name, result);
  constexpr std::size_t kShown = 15;
  for (const rescue::LostTransaction& each : result.lost) {
    if (lost.size() < kShown) text += format("  {}  {}\n", each.gtid, printable(each.what));
    lost.push_back(json::object{{"gtid", each.gtid}, {"what", each.what}});
  }
  if (lost.size() > kShown) text += format("  … and {} more\n", lost.size() - kShown);
  text += format("if that is meant: lifeboat rescue undo {} --lose-writes, with the same --fence\n", name);
  context.print(
      json::object{
          {"rescue", name}, {"undone", false}, {"known", result.known}, {"would_lose", lost}, {"whole", result.whole}},
      text);
  context.end_with(Code::kRefused);
}

void undo(Context& context, const CutOverOptions& options) {
  stop_on_signals();
  OpenCutOver open(context, options);
  const rescue::UndoResult result = open.cut.undo();
  if (!result.undone) return print_refusal(context, open.record.name, result);
  const std::string_view damaged = options.fence.empty() && options.door.hook.empty()
                                       ? "the damaged servers are as you left them: nothing had fenced them"
                                       : "the damaged servers take writes again, as before";
  const std::string next =
      open.record.cut_over.contains("has_writes")
          ? std::string(
                "its writes are given up, so it is no copy any more; a fresh one: `lifeboat rescue` as before, "
                "with --name ANOTHER")
          : format("again: lifeboat rescue cut-over {}, with the options as they were", open.record.name);
  context.print(json::object{{"rescue", open.record.name}, {"undone", true}, {"lost", result.lost.size()}},
                format("{}; {} is kept, read only.\n{}\n", damaged, open.record.name, next));
}

}  // namespace

void add_door_options(Command& command, DoorOptions& options) {
  command.add_option("--haproxy-socket", options.haproxy_socket, "HAProxy's stats socket, of level admin");
  command.add_option("--backend", options.backend, "its backend");
  command.add_option("--server", options.servers,
                     "server of the backend; several times: the first leads to production then, the others to nowhere");
  command.add_option("--address", options.address, "IP address under which the new server is reached").show_default();
}

std::vector<relay::SourceLogin> logins_of(const std::vector<std::string>& servers,
                                          const std::vector<std::string>& files) {
  if (!servers.empty() && files.size() != 1 && files.size() != servers.size()) {
    fail(Code::kUsage, "give one --password-file for all servers to be fenced, or one for each");
  }
  std::vector<relay::SourceLogin> logins;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    relay::SourceLogin login;
    login.address = relay::SourceAddress::parse(servers[i]);
    login.password = codec::Secret(read_secret_file(files.size() == 1 ? files.front() : files[i]));
    logins.push_back(std::move(login));
  }
  return logins;
}

rescue::Door to_door(const DoorOptions& options) {
  return {.haproxy_socket = options.haproxy_socket,
          .backend = options.backend,
          .servers = options.servers,
          .hook = options.hook,
          .address = options.address};
}

/// For who has neither HAProxy nor a hook; HAProxy has it in memory only.
std::string door_instructions(const DoorOptions& options, std::uint16_t port) {
  if (!options.haproxy_socket.empty()) {
    return "haproxy forgets this when it is restarted: change its configuration, too\n";
  }
  if (!options.hook.empty()) return {};
  std::string text = format("now point the application to {}:{}: its configuration, DNS, or a proxy in between\n",
                            options.address, port);
  if (options.address == DoorOptions().address) {
    text += format("from another host: ssh -N -L 3306:127.0.0.1:{} THIS-HOST there, or a proxy here\n", port);
  }
  return text;
}

void add_rescue_cut_over(CLI::App& rescue, Context& context) {
  add_command<CutOverOptions>(
      rescue, context, "cut-over", "Fence the damaged servers and put the rescued database in their place",
      "lifeboat rescue cut-over rescue-0-1-42 --fence mysql://admin@db1:3306 --password-file pw "
      "--haproxy-socket /run/haproxy/admin.sock --backend db --server db1",
      add_cut_over_options, cut_over);
  add_command<CutOverOptions>(
      rescue, context, "undo", "Take a cut-over back, while the rescued database has taken no write",
      "lifeboat rescue undo rescue-0-1-42 --fence mysql://admin@db1:3306 --password-file pw",
      [](Command& command, CutOverOptions& options) {
        add_logins(command, options);
        command.add_flag("--lose-writes", options.lose_writes, "although it has taken writes: they are lost");
      },
      undo);
}

}  // namespace lifeboat::cli
