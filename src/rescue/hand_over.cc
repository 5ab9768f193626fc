#include "rescue/hand_over.h"

#include <chrono>
#include <thread>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "relay/relay.h"
#include "relay/source_connection.h"
#include "relay/status_file.h"
#include "relay/succession.h"
#include "rescue/history_identity.h"
#include "rescue/log_choice.h"
#include "rescue/standby_begin.h"
#include "server/instance.h"

namespace lifeboat::rescue {
namespace {

/// A relay on this host looks ten times a second. Production is down meanwhile.
constexpr std::chrono::seconds kFollowPatience{5};
constexpr std::chrono::milliseconds kFollowLookEvery{20};

binlog::GtidPosition position_said(server::Connection& connection, std::string_view variable) {
  return binlog::GtidPosition::parse(connection.value(format("SELECT @@GLOBAL.{}", variable)));
}

/// A source in a relay's status, by the name of its directory.
std::optional<json::object> find_source(const json::object& status, const std::string& name) {
  for (const json::value& each : status.at("sources").as_array()) {
    const auto address = relay::SourceAddress::parse(json_string(each.as_object(), "source"));
    if (relay::source_name(address.endpoint) == name) return each.as_object();
  }
  return std::nullopt;
}

/// At which address replicas are served: one of its own, the same after a repetition.
std::string choose_listen(const relay::Succession& succession, const json::object& like, const std::string& by) {
  for (const relay::Successor& each : succession.successors) {
    if (each.by == by) return each.listen;
  }
  if (!like.contains("listen")) return {};
  const std::string host = net::Endpoint::parse(json_string(like, "listen")).host;
  return net::Endpoint{host, server::pick_free_port()}.text();
}

bool follows(const json::object& source, const binlog::GtidPosition& position) {
  if (json_string(source, "state") != "following") return false;
  const auto durable = binlog::GtidPosition::parse(json_string(source, "gtid"));
  return durable.reached(position);
}

/// Until it has all that the new primary had before anybody wrote.
void wait_for_relay(const Path& relay, const std::string& name, const binlog::GtidPosition& position) {
  const auto deadline = std::chrono::steady_clock::now() + kFollowPatience;
  std::string problem = "the relay does not run";
  while (std::chrono::steady_clock::now() < deadline) {
    throw_if_cancelled();
    const json::object status = relay::read_status(relay);
    if (!relay::is_running(status)) break;
    problem = "it has not begun";
    if (const auto source = find_source(status, name)) {
      if (follows(*source, position)) return;
      problem = json_string(*source, "problem");
    }
    std::this_thread::sleep_for(kFollowLookEvery);
  }
  log::warn("{} is not followed by the relay yet ({}): what is written there is at risk until it is", name, problem);
}

/// Those of `source`'s history whom nobody has named, as of a ring that was fenced by hand.
std::vector<std::string> of_same_history(const Path& relay, const json::object& status, const std::string& source,
                                         const std::string& successor) {
  std::vector<std::string> found;
  for (const json::value& each : status.at("sources").as_array()) {
    const auto address = relay::SourceAddress::parse(json_string(each.as_object(), "source"));
    const std::string name = relay::source_name(address.endpoint);
    if (relay::is_retired(each.as_object()) || name == source || name == successor) continue;
    if (log_has_all_of(relay, source, name, std::chrono::milliseconds(0))) found.push_back(name);
  }
  return found;
}

/// Who may not set it is followed all the same: the relay has each commit, only not before its client is answered.
void have_it_wait(server::Connection& connection) {
  try {
    wait_for_acknowledgements(connection);
  } catch (const Exception& e) {
    log::warn("no commit waits for the relay: {}. Grant REPLICATION MASTER ADMIN and give the same command again",
              e.error().text());
  }
}

}  // namespace

void wait_for_acknowledgements(server::Connection& connection) {
  connection.query("SET GLOBAL rpl_semi_sync_master_wait_point = 'AFTER_SYNC'");
  connection.query("SET GLOBAL rpl_semi_sync_master_wait_no_slave = 0");
  connection.query("SET GLOBAL rpl_semi_sync_master_enabled = 1");
}

void begin_own_log(server::Connection& connection) {
  const binlog::GtidPosition at =
      later_of(position_said(connection, "gtid_slave_pos"), position_said(connection, "gtid_binlog_pos"));
  connection.query("RESET MASTER");
  connection.query(format("SET GLOBAL gtid_binlog_state = {}", relay::quote_sql(at.format())));
}

std::optional<FileLock> lock_switch(const Path& relay) {
  if (relay.empty()) return std::nullopt;
  try {
    return FileLock(relay / "switch.lock", "the switch of production");
  } catch (const Exception& e) {
    if (e.code() == Code::kBusy) {
      fail(Code::kBusy, "production is being switched by another command",
           "Wait until that has ended, and look: lifeboat rescue ls");
    }
    log::warn("another command may switch production at the same time: {}", e.error().text());
    return std::nullopt;
  }
}

void hand_over_log(const Path& relay, const std::string& source, const HandOver& order,
                   server::Connection& connection) {
  try {
    const json::object status = relay::read_status(relay);
    const auto like = find_source(status, source);
    if (!like) fail(Code::kNotFound, format("the relay does not follow {}", source));
    if (connection.value("SELECT @@GLOBAL.log_bin") != "1") fail(Code::kRefused, "it keeps no binary log");
    have_it_wait(connection);
    relay::SuccessionStep step{.source = relay::SourceAddress::parse(json_string(*like, "source")),
                               .like = relay::SourceAddress::parse(json_string(*like, "source")),
                               .listen = choose_listen(relay::read_succession(relay), *like, order.by),
                               .retired = {source},
                               .moved = order.moved,
                               .by = order.by};
    step.source.endpoint = {order.address, order.port};
    for (const std::string& each : order.retired) step.retired.push_back(log_name_of(each));
    const std::string name = relay::source_name(step.source.endpoint);
    if (order.by_hand) {
      for (std::string& each : of_same_history(relay, status, source, name)) step.retired.push_back(std::move(each));
    }
    succeed(relay, step);
    wait_for_relay(relay, name, position_said(connection, "gtid_binlog_pos"));
  } catch (...) {  // a status that makes no sense, too
    const Error error = current_error();
    if (error.code == Code::kCancelled) throw;
    log::warn("the log of {}:{} is kept by nobody: {}. Follow it: lifeboat relay run --source mysql://USER@{}:{} …",
              order.address, order.port, error.text(), order.address, order.port);
  }
}

void take_back_log(const Path& relay, const std::string& by) {
  try {
    if (!relay.empty()) relay::take_back(relay, by);
  } catch (const Exception& e) {
    log::warn("the relay goes on as if {} were in place: {}", by, e.error().text());
  }
}

}  // namespace lifeboat::rescue
