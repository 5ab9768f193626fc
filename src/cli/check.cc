// `lifeboat check`: finds a cluster's servers, draws them, and says what would make a bad night worse.

#include "rescue/check.h"

#include <map>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/relay_directory.h"
#include "cli/source_options.h"
#include "relay/source_connection.h"
#include "rescue/check_report.h"
#include "volume/state_dir.h"

namespace lifeboat::cli {
namespace {

using std::chrono::seconds;

constexpr net::StreamLimits kLimits{.connect = seconds(5), .read = seconds(20), .write = seconds(20)};
constexpr std::size_t kAnswerMax = std::size_t{16} << 20U;

struct CheckOptions {
  std::vector<std::string> sources;
  std::string password_file;
  std::string directory;
  std::string server;
  SourceTls tls;
  std::string fail_on;
};

/// Logs in everywhere with one password; a server that was named by the account named with it, others by the first.
class Logins {
 public:
  explicit Logins(const CheckOptions& options)
      : password_(read_secret_file(options.password_file)), tls_(client_tls(options.tls)) {
    for (const std::string& each : options.sources) {
      relay::SourceAddress address = relay::SourceAddress::parse(each);
      users_.emplace(address.endpoint.text(), address.user);
      starts_.push_back(std::move(address));
    }
  }

  const std::string& user() const { return starts_.front().user; }
  std::vector<net::Endpoint> endpoints() const {
    std::vector<net::Endpoint> out;
    for (const relay::SourceAddress& each : starts_) out.push_back(each.endpoint);
    return out;
  }
  rescue::Ask connect(const net::Endpoint& to) const {
    const auto named = users_.find(to.text());
    const relay::SourceLogin login{.address = {.endpoint = to, .user = named == users_.end() ? user() : named->second},
                                   .password = password_,
                                   .tls = tls_,
                                   .limits = kLimits};
    const auto connection = std::make_shared<relay::SourceConnection>(login, cancel_);
    return [connection](std::string_view sql) { return connection->query(sql, kAnswerMax); };
  }

 private:
  net::Cancel cancel_;
  codec::Secret password_;
  std::optional<net::TlsContext> tls_;
  std::vector<relay::SourceAddress> starts_;
  std::map<std::string, std::string> users_;
};

/// The one that is named, else the one that runs on this host, if there is one.
std::optional<rescue::RelayFacts> find_relay(const std::string& directory) {
  try {
    return rescue::read_relay(relay_directory(directory));
  } catch (const Exception& e) {
    if (!directory.empty()) throw;
    if (e.code() == Code::kUsage) log::warn("{}: none of them is looked at", e.what());
    return std::nullopt;
  }
}

void fail_if_none_answered(const rescue::Topology& topology) {
  for (const rescue::Node& each : topology.nodes) {
    if (each.facts) return;
  }
  throw Exception(*topology.nodes.front().problem);
}

rescue::CheckFacts gather(const Context& context, const CheckOptions& options) {
  const Logins logins(options);
  rescue::CheckFacts facts;
  facts.user = logins.user();
  facts.host = rescue::look_at_host(options.server, volume::default_state_root());
  facts.relay = find_relay(options.directory);
  rescue::DiscoverOptions where{.starts = logins.endpoints(), .also = {}};
  if (facts.relay) where.also = rescue::replicas_behind(*facts.relay);
  facts.topology = rescue::discover([&](const net::Endpoint& to) { return logins.connect(to); }, where);
  fail_if_none_answered(facts.topology);
  if (facts.relay) rescue::place_relay(facts.topology, *facts.relay, facts.host.name);
  for (const rescue::Node& each : facts.topology.nodes) facts.places.push_back(rescue::place_of(each, facts.host));
  const std::string& vault = context.globals().vault_url;
  if (!vault.empty()) facts.vault = rescue::look_at_vault(vault, [&] { return context.open_vault(); });
  return facts;
}

void run(Context& context, const CheckOptions& options) {
  const rescue::CheckFacts facts = gather(context, options);
  const std::vector<rescue::Finding> findings = rescue::check_cluster(facts);
  context.print(rescue::report_json(facts, findings), rescue::report_text(facts, findings));
  if (options.fail_on.empty()) return;
  const auto limit =
      options.fail_on == "critical" ? rescue::FindingSeverity::kCritical : rescue::FindingSeverity::kWarning;
  if (rescue::any_at_least(findings, limit)) context.end_with(Code::kRefused);
}

}  // namespace

void add_check(CLI::App& app, Context& context) {
  add_command<CheckOptions>(
      app, context, "check", "Find a cluster's servers, draw them, and say what would make a bad night worse",
      "lifeboat check --source mysql://lifeboat@db1.example:3306 --password-file pw --dir relay.d "
      "--vault file:///backup/vault --passphrase-file /etc/lifeboat/passphrase",
      [](Command& command, CheckOptions& options) {
        command
            .add_option("--source", options.sources, "mysql://user@host:port to begin with; may be given several times")
            .required();
        command
            .add_option("--password-file", options.password_file,
                        "file that holds the account's password, on all servers")
            .required();
        add_source_tls(command, options.tls);
        command.add_option("--dir", options.directory,
                           "the relay's directory (default: of the relay that runs on this host)");
        command.add_option("--server", options.server,
                           "the mariadbd that a rescue here would run (default: this host's)");
        command
            .add_option("--fail-on", options.fail_on,
                        "critical or warning: exit status 14 if anything as bad is found (default: findings are a "
                        "result, and the status is 0)")
            .one_of({"critical", "warning"});
      },
      run);
}

}  // namespace lifeboat::cli
