// `lifeboat seed`: a living server's first image, or its next, booted and committed.

#include "rescue/seed.h"

#include "base/cancel.h"
#include "base/log.h"
#include "cli/branch_options.h"
#include "cli/commands.h"
#include "cli/relay_directory.h"
#include "cli/volume_options.h"

namespace lifeboat::cli {
namespace {

struct Options {
  std::string source;
  std::string password_file;
  std::string tls_ca;
  std::string method = "physical";
  std::string backup_command;
  std::string defaults_file;
  std::string relay;
  bool without_log = false;
  bool prepare = false;
  std::string throttle;
  int threads = 2;
  std::string name;
  bool no_keep = false;
  std::string server;
  std::string state;
  std::string space;
};

void add_options(Command& command, Options& options) {
  command.add_option("--source", options.source, "mysql://user@host:port of the living server").required();
  command.add_option("--password-file", options.password_file, "file that holds the user's password").required();
  command.add_option("--tls-ca", options.tls_ca, "PEM of the authority that signed the source's certificate: use TLS");
  command.add_option("--method", options.method, "physical: mariadb-backup's stream; dump: mariadb-dump, SQL alone")
      .one_of({"physical", "dump"})
      .show_default();
  command.add_option("--backup-command", options.backup_command,
                     "for a shell: what writes the stream, such as an ssh to the source's host");
  command.add_option("--defaults-file", options.defaults_file,
                     "the source's option file: its encryption keys are kept with the image");
  const Option relay = command.add_option(
      "--dir", options.relay, "directory of the relay that follows the source (default: the one that runs)");
  command
      .add_flag("--without-log", options.without_log, "do without a relay: what comes after the image is lost with it")
      .excludes(relay);
  command.add_flag("--prepare", options.prepare,
                   "let mariadb-backup prepare the copy before it is booted; needs room for all of it");
  command.add_option(
      "--throttle", options.throttle,
      "read tables no faster than this, such as 50M/s, or none: as fast as can be (default: that while the source has "
      "no other work, else 10M/s)");
  command.add_option("--threads", options.threads, "threads that hash, compress and seal").between(1, 64);
  command.add_option("--name", options.name, "name of the branch that is booted (default: the image's)");
  command.add_flag("--no-keep", options.no_keep, "remove the branch at the end");
  command.add_option("--server", options.server, "the mariadbd to run (default: this host's)");
  add_space_option(command, options.space);
  add_branch_state_option(command, options.state);
}

std::uint64_t parse_rate(std::string_view text) {
  if (text == "none") return 0;
  if (text.ends_with("/s")) text.remove_suffix(2);
  const std::uint64_t rate = parse_size(text);
  if (rate == 0) fail(Code::kUsage, "--throttle 0 would never end");
  return rate;
}

void check(const Options& options) {
  if (options.method == "dump" && (!options.backup_command.empty() || options.prepare)) {
    fail(Code::kUsage, "--backup-command and --prepare are about --method physical");
  }
}

void set_branch(const Context& context, const Options& options, const relay::SourceLogin& login,
                server::BranchRequest& branch) {
  branch = branch_request(context, options.state, options.space);
  branch.name = options.name;
  branch.binary = options.server;
  // The source's accounts are in the image, so the one that seeds may be let in where the socket's is not.
  branch.logins = server::control_logins("", "");
  branch.logins.push_back({.user = login.address.user, .password = std::string(as_text(login.password.view()))});
}

rescue::SeedRequest to_request(const Context& context, const Options& options) {
  check(options);
  rescue::SeedRequest request;
  request.source.address = relay::SourceAddress::parse(options.source);
  request.source.password = codec::Secret(read_secret_file(options.password_file));
  request.authority = options.tls_ca.empty() ? Path() : std::filesystem::absolute(options.tls_ca);
  if (!options.tls_ca.empty()) {
    request.source.tls = net::TlsContext::client(
        {.verify = net::Verify::kHost, .authority = options.tls_ca, .certificate = {}, .key = {}});
  }
  request.method = options.method == "dump" ? rescue::SeedMethod::kDump : rescue::SeedMethod::kPhysical;
  request.backup_command = options.backup_command;
  request.defaults_file = options.defaults_file;
  if (!options.without_log) request.relay_directory = relay_directory(options.relay);
  request.prepare = options.prepare;
  if (!options.throttle.empty()) request.bytes_per_second = parse_rate(options.throttle);
  request.threads = options.threads;
  request.keep_branch = !options.no_keep;
  request.progress = context.progress_style();
  set_branch(context, options, request.source, request.branch);
  return request;
}

json::object result_to_json(const rescue::SeedResult& result) {
  json::object out{{"image", result.image},
                   {"copied_image", result.copied_image},
                   {"branch", nullptr},
                   {"position", nullptr},
                   {"prepared", result.prepared},
                   {"bytes", result.bytes},
                   {"new_bytes", result.new_bytes},
                   {"copy_seconds", result.copy_seconds},
                   {"waited_seconds", result.waited_seconds},
                   {"boot_seconds", result.boot_seconds},
                   {"commit_seconds", result.commit_seconds}};
  if (!result.branch.empty()) out["branch"] = result.branch;
  if (result.position) out["position"] = rescue::to_json(*result.position);
  return out;
}

std::string describe(const rescue::SeedResult& result) {
  const std::string waited =
      result.waited_seconds < 0.1 ? "" : format(" ({:.1f} s of which left to the source)", result.waited_seconds);
  std::string text = format("image {} ({}, {} new): copied in {:.1f} s{}, booted in {:.1f} s, committed in {:.1f} s",
                            result.image, format_size(result.bytes), format_size(result.new_bytes), result.copy_seconds,
                            waited, result.boot_seconds, result.commit_seconds);
  if (result.prepared) text += "\nIt was prepared by mariadb-backup first.";
  if (result.position) {
    text += format("\nat      {} ({}:{})", result.position->gtid.format(), result.position->file,
                   result.position->position);
  }
  if (!result.branch.empty()) {
    text += format(
        "\nbranch  {0}\n\nLook at it:  lifeboat branch ls\nFollow on:   lifeboat branch stop {0}; lifeboat standby run "
        "--branch {0} --help\nRemove it:   lifeboat branch stop {0}; lifeboat branch rm {0} --yes",
        result.branch);
  }
  return text;
}

void run(Context& context, const Options& options) {
  const rescue::SeedRequest request = to_request(context, options);
  stop_on_signals();
  const rescue::SeedResult result = rescue::seed(request);
  context.print(result_to_json(result), describe(result));
}

}  // namespace

void add_seed(CLI::App& app, Context& context) {
  add_command<Options>(app, context, "seed", "Copy a living server into the vault, boot the copy, and commit it",
                       "lifeboat seed --source mysql://lifeboat@127.0.0.1:3306 --password-file pw --dir relay.d",
                       add_options, run);
}

}  // namespace lifeboat::cli
