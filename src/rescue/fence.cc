#include "rescue/fence.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"

namespace lifeboat::rescue {
namespace {

constexpr std::uint16_t kLockWaitTimeout = 1205;
constexpr std::string_view kReadOnly = "SELECT @@GLOBAL.read_only";

/// Less than a connection waits for an answer: what nobody waits for any more must not go on waiting for its locks,
/// with every write behind it.
constexpr std::chrono::seconds kLocksPatience{15};

void set_read_only(relay::SourceConnection& connection, bool on) {
  connection.execute(format("SET SESSION lock_wait_timeout = {}", kLocksPatience.count()));
  try {
    connection.execute(format("SET GLOBAL read_only = {}", on ? 1 : 0));
  } catch (const relay::ServerRefusal& e) {
    if (e.number() != kLockWaitTimeout) throw;
    fail(Code::kRefused, format("{}: still takes writes: SET read_only waits for what runs there", connection.peer()),
         "SHOW PROCESSLIST on that server shows it: end it. Or stop that server, or cut it off, and pass --fenced.");
  }
  if (connection.value(kReadOnly) == (on ? "1" : "0")) return;
  fail(Code::kRefused, format("{}: read_only cannot be set to {}", connection.peer(), on ? 1 : 0),
       "Stop that server, or cut it off, and pass --fenced in its place.");
}

/// A convenience: an account that may not see it costs nobody the fence.
std::vector<std::string> connected_writers(relay::SourceConnection& connection) {
  std::vector<std::string> writers;
  try {
    const relay::TextResult found = connection.query(kWritersInSpite);
    for (const relay::TextRow& row : found.rows) writers.push_back(row.at(0).value_or(""));
    std::ranges::sort(writers);
    const auto again = std::ranges::unique(writers);
    writers.erase(again.begin(), again.end());
  } catch (const Exception& e) {
    if (e.code() != Code::kRefused && e.code() != Code::kDenied) throw;
    log::debug("who may write in spite of read_only is not known: {}", e.error().text());
  }
  return writers;
}

}  // namespace

std::optional<std::string> why_not_reached(const relay::SourceLogin& login) {
  const net::Cancel never;
  try {
    const net::Stream stream(login.address.endpoint, login.limits, never);
    return std::nullopt;
  } catch (const Exception& e) {
    return e.error().text();
  }
}

bool is_read_only(const relay::SourceLogin& login) {
  const net::Cancel never;
  relay::SourceConnection connection(login, never);
  return connection.value(kReadOnly) == "1";
}

std::vector<std::string> fence_server(const relay::SourceLogin& login) {
  const net::Cancel never;
  relay::SourceConnection connection(login, never);
  set_read_only(connection, true);
  return connected_writers(connection);
}

std::string fenced_position(const relay::SourceLogin& login) {
  const net::Cancel never;
  relay::SourceConnection connection(login, never);
  return connection.value("SELECT @@GLOBAL.gtid_binlog_pos").value_or("");
}

void unfence_server(const relay::SourceLogin& login, bool read_only) {
  const net::Cancel never;
  relay::SourceConnection connection(login, never);
  set_read_only(connection, read_only);
}

}  // namespace lifeboat::rescue
