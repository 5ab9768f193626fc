#include "relay/replica_server.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "relay/reply.h"
#include "relay/sql_error.h"

namespace lifeboat::relay {

ReplicaServer::ReplicaServer(ReplicaServerOptions options, ReplicaPort& port, ServedLog& log, Gate& gate)
    : options_(std::move(options)), port_(port), log_(log), gate_(gate) {
  acceptor_ = std::thread([this] { accept_all(); });
}

ReplicaServer::~ReplicaServer() {
  cancel_.cancel();
  acceptor_.join();
  for (const std::shared_ptr<Connection>& each : connections_) each->thread.join();
}

void ReplicaServer::accept_all() noexcept {
  constexpr std::chrono::milliseconds kAfterFailure{100};
  while (!cancel_.cancelled()) {
    try {
      accept_one();
    } catch (const std::exception& exception) {
      if (cancel_.cancelled()) return;
      log::error("replica port {}: {}", port(), exception.what());
      cancel_.wait_for(kAfterFailure);
    }
  }
}

void ReplicaServer::accept_one() {
  constexpr net::StreamLimits kLimits{
      .connect = std::chrono::seconds(1), .read = std::chrono::seconds(1), .write = std::chrono::seconds(1)};
  net::Stream stream = port_.listener.accept(kLimits, cancel_);
  forget_ended();
  if (!make_room()) {
    turn_away(std::move(stream));
    return;
  }
  const std::scoped_lock lock(mutex_);
  const SessionParts parts{.log = log_,
                           .rules = port_.rules,
                           .gate = gate_,
                           .accounts = options_.accounts,
                           .registry = *this,
                           .tls = options_.tls ? &*options_.tls : nullptr,
                           .require_tls = options_.require_tls,
                           .login_patience = options_.login_patience};
  auto connection = std::make_shared<Connection>(parts, std::move(stream), ++last_id_);
  connection->thread = std::thread([this, raw = connection.get()] {
    raw->session.run();
    const std::scoped_lock guard(mutex_);
    raw->session.close();
    raw->ended = true;
  });
  connections_.push_back(std::move(connection));
}

void ReplicaServer::forget_ended() {
  const std::scoped_lock lock(mutex_);
  std::erase_if(connections_, [](const std::shared_ptr<Connection>& each) {
    if (!each->ended) return false;
    each->thread.join();
    return true;
  });
}

bool ReplicaServer::make_room() {
  std::shared_ptr<Connection> stranger;
  {
    const std::scoped_lock lock(mutex_);
    if (connections_.size() < options_.connections_max) return true;
    const auto found = std::ranges::find_if(connections_, [](const std::shared_ptr<Connection>& each) {
      return !each->ended && each->session.status().user.empty();
    });
    if (found == connections_.end()) return false;
    stranger = *found;
    connections_.erase(found);
    stranger->session.kill();
  }
  stranger->thread.join();
  return true;
}

void ReplicaServer::turn_away(net::Stream stream) {
  constexpr std::chrono::seconds kTellEvery{1};
  ++turned_away_;
  const auto time = std::chrono::steady_clock::now();
  if (time - turned_away_told_ >= kTellEvery) {
    log::warn("{}: turned away, with {} since the last such line: all {} connections are taken", stream.peer(),
              std::exchange(turned_away_, 0) - 1, options_.connections_max);
    turned_away_told_ = time;
  }
  PacketChannel(stream).write(
      encode_error({.number = kTooManyConnections, .state = "08004", .message = "Too many connections"}));
}

std::vector<ReplicaStatus> ReplicaServer::replicas() const {
  const std::scoped_lock lock(mutex_);
  std::vector<ReplicaStatus> out;
  for (const std::shared_ptr<Connection>& each : connections_) {
    if (!each->ended) out.push_back(each->session.status());
  }
  return out;
}

bool ReplicaServer::kill(std::uint64_t connection_id, const std::string& user) {
  const std::scoped_lock lock(mutex_);
  for (const std::shared_ptr<Connection>& each : connections_) {
    const ReplicaStatus status = each->session.status();
    if (each->ended || status.connection_id != connection_id || status.user != user) continue;
    each->session.kill();
    return true;
  }
  return false;
}

void ReplicaServer::replace_dumps_of(std::uint32_t server_id, std::uint64_t by_connection_id) {
  const std::scoped_lock lock(mutex_);
  for (const std::shared_ptr<Connection>& each : connections_) {
    const ReplicaStatus status = each->session.status();
    if (each->ended || !status.dumping || status.server_id != server_id) continue;
    if (status.connection_id == by_connection_id) continue;
    log::info("{}: server {} has connected again, this connection of it ends", status.peer, server_id);
    each->session.kill();
  }
}

}  // namespace lifeboat::relay
