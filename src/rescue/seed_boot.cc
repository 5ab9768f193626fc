#include "rescue/seed_boot.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/log.h"
#include "relay/log_scan.h"
#include "rescue/tool_output.h"
#include "volume/control_client.h"
#include "volume/state_dir.h"

namespace lifeboat::rescue {

namespace {

constexpr std::chrono::seconds kQueryPatience{60};
constexpr std::chrono::seconds kLoadPatience{600};
constexpr std::chrono::seconds kCommitSilence{60};

}  // namespace

SeedBranch::SeedBranch(server::BranchRequest request, const std::string& image) : request_(std::move(request)) {
  request_.image = image;
  // The source's host has better to do than to fetch what it has just copied: the boot reads what it needs.
  request_.mount.hydrate = false;
  run_gently([&] { started_ = server::start_branch(request_); });
}

SeedBranch::~SeedBranch() {
  if (kept_) return;
  try {
    server::discard_branch(started_.record);
  } catch (...) {
    log::warn("branch {} is left: {}", started_.record.name, current_error().text());
  }
}

void SeedBranch::keep() {
  kept_ = true;
  volume::control_call(state_directory(), "hydrate", {{"pause", false}});
}

Path SeedBranch::state_directory() const {
  return volume::volume_directory(started_.record.directory.parent_path().parent_path(), started_.record.name);
}

server::Connection SeedBranch::connect() const {
  std::string why;
  for (const server::Login& login : request_.logins) {
    try {
      return {started_.record.socket, login, kQueryPatience};
    } catch (const Exception& e) {
      if (e.code() != Code::kDenied) throw;
      why = e.error().message;
    }
  }
  fail(Code::kDenied, format("branch {}: its server is up and lets nobody in: {}", started_.record.name, why),
       "It needs an account that may log in from localhost: the accounts and grants are those that were copied.");
}

std::unique_ptr<server::Connection> SeedBranch::connect_as_root() const {
  return std::make_unique<server::Connection>(started_.record.socket, server::Login{.user = "root", .password = ""},
                                              kLoadPatience);
}

std::unique_ptr<server::Connection> SeedBranch::connect_to_load() const {
  auto connection = connect_as_root();
  connection->query("SET SESSION wait_timeout = 31536000");  // idle while a dump streams, which may be for days
  connection->query("SET GLOBAL innodb_flush_log_at_trx_commit = 0");
  return connection;
}

void end_load(server::Connection& connection) {
  connection.query("SET GLOBAL innodb_flush_log_at_trx_commit = 1");
}

void settle(server::Connection& connection) {
  static_cast<void>(connection.value("SELECT COUNT(*) FROM mysql.global_priv"));
  connection.query("FLUSH TABLES");
  connection.query("FLUSH ENGINE LOGS");
}

std::pair<std::string, std::uint64_t> SeedBranch::commit(const std::string& origin, const json::object& server,
                                                         ProgressStyle style) const {
  Progress progress(style, "commit", 0);
  const json::object said{{"origin", origin}, {"server", server}};
  const json::object made =
      volume::control_call(state_directory(), "commit", said, kCommitSilence, [&](const json::object& line) {
        progress.set_total(static_cast<std::uint64_t>(json_integer(line, "dirty_bytes")));
        const auto done = static_cast<std::uint64_t>(json_integer(line, "done_bytes"));
        progress.add(done - std::min(done, progress.done()));
      });
  return {json_string(made, "image"), static_cast<std::uint64_t>(json_integer(made, "new_bytes"))};
}

std::optional<RecoveredPosition> find_recovered_position(std::string_view error_log) {
  constexpr std::string_view kWords = "Last binlog file '";
  constexpr std::string_view kThen = "', position ";
  const std::size_t at = error_log.rfind(kWords);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = error_log.substr(at + kWords.size());
  const std::size_t end = rest.find(kThen);
  if (end == std::string_view::npos) return std::nullopt;
  RecoveredPosition recovered{.file = Path(rest.substr(0, end)).filename().string()};
  rest.remove_prefix(end + kThen.size());
  const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), recovered.position);
  return read.ec == std::errc{} ? std::optional(recovered) : std::nullopt;
}

void check_recovered(const RecoveredPosition& recovered, const std::string& file, std::uint64_t position) {
  const auto number = [](const std::string& name) {
    return relay::is_log_file_name(name) ? relay::log_file_number(name) : 0;
  };
  const std::pair is(number(recovered.file), recovered.position);
  const std::pair said(number(file), position);
  if (is <= said) return;
  fail(Code::kCorruption,
       format("the booted copy holds transactions up to {}:{}, and the backup says {}:{}", recovered.file,
              recovered.position, file, position),
       "Take it anew, and keep the copied image for a look: lifeboat image ls.");
}

}  // namespace lifeboat::rescue
