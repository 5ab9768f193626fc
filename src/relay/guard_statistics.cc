#include "relay/guard_statistics.h"

#include "base/error.h"
#include "base/log.h"
#include "relay/source_connection.h"

namespace lifeboat::relay {
namespace {

constexpr std::chrono::milliseconds kStatisticsLook{1'000};
constexpr std::chrono::milliseconds kStatisticsPatience{20'000};  ///< a server with many tables opens each of them
constexpr std::string_view kRowsQuestion =
    "SELECT table_schema, table_name, table_rows FROM information_schema.tables WHERE table_rows IS NOT NULL AND "
    "table_type = 'BASE TABLE' AND table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')";

TableCounts ask_server(const StatisticsServer& server, const net::Cancel& cancel) {
  const SourceLogin login{
      .address = server.address,
      .password = codec::Secret(read_secret_file(server.password_file)),
      .tls = server.tls_ca.empty()
                 ? std::nullopt
                 : std::optional(net::TlsContext::client(
                       {.verify = net::Verify::kHost, .authority = server.tls_ca, .certificate = {}, .key = {}})),
      .limits = {.connect = kStatisticsPatience, .read = kStatisticsPatience, .write = kStatisticsPatience}};
  SourceConnection connection(login, cancel);
  TableCounts counts{.server = server.address.endpoint.text(), .taken = now(), .rows = {}};
  for (const TextRow& row : connection.query(kRowsQuestion, GuardStatistics::kAnswerMax).rows) {
    if (row.size() != 3 || !row[0] || !row[1] || !row[2]) fail(Code::kCorruption, "an answer of other columns");
    counts.rows[{*row[0], *row[1]}] = told_number(*row[2]);
  }
  return counts;
}

}  // namespace

GuardStatistics::GuardStatistics(Config config) : config_(std::move(config)) {
  thread_ = std::thread([this] { run(); });
}

GuardStatistics::~GuardStatistics() {
  cancel_.cancel();
  thread_.join();
}

std::shared_ptr<const TableCounts> GuardStatistics::counts() const {
  const std::scoped_lock lock(mutex_);
  return counts_ != nullptr && now() - counts_->taken <= kKeptFor ? counts_ : nullptr;
}

json::value GuardStatistics::status() const {
  const auto server = config_()->statistics;
  if (!server) return nullptr;
  const std::shared_ptr<const TableCounts> known = counts();
  const std::scoped_lock lock(mutex_);
  return json::object{{"server", server->address.endpoint.text()},
                      {"tables", known == nullptr ? 0 : known->rows.size()},
                      {"taken", known == nullptr ? json::value() : json::value(format_time(known->taken))},
                      {"problem", problem_}};
}

void GuardStatistics::run() noexcept {
  using Clock = std::chrono::steady_clock;
  std::optional<StatisticsServer> asked;
  Clock::time_point next{};
  do {
    const std::optional<StatisticsServer> server = config_()->statistics;
    if (server != asked) {  // of another server, or by another account: what the last one told is not its word
      const std::scoped_lock lock(mutex_);
      counts_ = nullptr;
      problem_.clear();
      next = {};
    }
    asked = server;
    if (!server || Clock::now() < next) continue;
    next = Clock::now() + server->every;
    ask(*server);
  } while (!cancel_.wait_for(kStatisticsLook));
}

void GuardStatistics::ask(const StatisticsServer& server) {
  std::string problem;
  std::shared_ptr<const TableCounts> counts;
  try {
    counts = std::make_shared<const TableCounts>(ask_server(server, cancel_));
  } catch (...) {
    problem = "statistics: " + current_error().text();
  }
  const std::scoped_lock lock(mutex_);
  if (counts != nullptr) counts_ = counts;
  if (problem != problem_ && !problem.empty() && !cancel_.cancelled()) log::warn("guard: {}", problem);
  problem_ = problem;
}

}  // namespace lifeboat::relay
