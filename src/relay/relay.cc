#include "relay/relay.h"

#include <filesystem>

#include "base/error.h"

namespace lifeboat::relay {
namespace {

json::object replica_to_json(const ReplicaStatus& replica) {
  const DumpStatus& dump = replica.dump;
  return {{"connection", replica.connection_id},
          {"peer", replica.peer},
          {"user", replica.user},
          {"server_id", replica.server_id},
          {"report_host", replica.report_host},
          {"report_port", replica.report_port},
          {"dumping", replica.dumping},
          {"file", dump.file},
          {"position", dump.position},
          {"groups_sent", dump.groups_sent},
          {"groups_skipped", dump.groups_skipped},
          {"waiting_for", dump.waiting_for},
          {"acknowledged_file", dump.acknowledged_file},
          {"acknowledged_position", dump.acknowledged_position}};
}

}  // namespace

Relay::Relay(RelayOptions options, Guard& guard)
    : serve_options_(std::move(options.serve)), guard_(guard), source_(options.follow.directory.filename().string()) {
  if (options.seal) door_ = options.seal->door;
  if (serve_options_) port_ = std::make_unique<ReplicaPort>(*serve_options_);
  if (options.seal) sealer_ = std::make_unique<LogSealer>(options.follow.directory, *std::move(options.seal));
  indexer_ = std::make_unique<LogIndexer>(options.follow.directory);
  follower_ = std::make_unique<Follower>(std::move(options.follow),
                                         [this](const std::shared_ptr<LogDirectory>& log) { return serve(log); });
}

Relay::~Relay() {
  follower_.reset();  // its last words may still call serve()
}

/// Replicas of the incarnation before are disconnected; they come back by GTID and find the new one. May be called
/// again for the same log, if it failed.
std::vector<std::string> Relay::serve(const std::shared_ptr<LogDirectory>& log) {
  const std::scoped_lock lock(mutex_);
  const std::vector<std::string> alarms = left_behind();
  server_.reset();
  gate_.reset();
  history_.reset();
  if (log_ != log) {
    log_ = log;
    if (sealer_ != nullptr) sealer_->follow(log);
    indexer_->follow(log);
  }
  if (!serve_options_) return alarms;
  if (door_ != nullptr) history_ = std::make_unique<HistoryLog>(log, door_, log->path() / "history");
  ServedLog& served = history_ == nullptr ? static_cast<ServedLog&>(*log_) : *history_;
  gate_ = std::make_unique<GuardGate>(
      guard_, GuardGate::Place{.source = source_, .incarnation = log->path().filename().string()}, served);
  server_ = std::make_unique<ReplicaServer>(*serve_options_, *port_, served, *gate_);
  return alarms;
}

/// Replicas that are held or lag at the end of a log: only the newest incarnation is served.
std::vector<std::string> Relay::left_behind() const {
  std::vector<std::string> alarms;
  if (server_ == nullptr) return alarms;
  const std::string incarnation = log_->path().filename().string();
  const auto end = log_->end();
  for (const ReplicaStatus& each : server_->replicas()) {
    if (!each.dumping || !end || LogPosition{each.dump.file, each.dump.position} == *end) continue;
    alarms.push_back(
        format("replica id:{} ({}) stood at {} {} when incarnation {} ended at {} {}: it has not got the rest",
               each.server_id, each.peer, each.dump.file, each.dump.position, incarnation, end->file, end->position));
  }
  return alarms;
}

json::object Relay::status() const {
  json::object status = status_to_json(follower_->status());
  const std::scoped_lock lock(mutex_);
  status["directory"] = log_->path().string();
  status["kept_bytes"] = log_->bytes();
  status["vault"] = sealer_ == nullptr ? json::value(nullptr) : status_to_json(sealer_->status());
  if (server_ == nullptr) return status;
  status["listen"] = net::Endpoint{serve_options_->listen.host, server_->port()}.text();
  json::array replicas;
  for (const ReplicaStatus& each : server_->replicas()) replicas.push_back(replica_to_json(each));
  status["replicas"] = std::move(replicas);
  return status;
}

Path source_directory(const Path& relay_directory, const SourceAddress& source) {
  return relay_directory / source_name(source.endpoint);
}

std::string source_name(const net::Endpoint& source) {
  std::string name = format("{}-{}", source.host, source.port);
  for (char& c : name) {
    if (c == '/' || c == ':') c = '_';
  }
  return name;
}

std::vector<Path> list_source_directories(const Path& relay_directory) {
  std::vector<Path> found;
  for (const std::string& name : list_directory(relay_directory)) {
    const Path path = relay_directory / name;
    if (std::filesystem::is_directory(path) && !list_incarnations(path).empty()) found.push_back(path);
  }
  return found;
}

}  // namespace lifeboat::relay
