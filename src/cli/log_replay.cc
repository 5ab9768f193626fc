// `lifeboat log replay`: a server is brought up to a moment of the kept log.

#include "relay/log_replay.h"

#include "base/cancel.h"
#include "cli/log_commands.h"
#include "cli/log_options.h"

namespace lifeboat::cli {
namespace {

struct Options {
  LogOptions log;
  std::string socket;
  std::string user;
  std::string password_file;
  std::string from;
  std::string until;
  std::vector<std::string> skip;
};

/// Of a control query; the slowest is a STOP SLAVE that waits for a large transaction.
constexpr std::chrono::minutes kAnswerPatience{10};

std::unique_ptr<server::Connection> connect(const Options& options) {
  server::KnockResult knocked =
      server::knock(options.socket, server::control_logins(options.user, options.password_file), kAnswerPatience);
  if (knocked.connection != nullptr) return std::move(knocked.connection);
  fail(knocked.knock == server::Knock::kDenied ? Code::kDenied : Code::kUnavailable,
       format("{}: {}", options.socket, knocked.why), "`lifeboat branch ls` tells the sockets of branches.");
}

std::optional<std::string> position(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return binlog::GtidPosition::parse(text).format();
}

/// Nothing if no vault is named.
std::shared_ptr<relay::VaultDoor> vault_door(const Context& context) {
  const std::string& url = context.globals().vault_url;
  if (url.empty()) return nullptr;
  return std::make_shared<relay::VaultDoor>(url, [&context] { return context.open_vault(); });
}

void run(Context& context, const Options& options) {
  stop_on_signals();
  relay::LogReplayRequest request{.from = position(options.from), .until = position(options.until), .skip = {}};
  for (const std::string& gtid : options.skip) request.skip.insert(binlog::parse_gtid(gtid));
  const auto log = std::make_shared<relay::LogDirectory>(one_incarnation(options.log));
  const auto connection = connect(options);
  std::optional<Progress> progress(std::in_place, context.progress_style(), "replay", 0);
  request.progress = &*progress;
  const relay::LogReplayReport report = relay::replay_log(log, vault_door(context), *connection, request);
  progress.reset();
  context.print(
      json::object{
          {"from", report.from}, {"until", report.until}, {"skipped", report.skipped}, {"seconds", report.seconds}},
      format("replayed from {} to {} in {:.1f} s, {} left out; the server is durable again\n",
             report.from.empty() ? "the beginning" : report.from, report.until, report.seconds, report.skipped));
}

}  // namespace

void add_log_replay(CLI::App& noun, Context& context) {
  add_command<Options>(
      noun, context, "replay", "Bring a running server up to a moment of the log, transactions left out",
      "lifeboat log replay --dir relay.d --socket /path/of/branch/socket --until 0-1-4800 --skip 0-1-4711",
      [](Command& command, Options& options) {
        add_log_options(command, options.log);
        command.add_option("--socket", options.socket, "the server's unix socket, as `branch start` tells it")
            .required();
        command.add_option("--user", options.user,
                           "account to tell it by (default: by unix socket, as you and as root)");
        command.add_option("--password-file", options.password_file, "file that holds its password");
        command.add_option("--from", options.from, "GTID position that the server has (default: as it says itself)");
        command.add_option("--until", options.until, "GTID position: up to it, and with it (default: the log's end)");
        command.add_option("--skip", options.skip, "GTID of a transaction to leave out; may be given several times");
      },
      run);
}

}  // namespace lifeboat::cli
