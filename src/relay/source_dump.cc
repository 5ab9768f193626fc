#include "relay/source_dump.h"

#include "base/error.h"

namespace lifeboat::relay {
namespace {

constexpr std::uint8_t kCommandBinlogDump = 0x12;
constexpr std::uint8_t kCommandRegister = 0x15;
constexpr std::uint16_t kSendAnnotateRows = 2;
constexpr std::uint8_t kSemiSyncMagic = 0xef;
constexpr std::size_t kSemiSyncHead = 2;

}  // namespace

SourceDump::SourceDump(SourceConnection& connection, const DumpRequest& request) : connection_(&connection) {
  negotiate(request);
  register_replica(request.server_id);
  if (request.semi_sync) ask_for_semi_sync();
  start(request);
}

void SourceDump::negotiate(const DumpRequest& request) {
  SourceConnection& source = *connection_;
  const auto period = std::chrono::nanoseconds(request.heartbeat).count();
  source.execute(format("SET @master_heartbeat_period = {0}, @source_heartbeat_period = {0}", period));
  // Not the source's present setting: each file's events then come with the endings that they have in the file.
  source.execute("SET @master_binlog_checksum = 'CRC32', @source_binlog_checksum = 'CRC32'");
  if (!source.is_mariadb()) return;
  source.execute("SET @mariadb_slave_capability = 4");
  if (request.gtid_position) {
    source.execute("SET @slave_connect_state = " + quote_sql(*request.gtid_position));
    source.execute("SET @slave_gtid_strict_mode = 0");
    source.execute("SET @slave_gtid_ignore_duplicates = 0");
  }
}

void SourceDump::ask_for_semi_sync() {
  SourceConnection& source = *connection_;
  const TextResult enabled = source.query(
      "SHOW VARIABLES WHERE Variable_name IN ('rpl_semi_sync_master_enabled', 'rpl_semi_sync_source_enabled')");
  if (enabled.rows.empty()) return;  // it knows no semi-sync
  source.execute("SET @rpl_semi_sync_slave = 1, @rpl_semi_sync_replica = 1");
  semi_sync_ = true;
}

void SourceDump::register_replica(std::uint32_t server_id) {
  Encoder out;
  out.u8(kCommandRegister);
  out.u32(server_id);
  out.raw(Bytes(3));  // host, user, password: lengths of nothing
  out.u16(0);         // port
  out.u32(0);         // rank
  out.u32(0);         // master id
  connection_->send_command(out.bytes());
  read_ok(connection_->channel(), connection_->peer());
}

void SourceDump::start(const DumpRequest& request) {
  Encoder out;
  out.u8(kCommandBinlogDump);
  out.u32(static_cast<std::uint32_t>(request.position));
  out.u16(kSendAnnotateRows);
  out.u32(request.server_id);
  out.raw(request.file);
  connection_->send_command(out.bytes());
  connection_->begin_stream();
  if (semi_sync_) connection_->channel().reader().allow_restarts();
}

std::optional<SourceDump::Piece> SourceDump::next() {
  auto piece = connection_->channel().reader().next_piece();
  if (!piece) fail(Code::kUnavailable, format("{}: closed the connection", connection_->peer()));
  if (!piece->first) return Piece{piece->bytes, false, piece->last, ack_wanted_};
  ByteView bytes = piece->bytes;
  if (piece->last && is_error(bytes)) fail_with(decode_error(bytes), connection_->peer());
  if (piece->last && is_eof(bytes)) return std::nullopt;
  const std::size_t head = semi_sync_ ? 1 + kSemiSyncHead : 1;
  if (bytes.size() < head || bytes[0] != kOkHead || (semi_sync_ && bytes[1] != kSemiSyncMagic)) {
    fail(Code::kCorruption, format("{}: sent a packet that holds no event", connection_->peer()));
  }
  ack_wanted_ = semi_sync_ && bytes[2] != 0;
  return Piece{bytes.subspan(head), true, piece->last, ack_wanted_};
}

void SourceDump::acknowledge(const std::string& file, std::uint64_t position) {
  Encoder out;
  out.u8(kSemiSyncMagic);
  out.u64(position);
  out.raw(file);
  PacketWriter& writer = connection_->channel().writer();
  writer.set_next_sequence(0);
  writer.write(out.bytes());
  writer.flush();
}

}  // namespace lifeboat::relay
