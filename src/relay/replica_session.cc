#include "relay/replica_session.h"

#include "base/error.h"
#include "base/log.h"
#include "relay/sql_error.h"

namespace lifeboat::relay {
namespace {

constexpr std::chrono::minutes kIdlePatience{10};
constexpr std::chrono::seconds kWritePatience{60};
constexpr std::size_t kLoginSizeMax = std::size_t{64} << 10U;
constexpr std::size_t kCommandSizeMax = std::size_t{1} << 20U;
constexpr std::string_view kNativePassword = "mysql_native_password";

ServerError denied(const ClientLogin& login, std::string_view peer, std::string_view why) {
  return {.number = kAccessDenied,
          .state = "28000",
          .message = format("Access denied for user '{}'@'{}' ({})", login.user, peer, why)};
}

}  // namespace

ReplicaSession::ReplicaSession(SessionParts parts, net::Stream stream, std::uint32_t connection_id)
    : parts_(parts), stream_(std::move(stream)), channel_(stream_), connection_id_(connection_id) {
  status_.connection_id = connection_id;
  status_.peer = stream_.peer();
}

ReplicaStatus ReplicaSession::status() const {
  const std::scoped_lock lock(mutex_);
  ReplicaStatus out = status_;
  out.dump = dump_status_.snapshot();
  return out;
}

void ReplicaSession::run() noexcept {
  try {
    try {
      talk();
    } catch (const SqlFailure& failure) {
      log::warn("{}: refused: {}", stream_.peer(), failure.what());
      channel_.write(encode_error(failure.error()));
    }
  } catch (const Exception& exception) {
    if (exception.code() == Code::kCorruption) {
      log::warn("{}: closed for breaking the protocol: {}", stream_.peer(), exception.what());
    } else {
      log::info("{}: ended: {}", stream_.peer(), exception.what());
    }
  } catch (const std::exception& exception) {
    log::error("{}: closed: {}", stream_.peer(), exception.what());
  }
  stream_.shut_down();
}

void ReplicaSession::talk() {
  stream_.set_limits({.read = parts_.login_patience, .write = parts_.login_patience});
  stream_.set_deadline(std::chrono::steady_clock::now() + parts_.login_patience);
  const std::optional<ServedLog::Source> source = parts_.log.source();
  if (!source) {
    throw SqlFailure({.number = kTooManyConnections,
                      .state = "08004",
                      .message = "the relay has no log yet: it has not reached its source"});
  }
  source_server_id_ = source->server_id;
  log_in(*source);
  stream_.set_deadline(std::nullopt);
  stream_.set_limits({.read = kIdlePatience, .write = kWritePatience});
  ReplicaDialogue dialogue(facts(*source));
  do {
    channel_.start_command();
  } while (command(dialogue, channel_.read(kCommandSizeMax)));
}

// What follows a TLS request belongs to TLS already, so nothing may be read ahead of it.
Bytes ReplicaSession::read_unbuffered() {
  std::array<std::uint8_t, 4> head{};
  stream_.read_full(head);
  const std::size_t size = head[0] | static_cast<std::size_t>(head[1]) << 8U | static_cast<std::size_t>(head[2]) << 16U;
  if (size > kLoginSizeMax || head[3] != channel_.reader().next_sequence()) {
    fail(Code::kCorruption, format("{}: no login packet", stream_.peer()));
  }
  Bytes payload(size);
  stream_.read_full(payload);
  const auto next = static_cast<std::uint8_t>(head[3] + 1);
  channel_.reader().set_next_sequence(next);
  channel_.writer().set_next_sequence(next);
  return payload;
}

ClientLogin ReplicaSession::read_login() {
  ClientLogin login = parse_login(read_unbuffered());
  if (login.wants_tls) {
    if (parts_.tls == nullptr)
      fail(Code::kCorruption, format("{}: asked for TLS, which is not offered", stream_.peer()));
    stream_.start_tls_server(*parts_.tls);
    login = parse_login(channel_.read(kLoginSizeMax));
  }
  return login;
}

void ReplicaSession::log_in(const ServedLog::Source& source) {
  const Scramble scramble = make_scramble();
  channel_.write(encode_greeting(source.version, connection_id_, scramble, parts_.tls != nullptr));
  ClientLogin login = read_login();
  if (parts_.require_tls && !stream_.encrypted()) throw SqlFailure(denied(login, stream_.peer(), "TLS is required"));
  if (!login.plugin.empty() && login.plugin != kNativePassword) {
    channel_.write(encode_switch_to_native_password(scramble));
    const ByteView proof = channel_.read(kLoginSizeMax);
    login.proof.assign(proof.begin(), proof.end());
  }
  if (!parts_.accounts.opens(login.user, scramble, login.proof)) {
    throw SqlFailure(denied(login, stream_.peer(), login.proof.empty() ? "using password: NO" : "using password: YES"));
  }
  {
    const std::scoped_lock lock(mutex_);
    status_.user = login.user;
  }
  channel_.write(encode_ok());
}

DialogueFacts ReplicaSession::facts(const ServedLog::Source& source) const {
  const bool checksum = source.checksum == binlog::Checksum::kCrc32;
  ServedLog* log = &parts_.log;
  return {
      .connection_id = connection_id_,
      .user = status_.user,
      .variables = {{"server_id", format("{}", source.server_id)},
                    {"version", source.version},
                    {"version_comment", "Lifeboat relay"},
                    {"binlog_checksum", checksum ? "CRC32" : "NONE"},
                    {"gtid_domain_id", "0"},
                    {"log_bin", "1"},
                    {"read_only", "1"},
                    {"rpl_semi_sync_master_enabled", "ON"}},
      .gtid_binlog_position = [log] { return log->state().position().format(); },
      .gtid_position_at = [log](const std::string& file,
                                std::uint64_t position) { return log->gtid_position_at(file, position); },
      .log_files =
          [log] {
            std::vector<std::pair<std::string, std::uint64_t>> out;
            for (const ServedLog::File& each : log->files())
              out.emplace_back(each.name, log->end_of(each.name).readable);
            return out;
          },
  };
}

bool ReplicaSession::command(ReplicaDialogue& dialogue, ByteView payload) {
  if (payload.empty()) fail(Code::kCorruption, format("{}: an empty command", stream_.peer()));
  const ByteView body = payload.subspan(1);
  switch (static_cast<Command>(payload[0])) {
    case Command::kQuit:
      return false;
    case Command::kQuery:
      query(dialogue, as_text(body));
      return true;
    case Command::kPing:
    case Command::kInitDatabase:
      channel_.write(encode_ok());
      return true;
    case Command::kSetOption:
      channel_.write(encode_eof());
      return true;
    case Command::kStatistics:
      channel_.write(as_bytes("Lifeboat relay"));
      return true;
    case Command::kKill:
      kill_other(Decoder(body, "kill command").u32());
      return true;
    case Command::kRegisterReplica:
      note_registration(body);
      channel_.write(encode_ok());
      return true;
    case Command::kBinlogDump:
      dump(dialogue, body);
      return true;
  }
  channel_.write(encode_error(
      {.number = kUnknownCommand, .state = "08S01", .message = format("a relay knows no command {}", payload[0])}));
  return true;
}

void ReplicaSession::note_registration(ByteView body) {
  RegisterReplica registration = parse_register_replica(body);
  const std::scoped_lock lock(mutex_);
  status_.report_host = std::move(registration.host);
  status_.report_port = registration.port;
}

void ReplicaSession::query(ReplicaDialogue& dialogue, std::string_view statement) {
  const Answer answer = dialogue.answer(statement);
  if (const auto* result = std::get_if<TextResult>(&answer)) {
    write_result(channel_, *result);
  } else if (const auto* error = std::get_if<ServerError>(&answer)) {
    log::debug("{}: not answered: {}", stream_.peer(), error->message);
    channel_.write(encode_error(*error));
  } else if (const auto* kill = std::get_if<KillRequest>(&answer)) {
    kill_other(kill->connection_id);
  } else {
    channel_.write(encode_ok());
  }
}

void ReplicaSession::kill_other(std::uint64_t connection_id) {
  if (parts_.registry.kill(connection_id, status().user)) {
    channel_.write(encode_ok());
  } else {
    channel_.write(encode_error(
        {.number = kNoSuchThread, .state = "HY000", .message = format("Unknown thread id: {}", connection_id)}));
  }
}

void ReplicaSession::dump(const ReplicaDialogue& dialogue, ByteView payload) {
  const BinlogDump request = parse_binlog_dump(payload);
  const ReplicaWishes wishes = dialogue.wishes();
  {
    const std::scoped_lock lock(mutex_);
    status_.server_id = request.server_id;
    status_.dumping = true;
  }
  if (request.server_id != 0) parts_.registry.replace_dumps_of(request.server_id, connection_id_);
  log::info("{}: serving server {} from {}", stream_.peer(), request.server_id,
            wishes.connect_state ? format("GTID '{}'", *wishes.connect_state)
                                 : format("{}:{}", request.file, request.position));
  const DumpParts parts{.log = parts_.log,
                        .rules = parts_.rules,
                        .gate = parts_.gate,
                        .channel = channel_,
                        .status = dump_status_,
                        .server_id = source_server_id_};
  try {
    Dump(parts, {.user = status().user, .server_id = request.server_id}, wishes, request).run();
    channel_.write(encode_eof());
  } catch (const SqlFailure& failure) {
    log::warn("{}: server {} refused: {}", stream_.peer(), request.server_id, failure.what());
    channel_.write(encode_error(failure.error()));
  }
  const std::scoped_lock lock(mutex_);
  status_.dumping = false;
}

}  // namespace lifeboat::relay
