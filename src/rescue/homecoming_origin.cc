#include "rescue/homecoming_origin.h"

#include <algorithm>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/random.h"
#include "relay/relay.h"
#include "relay/source_log.h"
#include "relay/source_watch.h"
#include "relay/succession.h"
#include "rescue/cut_over.h"
#include "rescue/fence.h"
#include "rescue/history_identity.h"
#include "rescue/standby_begin.h"
#include "rescue/standby_commit.h"
#include "vault/image_reader.h"

namespace lifeboat::rescue {
namespace {

constexpr std::chrono::seconds kBranchLocksPatience{15};
constexpr std::string_view kReplicator = "lifeboat_home";

/// GTIDs would be equal at the end whatever is missing in the log.
void check_logs_all(const relay::SourceLogin& login) {
  const net::Cancel never;
  relay::SourceConnection connection(login, never);
  const std::vector<std::string> warnings = ask_source(connection).warnings;
  const std::string hint = "What its log has not got would stay behind. Move it by a dump, or a copy of its files.";
  if (!warnings.empty()) fail(Code::kRefused, format("{}: {}", login.address.text(), warnings.front()), hint);
  if (fenced_position(login).empty()) fail(Code::kRefused, format("{} has logged nothing", login.address.text()), hint);
}

}  // namespace

/// Started anew from its image it would be production as it was before the rescue.
void BranchOrigin::ensure() {
  const auto found = server::find_branch(means_.branch.mount.state_root, record_.branch());
  if (!found || !found->volume) {
    fail(Code::kNotFound, format("branch {}, which production ran on, is gone", record_.branch()),
         "Rescue what the vault and the relay have of it: lifeboat rescue");
  }
  run_.ensure_running();
  if (run_.connection().value("SELECT @@GLOBAL.log_bin") == "1") return;
  fail(Code::kRefused, format("branch {} keeps no binary log: nothing can replicate from it", record_.branch()),
       format("Stop the application; then: lifeboat branch stop {0}, lifeboat volume commit {0}, lifeboat image export",
              record_.branch()));
}

Origin::Image BranchOrigin::image() {
  const StandbyCommit made =
      commit_primary({.branch = run_.branch(), .source = address().text(), .logins = means_.branch.logins, .boot = {}});
  return {.name = made.image, .gtid = made.gtid};
}

RelayLogin BranchOrigin::replication_login() {
  server::Connection& branch = run_.connection();
  const std::string password = random_hex(20);
  branch.query("SET SESSION sql_log_bin = 0");
  branch.query(format("CREATE OR REPLACE USER {}@'127.0.0.1' IDENTIFIED BY '{}'", kReplicator, password));
  branch.query(format("GRANT REPLICATION SLAVE ON *.* TO {}@'127.0.0.1'", kReplicator));
  branch.query("SET SESSION sql_log_bin = 1");
  return {.address = {.host = "127.0.0.1", .port = run_.branch().port},
          .user = std::string(kReplicator),
          .password = codec::Secret(password)};
}

binlog::GtidPosition BranchOrigin::position() {
  return binlog::GtidPosition::parse(run_.connection().value("SELECT @@GLOBAL.gtid_binlog_pos"));
}

void BranchOrigin::fence() {
  server::Connection& branch = run_.connection();
  branch.query(format("SET SESSION lock_wait_timeout = {}", kBranchLocksPatience.count()));
  branch.query("SET GLOBAL read_only = 1");
  branch.query("FLUSH TABLES WITH READ LOCK");
}

bool BranchOrigin::give_back() {
  try {
    run_.connection().query("UNLOCK TABLES");
    run_.connection().query("SET GLOBAL read_only = 0");
    return true;
  } catch (const Exception& e) {
    log::warn("branch {} does not take writes again: {}. The same command goes on", record_.branch(), e.error().text());
    return false;
  }
}

bool BranchOrigin::still_answers() {
  try {
    ensure();
    return true;
  } catch (const Exception& e) {
    const auto found = server::find_branch(means_.branch.mount.state_root, record_.branch());
    if (stop_requested() || (found && found->state == server::BranchState::kRunning)) throw;
    log::warn("{}: what it had when it was fenced is all at home", e.error().text());
    return false;
  }
}

/// The lock ends with us, and read_only does not stop everybody.
void BranchOrigin::leave() {
  server::Connection& branch = run_.connection();
  for (const server::Row& row : branch.query(kWritersInSpite)) {
    const std::string user = row.at(0).value_or("");
    log::warn("branch {}: account {} was connected, and read_only does not stop it: its connection is ended",
              record_.branch(), printable(user));
    try {
      branch.query(format("KILL CONNECTION {}", row.at(1).value_or("0")));
    } catch (const Exception& e) {  // it may have gone by itself
      log::debug("branch {}: {}", record_.branch(), e.error().text());
    }
  }
}

net::Endpoint BranchOrigin::address() const {
  return {cut_over_address(record_), run_.branch().port};
}

void LivingOrigin::ensure() {
  check_logins();
  for (const relay::SourceLogin& login : order_.logins) {
    check_writable(login);
    check_logs_all(login);
  }
}

/// Who was fenced by a run that was killed has to be given back, or fenced again, by this one.
void LivingOrigin::check_logins() {
  if (find_fenced() == nullptr) return;
  for (const auto& [address, was_read_only] : *find_fenced()) {
    const std::string_view server = address;
    const bool given = std::ranges::any_of(
        order_.logins, [&](const relay::SourceLogin& login) { return login.address.text() == server; });
    if (given) continue;
    fail(Code::kUsage, format("{} was fenced: its login is needed", server),
         format("Pass {} and its --password-file as before.", server));
  }
}

/// Who takes no writes, or is not to take any, is not production: what is written stays behind if another is left in
/// its place, and a switch that fails would open it.
void LivingOrigin::check_writable(const relay::SourceLogin& login) {
  const std::string address = login.address.text();
  const relay::Succession succession =
      order_.relay.empty() ? relay::Succession() : relay::read_succession(order_.relay);
  const auto* const retired = succession.find_retired(relay::source_name(login.address.endpoint));
  if (retired != nullptr && retired->by != order_.by) {
    fail(Code::kRefused, format("{} is not production: another server is in its place since {}", address, retired->by),
         "Move from the server that production runs on: lifeboat relay status.");
  }
  if (!is_read_only(login) || was_fenced(address)) return;
  fail(Code::kRefused, format("{} is read only: production does not write there", address),
       "Name the server that production writes to, and with --fence only others that take writes.");
}

json::object* LivingOrigin::find_fenced() {
  json::value* fenced = record_.finish.if_contains("fenced");
  return fenced == nullptr ? nullptr : fenced->if_object();
}

bool LivingOrigin::was_fenced(const std::string& address) {
  const json::object* fenced = find_fenced();
  return fenced != nullptr && fenced->contains(address);
}

Origin::Image LivingOrigin::image() {
  const auto vault = means_.branch.open_vault();
  const std::vector<vault::ImageInfo> images = vault::list_images(*vault);
  for (auto image = images.rbegin(); image != images.rend(); ++image) {
    const auto position = position_of(*image);
    if (!position || log_name_of(position->source) != log_name_of(address().text())) continue;
    const std::string why_not = contradiction(*position);
    if (why_not.empty()) return {.name = image->name, .gtid = position->gtid};
    log::warn("image {}: {}", image->name, why_not);
  }
  fail(Code::kNotFound, format("no image in the vault is of {}, and says where in its history it is", address().text()),
       "Make one: lifeboat seed; a standby makes them as well.");
}

/// By the log that the relay keeps of that server: one that was rebuilt gives numbers again that an older image has,
/// with other content.
std::string LivingOrigin::contradiction(const ImagePosition& position) {
  const Path kept = order_.relay / log_name_of(address().text());
  const auto incarnations = std::filesystem::is_directory(kept) ? relay::list_incarnations(kept) : std::vector<Path>();
  if (incarnations.empty()) {
    fail(Code::kNotFound, format("the relay in {} keeps no log of {}", order_.relay.string(), address().text()),
         "What is written at home would be kept by nobody. First: lifeboat relay run --source");
  }
  RescueLog log(incarnations.back());
  if (!log.knows(position.gtid)) return format("the relay's log knows nothing of {}", position.gtid.format());
  HistoryIdentity identity(log);
  const std::string proof = identity.another_place(position);
  return proof.empty() ? identity.later(position.gtid, position.taken) : proof;
}

RelayLogin LivingOrigin::replication_login() {
  const relay::SourceLogin& login = asked_.front();
  return {.address = login.address.endpoint, .user = login.address.user, .password = login.password};
}

binlog::GtidPosition LivingOrigin::position() {
  binlog::GtidPosition all;
  for (const relay::SourceLogin& login : asked_) {
    all = later_of(all, binlog::GtidPosition::parse(fenced_position(login)));
  }
  return all;
}

void LivingOrigin::fence() {
  for (const relay::SourceLogin& login : asked_) {
    const std::string address = login.address.text();
    if (!was_fenced(address)) {
      if (find_fenced() == nullptr) record_.finish["fenced"] = json::object();
      (*find_fenced())[address] = is_read_only(login);
      save_rescue(record_);  // first: after a kill it would be what we set
    }
    for (const std::string& writer : fence_server(login)) {
      log::warn("{}: account {} is connected, and read_only does not stop it", address, printable(writer));
    }
  }
}

bool LivingOrigin::still_answers() {
  check_logins();
  std::erase_if(asked_, [](const relay::SourceLogin& login) {
    const auto why = why_not_reached(login);
    if (why) log::warn("{} is not reached: it stays as it was fenced: {}", login.address.text(), *why);
    return why.has_value();
  });
  return !asked_.empty();
}

/// Each by itself: one that has died meanwhile keeps no other shut.
bool LivingOrigin::give_back() {
  json::object* fenced = find_fenced();
  if (fenced == nullptr) return true;
  for (const relay::SourceLogin& login : order_.logins) {
    const std::string address = login.address.text();
    const json::value* was_read_only = fenced->if_contains(address);
    if (was_read_only == nullptr) continue;
    try {
      unfence_server(login, was_read_only->as_bool());
      fenced->erase(address);
    } catch (const Exception& e) {
      log::warn("{} does not take writes again: {}. The same command goes on; or there: SET GLOBAL read_only = {}",
                address, e.error().text(), was_read_only->as_bool() ? 1 : 0);
    }
  }
  return fenced->empty();
}

std::vector<std::string> LivingOrigin::others() const {
  std::vector<std::string> others;
  for (const relay::SourceLogin& login : order_.logins) others.push_back(login.address.endpoint.text());
  return others;
}

}  // namespace lifeboat::rescue
