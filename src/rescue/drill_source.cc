#include "rescue/drill_source.h"

#include <algorithm>
#include <set>

#include "base/error.h"

namespace lifeboat::rescue {
namespace {

constexpr std::size_t kSourceAnswerMax = std::size_t{64} << 20U;
/// Of one statement on the source. Below what a connection waits for an answer.
constexpr int kStatementSeconds = 15;
constexpr const char* kRights[] = {"SELECT", "SHOW VIEW", "TRIGGER", "EVENT"};

}  // namespace

void settle_session(const AskRows& ask) {
  ask("SET NAMES utf8mb4");
  ask("SET SESSION time_zone = '+00:00', SESSION sql_mode = ''");
}

DrillSource::DrillSource(const relay::SourceLogin& login) : connection_(login, cancel_) {
  settle_session(ask());
  query(format("SET SESSION max_statement_time = {}", kStatementSeconds));
  query("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  check_rights();
}

std::vector<server::Row> DrillSource::query(const std::string& sql) {
  return connection_.query(sql, kSourceAnswerMax).rows;
}

AskRows DrillSource::ask() {
  return [this](const std::string& sql) { return query(sql); };
}

/// What an account may not see would be taken for what is not there.
void DrillSource::check_rights() {
  std::set<std::string> held;
  for (const server::Row& row : query("SELECT privilege_type FROM information_schema.user_privileges WHERE grantee = "
                                      "CONCAT('\\'', REPLACE(CURRENT_USER(), '@', '\\'@\\''), '\\'')")) {
    held.insert(row.at(0).value_or(""));
  }
  const auto wanting = std::ranges::find_if(kRights, [&](const char* right) { return !held.contains(right); });
  if (wanting == std::end(kRights)) return;
  fail(Code::kDenied, format("{}: the account lacks {}: it does not see all there is", connection_.peer(), *wanting),
       lifeboat::format("GRANT {} ON *.* TO it.", fmt::join(kRights, ", ")));
}

relay::LogPosition DrillSource::begin_snapshot() {
  query("START TRANSACTION WITH CONSISTENT SNAPSHOT");
  relay::LogPosition at;
  for (const server::Row& row : query("SHOW STATUS LIKE 'binlog_snapshot_%'")) {
    std::string name = row.at(0).value_or("");
    std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + ('a' - 'A')) : c; });
    if (name == "binlog_snapshot_file") at.file = row.at(1).value_or("");
    if (name == "binlog_snapshot_position") at.position = relay::told_number(row.at(1).value_or(""));
  }
  if (at.file.empty()) {
    fail(Code::kRefused, format("{} does not say where its snapshots lie in its binary log", connection_.peer()),
         "It needs a binary log, and to be MariaDB.");
  }
  return at;
}

void DrillSource::end_snapshot() {
  query("COMMIT");
}

relay::LogPosition DrillSource::position() {
  relay::LogPosition at = begin_snapshot();
  end_snapshot();
  return at;
}

}  // namespace lifeboat::rescue
