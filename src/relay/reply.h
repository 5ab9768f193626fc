/// What a server answers to a command: OK, ERR, EOF, and text result sets; written and read, in the classic form
/// without CLIENT_DEPRECATE_EOF, which neither side of ours asks for.
///
/// Errors: kCorruption for what is no answer; ServerRefusal from read_ok and read_result when the server answers with
///   an error: kRefused, kDenied when it is about access. Everything read is bounded.
/// Format: https://mariadb.com/kb/en/4-server-response-packets/
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "relay/packet.h"

namespace lifeboat::relay {

constexpr std::uint8_t kOkHead = 0x00;
constexpr std::uint8_t kErrHead = 0xff;
constexpr std::uint8_t kEofHead = 0xfe;

struct ServerError {
  std::uint16_t number = 0;
  std::string state;  ///< five characters, or empty
  std::string message;
};

bool is_ok(ByteView payload);
bool is_error(ByteView payload);
bool is_eof(ByteView payload);

Bytes encode_ok(std::uint16_t status = 2);
Bytes encode_error(const ServerError& error);
Bytes encode_eof(std::uint16_t status = 2);
ServerError decode_error(ByteView payload);
/// An error by which a server answered.
class ServerRefusal : public Exception {
 public:
  ServerRefusal(Error error, std::uint16_t number) : Exception(std::move(error)), number_(number) {}
  std::uint16_t number() const { return number_; }

 private:
  std::uint16_t number_;
};

/// A number as a server tells it, as text; 0 for what is none.
std::uint64_t told_number(std::string_view text);

/// Throws it as ServerRefusal, naming the peer.
[[noreturn]] void fail_with(const ServerError& error, std::string_view peer);

using TextRow = std::vector<std::optional<std::string>>;

struct TextResult {
  std::vector<std::string> columns;
  std::vector<TextRow> rows;
};

/// An OK, or a throw.
void read_ok(PacketChannel& channel, std::string_view peer);
/// A result set (no columns if the answer was an OK), of at most `max_size` bytes in all.
TextResult read_result(PacketChannel& channel, std::string_view peer, std::size_t max_size = std::size_t{1} << 20U);
/// As VARCHAR columns in utf8mb4.
void write_result(PacketChannel& channel, const TextResult& result);

}  // namespace lifeboat::relay
