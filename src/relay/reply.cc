#include "relay/reply.h"

#include <charconv>

#include "base/error.h"

namespace lifeboat::relay {
namespace {

constexpr std::size_t kColumnsMax = 4096;
constexpr std::uint16_t kCharsetUtf8mb4 = 45;
constexpr std::uint8_t kTypeVarString = 253;
constexpr std::uint8_t kNullMark = 0xfb;

Bytes encode_column(std::string_view name) {
  Encoder out;
  put_lenenc_text(out, "def");
  for (int i = 0; i < 3; ++i) put_lenenc_text(out, "");  // schema, table, original table
  put_lenenc_text(out, name);
  put_lenenc_text(out, name);
  put_lenenc(out, 12);
  out.u16(kCharsetUtf8mb4);
  out.u32(1024);
  out.u8(kTypeVarString);
  out.u16(0);
  out.u8(0);
  out.u16(0);
  return out.take();
}

std::string decode_column_name(ByteView payload) {
  Decoder in(payload, "a column's description");
  for (int i = 0; i < 4; ++i) get_lenenc_text(in);
  return get_lenenc_text(in);
}

TextRow decode_row(ByteView payload, std::size_t columns) {
  Decoder in(payload, "a row of an answer");
  TextRow row(columns);
  for (auto& field : row) {
    if (in.left() > 0 && payload[in.position()] == kNullMark) {
      in.u8();
    } else {
      field = get_lenenc_text(in);
    }
  }
  in.expect_end();
  return row;
}

}  // namespace

bool is_ok(ByteView payload) {
  return !payload.empty() && payload[0] == kOkHead;
}

bool is_error(ByteView payload) {
  return !payload.empty() && payload[0] == kErrHead;
}

bool is_eof(ByteView payload) {
  return !payload.empty() && payload[0] == kEofHead && payload.size() < 9;
}

Bytes encode_ok(std::uint16_t status) {
  Encoder out;
  out.u8(kOkHead);
  put_lenenc(out, 0);  // affected rows
  put_lenenc(out, 0);  // last inserted id
  out.u16(status);
  out.u16(0);  // warnings
  return out.take();
}

Bytes encode_error(const ServerError& error) {
  Encoder out;
  out.u8(kErrHead);
  out.u16(error.number);
  out.raw("#");
  out.raw(error.state.size() == 5 ? std::string_view(error.state) : "HY000");
  out.raw(error.message);
  return out.take();
}

Bytes encode_eof(std::uint16_t status) {
  Encoder out;
  out.u8(kEofHead);
  out.u16(0);  // warnings
  out.u16(status);
  return out.take();
}

ServerError decode_error(ByteView payload) {
  Decoder in(payload, "an error answer");
  in.u8();
  ServerError error{.number = in.u16()};
  std::string_view rest = as_text(in.raw(in.left()));
  if (rest.starts_with('#') && rest.size() >= 6) {
    error.state = rest.substr(1, 5);
    rest.remove_prefix(6);
  }
  error.message = rest;
  return error;
}

namespace {

std::string advice(std::uint16_t number) {
  switch (number) {
    case 1044:
    case 1045:  // also said to an account that may log in, but not replicate
    case 1227:
    case 1698:
      return "Check the password, and on the source: GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO the account.";
    case 1130:
      return "The account is not for this host: create it as NAME@'%', or for this host's address.";
    case 1236:
      return "Compare with SHOW BINARY LOGS on the source: its log must be on (log_bin) and hold what is asked for.";
    default:
      return {};
  }
}

}  // namespace

std::uint64_t told_number(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

void fail_with(const ServerError& error, std::string_view peer) {
  constexpr std::size_t kShown = 500;
  const bool denied = error.number == 1045 || error.number == 1044 || error.number == 1227 || error.number == 1698 ||
                      error.number == 1130 || error.number == 1129;
  throw ServerRefusal({.code = denied ? Code::kDenied : Code::kRefused,
                       .message = format("{}: error {}: {}", peer, error.number, error.message.substr(0, kShown)),
                       .hint = advice(error.number),
                       .context = {},
                       .place = {}},
                      error.number);
}

void read_ok(PacketChannel& channel, std::string_view peer) {
  const ByteView payload = channel.read();
  if (is_error(payload)) fail_with(decode_error(payload), peer);
  if (!is_ok(payload)) fail(Code::kCorruption, format("{}: an answer that is neither OK nor an error", peer));
}

TextResult read_result(PacketChannel& channel, std::string_view peer, std::size_t max_size) {
  TextResult result;
  const ByteView head = channel.read();
  if (is_error(head)) fail_with(decode_error(head), peer);
  if (is_ok(head)) return result;
  Decoder in(head, "the head of an answer");
  const std::uint64_t columns = get_lenenc(in);
  in.expect_end();
  if (columns > kColumnsMax) in.bad("too many columns");
  for (std::uint64_t i = 0; i < columns; ++i) result.columns.push_back(decode_column_name(channel.read()));
  if (!is_eof(channel.read())) fail(Code::kCorruption, format("{}: no end after the columns of an answer", peer));
  for (std::size_t bytes = 0;;) {
    const ByteView payload = channel.read();
    if (is_eof(payload)) return result;
    if (is_error(payload)) fail_with(decode_error(payload), peer);
    bytes += payload.size() + sizeof(TextRow) + columns * sizeof(TextRow::value_type);
    if (bytes > max_size) fail(Code::kCorruption, format("{}: an answer of more than {} bytes", peer, max_size));
    result.rows.push_back(decode_row(payload, static_cast<std::size_t>(columns)));
  }
}

void write_result(PacketChannel& channel, const TextResult& result) {
  PacketWriter& writer = channel.writer();
  Encoder head;
  put_lenenc(head, result.columns.size());
  writer.write(head.bytes());
  for (const std::string& column : result.columns) writer.write(encode_column(column));
  writer.write(encode_eof());
  for (const TextRow& row : result.rows) {
    Encoder out;
    for (const auto& field : row) {
      if (field) {
        put_lenenc_text(out, *field);
      } else {
        out.u8(kNullMark);
      }
    }
    writer.write(out.bytes());
  }
  channel.write(encode_eof());
}

}  // namespace lifeboat::relay
