// `lifeboat relay run`: follows sources, keeps their logs, serves replicas; in the foreground until it is told to stop.

#include <csignal>
#include <ctime>

#include "base/log.h"
#include "base/process.h"
#include "cli/commands.h"
#include "cli/relay_directory.h"
#include "cli/source_options.h"
#include "relay/relay_group.h"
#include "relay/status_file.h"

namespace lifeboat::cli {
namespace {

struct RunOptions {
  std::vector<std::string> sources;
  std::vector<std::string> password_files;
  std::string directory;
  std::vector<std::string> listens;
  SourceTls tls;
  std::string serve_certificate;
  std::string serve_key;
  std::string accounts_file;
  std::string rules_file;
  std::string start_file;
  std::string config_file;
  std::string tail_interval = "5s";
  std::string keep_local;
};

template <typename T>
const T& of_each(const std::vector<T>& values, std::size_t i) {
  return values.size() == 1 ? values.front() : values.at(i);
}

void check(const RunOptions& options) {
  const std::size_t sources = options.sources.size();
  if (options.password_files.size() != 1 && options.password_files.size() != sources) {
    fail(Code::kUsage, "give one --password-file for all sources, or one for each");
  }
  if (!options.listens.empty() && options.listens.size() != sources) {
    fail(Code::kUsage, "give one --listen for each source: which log a replica gets is told by the port");
  }
  if (options.serve_certificate.empty() != options.serve_key.empty()) {
    fail(Code::kUsage, "--serve-cert and --serve-key belong together");
  }
}

/// Nothing if no vault is named. Wrong words fail here; whether the store answers is the sealer's business.
std::optional<relay::SealOptions> seal_options(const Context& context, const RunOptions& options) {
  const std::string& url = context.globals().vault_url;
  if (url.empty()) {
    if (!options.keep_local.empty()) fail(Code::kUsage, "--keep-local needs a --vault that keeps the rest");
    return std::nullopt;
  }
  try {
    static_cast<void>(store::open_store(url));
  } catch (const Exception& e) {
    if (e.code() == Code::kUsage) throw;
  }
  relay::SealOptions seal;
  seal.door = std::make_shared<relay::VaultDoor>(
      url, [url, credential = context.credential()] { return vault::Vault::open(store::open_store(url), credential); });
  seal.tail_interval = parse_duration(options.tail_interval);
  if (seal.tail_interval < std::chrono::milliseconds(100)) fail(Code::kUsage, "--tail-interval: at least 100ms");
  if (!options.keep_local.empty()) seal.keep_local = parse_size(options.keep_local);
  return seal;
}

std::vector<relay::RelayGroup::Source> sources_of(const RunOptions& options) {
  std::vector<relay::RelayGroup::Source> sources;
  for (std::size_t i = 0; i < options.sources.size(); ++i) {
    relay::RelayGroup::Source& source = sources.emplace_back();
    source.login.address = relay::SourceAddress::parse(options.sources[i]);
    source.login.password = codec::Secret(read_secret_file(of_each(options.password_files, i)));
    source.login.tls = client_tls(options.tls);
    if (!options.listens.empty()) source.listen = options.listens[i];
  }
  return sources;
}

relay::RelayOptions relay_options(const RunOptions& options, const relay::SourceLogin& login,
                                  const std::string& listen) {
  relay::RelayOptions relay;
  relay.follow.login = login;
  relay.follow.directory = relay::source_directory(options.directory, login.address);
  relay.follow.start_file = options.start_file;
  if (listen.empty()) return relay;
  relay::ReplicaServerOptions& serve = relay.serve.emplace();
  serve.listen = net::Endpoint::parse(listen);
  serve.accounts.add(login.address.user, login.password);
  if (!options.accounts_file.empty()) serve.accounts.add_file(options.accounts_file);
  serve.rules_file = options.rules_file;
  if (!options.serve_certificate.empty()) {
    serve.tls = net::TlsContext::server({options.serve_certificate, options.serve_key});
  }
  return relay;
}

void leave_status(const Path& directory, const relay::RelayGroup& relays, const relay::Guard& guard) {
  const ProcessIdentity self = ProcessIdentity::of(::getpid());
  const json::object status{{"pid", self.pid},
                            {"start_time", self.start_time},
                            {"updated", format_time(now())},
                            {"guard", guard.status()},
                            {"sources", relays.status()}};
  write_file_durably(directory / relay::kStatusFile, as_bytes(json::serialize(status) + "\n"));
}

/// Until SIGTERM, SIGINT or SIGHUP, which the caller has blocked. The status is left each second, and at each look
/// while a cut-over may wait for what it says.
void wait_for_end(const sigset_t& signals, const Path& directory, relay::RelayGroup& relays,
                  const relay::Guard& guard) {
  constexpr timespec kLook{.tv_sec = 0, .tv_nsec = 100'000'000};
  constexpr int kLooksPerStatus = 10;
  for (int look = 0;; look = (look + 1) % kLooksPerStatus) {
    const bool watched = relays.update();
    try {
      if (watched || look == 0) leave_status(directory, relays, guard);
    } catch (const Exception& e) {  // a full disk must not end what still serves
      log::warn("{}", e.what());
    }
    if (::sigtimedwait(&signals, nullptr, &kLook) > 0) return;
  }
}

void run(Context& context, const RunOptions& options) {
  check(options);
  const Path directory = std::filesystem::absolute(options.directory);
  make_directories(directory);
  sigset_t signals{};
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread, so that all leave them to this one

  relay::Guard guard(directory, options.config_file.empty() ? Path() : std::filesystem::absolute(options.config_file));
  const auto seal = seal_options(context, options);
  relay::RelayGroup relays(directory, guard, sources_of(options),
                           [&](const relay::SourceLogin& login, const std::string& listen) {
                             relay::RelayOptions relay = relay_options(options, login, listen);
                             relay.seal = seal;
                             return relay;
                           });
  const RunningRelay running(directory);
  wait_for_end(signals, directory, relays, guard);
  log::info("stopping");
  context.print(json::object{{"sources", relays.status()}}, "");
}

void add_options(Command& command, RunOptions& options) {
  command.add_option("--source", options.sources, "mysql://user@host:port; may be given several times").required();
  command.add_option("--password-file", options.password_files, "file that holds the account's password").required();
  command.add_option("--dir", options.directory, "where the logs are kept").required();
  command.add_option("--listen", options.listens, "ADDRESS:PORT for replicas, one for each source");
  add_source_tls(command, options.tls);
  command.add_option("--serve-cert", options.serve_certificate, "PEM certificate for replicas that want TLS");
  command.add_option("--serve-key", options.serve_key, "its private key");
  command.add_option("--accounts", options.accounts_file, "further accounts for replicas: lines of NAME PASSWORD");
  command.add_option("--rules", options.rules_file, "what each replica may have: hold, delay, skip, stop");
  command.add_option("--config", options.config_file,
                     "what the guard holds, warns of or allows, and whom it tells (TOML)");
  command.add_option("--start-file", options.start_file, "the source's log file to begin with (default: its oldest)");
  command
      .add_option("--tail-interval", options.tail_interval,
                  "with --vault: what was acknowledged longer ago than this is in the vault")
      .show_default();
  command.add_option(
      "--keep-local", options.keep_local,
      "with --vault: remove sealed files from the disk, oldest first, beyond this size (default: never)");
}

}  // namespace

void add_relay_run(CLI::App& noun, Context& context) {
  add_command<RunOptions>(noun, context, "run", "Follow sources, keep their binary logs, serve replicas",
                          "lifeboat relay run --source mysql://lifeboat@db1.example:3306 --password-file pw "
                          "--dir relay.d --listen 0.0.0.0:3307 --vault file:///backup/vault "
                          "--passphrase-file /etc/lifeboat/passphrase",
                          add_options, run);
}

}  // namespace lifeboat::cli
