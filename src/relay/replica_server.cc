#include "relay/replica_server.h"

#include "base/error.h"
#include "base/log.h"
#include "relay/reply.h"
#include "relay/sql_error.h"

namespace lifeboat::relay {

ReplicaServer::ReplicaServer(ReplicaServerOptions options, ServedLog& log, Gate& gate)
    : options_(std::move(options)), log_(log), gate_(gate), rules_(options_.rules_file), listener_(options_.listen) {
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
  net::Stream stream = listener_.accept(kLimits, cancel_);
  forget_ended();
  const std::scoped_lock lock(mutex_);
  if (connections_.size() >= options_.connections_max) {
    log::warn("{}: turned away: {} connections are open", stream.peer(), connections_.size());
    PacketChannel(stream).write(
        encode_error({.number = kTooManyConnections, .state = "08004", .message = "Too many connections"}));
    return;
  }
  const SessionParts parts{.log = log_,
                           .rules = rules_,
                           .gate = gate_,
                           .accounts = options_.accounts,
                           .registry = *this,
                           .tls = options_.tls ? &*options_.tls : nullptr,
                           .require_tls = options_.require_tls,
                           .login_patience = options_.login_patience};
  auto connection = std::make_shared<Connection>(parts, std::move(stream), ++last_id_);
  connection->thread = std::thread([raw = connection.get()] {
    raw->session.run();
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
