#include "rescue/homecoming_origin.h"

#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/random.h"
#include "rescue/cut_over.h"
#include "rescue/fence.h"
#include "rescue/history_identity.h"
#include "rescue/image_position.h"
#include "rescue/standby_begin.h"
#include "rescue/standby_commit.h"
#include "vault/image_reader.h"

namespace lifeboat::rescue {
namespace {

constexpr std::chrono::seconds kBranchLocksPatience{15};
constexpr std::string_view kReplicator = "lifeboat_home";

}  // namespace

void BranchOrigin::ensure() {
  run_.ensure_running();
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

void BranchOrigin::give_back() {
  run_.connection().query("UNLOCK TABLES");
  run_.connection().query("SET GLOBAL read_only = 0");
}

net::Endpoint BranchOrigin::address() const {
  return {cut_over_address(record_), run_.branch().port};
}

void LivingOrigin::ensure() {
  for (const relay::SourceLogin& login : logins_) {
    if (is_read_only(login)) log::warn("{} is read only", login.address.text());
  }
}

Origin::Image LivingOrigin::image() {
  const auto vault = means_.branch.open_vault();
  const std::vector<vault::ImageInfo> images = vault::list_images(*vault);
  for (auto image = images.rbegin(); image != images.rend(); ++image) {
    const auto position = position_of(*image);
    if (position && log_name_of(position->source) == log_name_of(address().text())) {
      return {.name = image->name, .gtid = position->gtid};
    }
  }
  fail(Code::kNotFound, format("no image in the vault is of {}, and says where in its history it is", address().text()),
       "Make one: lifeboat seed; a standby makes them as well.");
}

RelayLogin LivingOrigin::replication_login() {
  const relay::SourceLogin& login = logins_.front();
  return {.address = login.address.endpoint, .user = login.address.user, .password = login.password};
}

binlog::GtidPosition LivingOrigin::position() {
  binlog::GtidPosition all;
  for (const relay::SourceLogin& login : logins_) {
    all = later_of(all, binlog::GtidPosition::parse(fenced_position(login)));
  }
  return all;
}

void LivingOrigin::fence() {
  for (const relay::SourceLogin& login : logins_) {
    for (const std::string& writer : fence_server(login)) {
      log::warn("{}: account {} is connected, and read_only does not stop it", login.address.text(), printable(writer));
    }
  }
}

void LivingOrigin::give_back() {
  for (const relay::SourceLogin& login : logins_) unfence_server(login, false);
}

std::vector<std::string> LivingOrigin::others() const {
  std::vector<std::string> others;
  for (const relay::SourceLogin& login : logins_) others.push_back(login.address.endpoint.text());
  return others;
}

}  // namespace lifeboat::rescue
