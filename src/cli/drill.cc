// `lifeboat drill run`: a rescue that nobody switches to, measured and looked at; its proof goes into the vault.

#include "rescue/drill.h"

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "base/units.h"
#include "cli/drill_commands.h"
#include "cli/relay_directory.h"
#include "cli/rescue_commands.h"
#include "cli/source_options.h"
#include "vault/credential_file.h"

namespace lifeboat::cli {
namespace {

/// Less than a backup's: what it measures is to be near what a rescue would take.
constexpr int kNiceness = 10;
constexpr std::string_view kBufferPool = "1GiB";
constexpr int kAllTables = 100;

struct Options {
  std::string level = "replay";
  std::string image;
  std::string to;
  std::string key;
  std::string directory;
  bool standalone = false;
  std::string source;
  std::string source_password_file;
  SourceTls tls;
  std::string assertions;
  std::string config;
  int sample = kAllTables;
  std::string memory = std::string(kBufferPool);
  std::string label;
  RescueBranchOptions branch;
};

void add_options(Command& command, Options& options) {
  command.add_option("--level", options.level, "how far it goes").one_of(rescue::drill_level_names()).show_default();
  command.add_option("--image", options.image, "this image: its name or a unique prefix (default: the newest)");
  command.add_option("--to", options.to, "replay up to a time, a GTID, FILE:POSITION (default: now)");
  command.add_option("--key", options.key, "recovery: open the vault with the recovery key only").one_of({"recovery"});
  const Option directory =
      command.add_option("--dir", options.directory, "the relay's directory (default: of the one that runs)");
  command.add_flag("--standalone", options.standalone, "with the vault alone: its log is brought to this host")
      .excludes(directory);
  command.add_option("--source", options.source, "mysql://user@host:port of the living server, to compare with");
  command.add_option("--source-password-file", options.source_password_file, "file that holds that user's password");
  add_source_tls(command, options.tls);
  command.add_option("--assertions", options.assertions, "file of queries and the results that are expected");
  command.add_option("--config", options.config, "file with an [objective]: back_within, lose_at_most");
  command.add_option("--sample", options.sample, "percent of the tables whose rows are compared")
      .between(1, kAllTables);
  command.add_option("--memory", options.memory, "at most so much for the branch's buffer pool").show_default();
  command.add_option("--label", options.label,
                     "what the host is under meanwhile, as `forecast --load` will call it: idle, loaded, …");
  add_rescue_branch_options(command, options.branch);
}

/// What a level would not look at is no order that it follows.
void check_level(const Options& options, rescue::DrillLevel level) {
  const RescueBranchOptions& branch = options.branch;
  const bool of_server = !branch.server.empty() || !branch.user.empty() || !branch.space.empty() || branch.port != 0 ||
                         branch.no_hydrate || options.memory != kBufferPool;
  if (level == rescue::DrillLevel::kScrub && of_server) {
    fail(Code::kUsage, "--level scrub boots no server",
         "Leave out --server, --port, --user, --space, --memory and --no-hydrate.");
  }
  if (level < rescue::DrillLevel::kSql && !options.assertions.empty()) {
    fail(Code::kUsage, format("--level {} asks no --assertions", options.level),
         "--level sql does, and any behind it.");
  }
  const bool of_log = !options.to.empty() || !options.directory.empty() || options.standalone;
  if (level < rescue::DrillLevel::kReplay && of_log) {
    fail(Code::kUsage, format("--level {} replays no log", options.level), "Leave out --to, --dir and --standalone.");
  }
  const bool of_rows = level >= rescue::DrillLevel::kEqual && !options.source.empty();
  if (options.sample != kAllTables && !of_rows) {
    fail(Code::kUsage, "--sample is of the tables whose rows are compared",
         "--level equal compares them, with --source.");
  }
}

void check_options(const Context& context, const Options& options) {
  const rescue::DrillLevel level = rescue::drill_level_of(options.level);
  check_level(options, level);
  if (level == rescue::DrillLevel::kEqual && options.source.empty()) {
    fail(Code::kUsage, "--level equal compares with the living server",
         "Name it: --source mysql://user@host:port --source-password-file FILE");
  }
  if (level == rescue::DrillLevel::kSql && options.assertions.empty()) {
    fail(Code::kUsage, "--level sql needs --assertions FILE", "See the guide's page on drills.");
  }
  if (options.source.empty() != options.source_password_file.empty()) {
    fail(Code::kUsage, "--source and --source-password-file go together");
  }
  if (options.source.empty() && (options.tls.on || !options.tls.authority.empty() || options.tls.no_verify)) {
    fail(Code::kUsage, "--tls is of the connection to --source");
  }
  if (!options.source.empty() && (level < rescue::DrillLevel::kReplay || !options.to.empty())) {
    fail(Code::kUsage, "a comparison with the source needs the log replayed to now",
         "Leave --source out, or --to and a --level before replay.");
  }
  if (!options.key.empty() && context.globals().recovery_key_file.empty()) {
    fail(Code::kUsage, "--key recovery needs the recovery key",
         "Pass --recovery-key-file FILE, or set LIFEBOAT_RECOVERY_KEY_FILE.");
  }
}

/// Of this host's relay, if there is one; else of the vault.
std::optional<Path> choose_relay(const Options& options) {
  if (options.standalone) return std::nullopt;
  try {
    return relay_directory(options.directory);
  } catch (const Exception& e) {
    if (!options.directory.empty() || e.code() != Code::kNotFound) throw;
    log::info("no relay runs on this host: the log is brought from the vault");
    return std::nullopt;
  }
}

rescue::DrillRequest to_request(const Context& context, const Options& options) {
  rescue::DrillRequest request;
  request.level = rescue::drill_level_of(options.level);
  request.image = options.image;
  request.to = options.to;
  if (request.level >= rescue::DrillLevel::kReplay) request.relay_directory = choose_relay(options);
  if (!options.source.empty()) {
    request.source.emplace(relay::SourceLogin{.address = relay::SourceAddress::parse(options.source),
                                              .password = codec::Secret(read_secret_file(options.source_password_file)),
                                              .tls = client_tls(options.tls),
                                              .limits = {}});
  }
  if (!options.assertions.empty()) request.assertions = rescue::read_assertions(options.assertions);
  if (!options.config.empty()) request.objective = rescue::read_objective(options.config);
  request.label = options.label;
  request.sample_percent = options.sample;
  request.key = context.globals().recovery_key_file.empty() ? "passphrase" : "recovery";
  request.means = rescue_means(context, options.branch);
  request.means.branch.buffer_pool_max = parse_size(options.memory);
  if (!options.key.empty()) {
    request.means.branch.mount.passphrase_file.clear();
    if (const std::string& file = context.globals().passphrase_file; !file.empty()) {
      request.open_otherwise = [&context, file] {
        return vault::Vault::open(context.open_store(), vault::read_passphrase(file));
      };
    }
  }
  return request;
}

/// As the error that it would have been, had it not been found by a drill.
Error error_of(const json::object& failure) {
  const json::object error{{"code", json_string(failure, "code")},
                           {"message", json_string(failure, "what")},
                           {"hint", json_string(failure, "hint")}};
  return error_from_json(json::object{{"error", error}}).value();
}

/// A failed drill is loud: on stderr whatever goes to stdout, and by its exit status.
void print_proof(Context& context, const vault::Proof& proof) {
  context.print(proof.said, rescue::describe_drill(proof.said));
  if (proof.passed) return;
  const json::array& failures = proof.said.at("failures").as_array();
  for (const json::value& each : failures) {
    const json::object& failure = each.as_object();
    log::error("drill {} FAILED: {}: {}", proof.name.id, json_string(failure, "check"), json_string(failure, "what"));
  }
  context.end_with(error_of(failures.front().as_object()).code);
}

void run(Context& context, const Options& options) {
  check_options(context, options);
  stop_on_signals();
  const rescue::DrillRequest request = to_request(context, options);
  static_cast<void>(give_way(kNiceness));  // where it may not, the drill is made all the same
  print_proof(context, rescue::run_drill(request));
}

}  // namespace

void add_drill_run(CLI::App& noun, Context& context) {
  add_command<Options>(noun, context, "run", "Rehearse a rescue, measure it, and put the proof into the vault",
                       "lifeboat drill run", add_options, run);
}

}  // namespace lifeboat::cli
