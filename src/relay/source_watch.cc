#include "relay/source_watch.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "binlog/gtid.h"

namespace lifeboat::relay {
namespace {

constexpr std::chrono::milliseconds kEvery{2'000};
constexpr std::chrono::milliseconds kPatience{5'000};
constexpr std::string_view kClients =
    "SHOW GLOBAL STATUS WHERE Variable_name IN ('Rpl_semi_sync_master_clients', 'Rpl_semi_sync_source_clients')";

const std::string& field(const TextResult& result, std::size_t column) {
  static const std::string kEmpty;
  if (result.rows.empty() || column >= result.rows[0].size() || !result.rows[0][column]) return kEmpty;
  return *result.rows[0][column];
}

/// Whether a log says that all of a position came before it, or is in it: as of a rescued server, which is not to log
/// what it was brought to.
bool begins_behind(const std::string& state_text, const std::string& position) {
  const auto state = binlog::GtidState::from_list(binlog::parse_gtid_list(state_text));
  const std::vector<binlog::Gtid> gtids = binlog::GtidPosition::parse(position).gtids();
  return std::ranges::all_of(gtids, [&](const binlog::Gtid& gtid) { return state.covers(gtid); });
}

}  // namespace

SourceFacts ask_source(SourceConnection& source) {
  SourceFacts facts{.acknowledging = told_number(field(source.query(kClients), 1)), .warnings = {}};
  if (!source.is_mariadb()) return facts;
  const TextResult binlog = source.query("SHOW MASTER STATUS");
  if (const std::string& only = field(binlog, 2); !only.empty()) {
    facts.warnings.push_back(format("its log holds the databases {} only (binlog_do_db)", only));
  }
  if (const std::string& without = field(binlog, 3); !without.empty()) {
    facts.warnings.push_back(format("its log leaves out the databases {} (binlog_ignore_db)", without));
  }
  const TextResult role =
      source.query("SELECT @@global.log_slave_updates, @@global.gtid_slave_pos, @@global.gtid_binlog_state");
  if (field(role, 0) == "0" && !begins_behind(field(role, 2), field(role, 1))) {
    facts.warnings.emplace_back(
        "it applies what other servers wrote without logging it (log_slave_updates=OFF): its log is not the whole "
        "database");
  }
  return facts;
}

SourceWatch::SourceWatch(SourceLogin login, const net::Cancel& cancel, Callbacks callbacks)
    : login_(std::move(login)), cancel_(cancel), callbacks_(std::move(callbacks)) {
  login_.limits = {.connect = kPatience, .read = kPatience, .write = kPatience};
  thread_ = std::thread([this] { run(); });
}

SourceWatch::~SourceWatch() {
  thread_.join();
}

void SourceWatch::run() noexcept {
  std::optional<SourceConnection> source;
  while (!cancel_.wait_for(kEvery)) {
    try {
      if (!callbacks_.wanted()) {
        source.reset();
        continue;
      }
      if (!source) source.emplace(login_, cancel_);
      callbacks_.told(ask_source(*source));
    } catch (const std::exception& e) {
      log::debug("{}: {}", login_.address.text(), e.what());
      source.reset();
    }
  }
}

}  // namespace lifeboat::relay
