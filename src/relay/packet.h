/// MySQL's wire packets over a stream, for both sides of a connection: 3 bytes of length, one of sequence, and payloads
/// of 2^24−1 bytes and more cut into several packets.
///
/// Time: what is read next, be it 128 KiB, may take half a minute, however slowly its bytes drip.
/// Threads: one reader and one writer at the same time; then their sequence numbers are the caller's business
///   (`set_next_sequence`), as replication needs. Memory: one buffer each way; a payload is held whole only by `read`.
/// Errors: those of the stream; kCorruption for what breaks the protocol (sequence, lengths), after which the
/// connection
///   is of no more use.
/// Format: https://mariadb.com/kb/en/0-packet/
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "net/stream.h"

namespace lifeboat::relay {

/// A packet of this length is followed by another that goes on with it.
constexpr std::size_t kPacketPayloadMax = (std::size_t{1} << 24U) - 1;

class PacketReader {
 public:
  explicit PacketReader(net::Stream& stream);

  /// A piece of a payload. A small payload is one piece, both first and last.
  struct Piece {
    ByteView bytes;  ///< valid until the next call
    bool first = false;
    bool last = false;
  };

  /// The next piece, of at most the buffer's size; nothing if the other side closed between two packets.
  std::optional<Piece> next_piece();
  /// A whole payload of at most `max_size` bytes, valid until the next call. kUnavailable if the other side has closed.
  ByteView read(std::size_t max_size = std::size_t{1} << 20U);

  /// Whether a packet, or the beginning of one, has been received already.
  bool buffered() const { return begin_ != end_; }
  bool wait_readable(std::chrono::milliseconds patience) { return buffered() || stream_->wait_readable(patience); }

  /// The sequence number that the next packet must have.
  std::uint8_t next_sequence() const { return sequence_; }
  void set_next_sequence(std::uint8_t sequence) { sequence_ = sequence; }
  /// From now on a payload may also begin with 1: a source that reads acknowledgements starts again after each.
  void allow_restarts() { restarts_ = true; }

 private:
  bool fill(std::size_t wanted);
  bool begin_packet();

  net::Stream* stream_;
  Bytes buffer_;
  std::size_t begin_ = 0;  ///< of what was received and not handed out
  std::size_t end_ = 0;
  std::size_t left_ = 0;  ///< of the packet being handed out
  bool continues_ = false;
  bool inside_ = false;  ///< a payload has begun and not ended
  bool restarts_ = false;
  std::uint8_t sequence_ = 0;
  Bytes whole_;
};

class PacketWriter {
 public:
  explicit PacketWriter(net::Stream& stream);

  /// One payload, into the buffer.
  void write(ByteView payload);
  /// A payload of `size` bytes in parts: `begin`, then `append` until all are given.
  void begin(std::uint64_t size);
  void append(ByteView part);
  void flush();

  std::uint8_t next_sequence() const { return sequence_; }
  void set_next_sequence(std::uint8_t sequence) { sequence_ = sequence; }

 private:
  void begin_packet();
  void put(ByteView bytes);

  net::Stream* stream_;
  Bytes buffer_;
  std::uint64_t left_ = 0;  ///< of the payload
  std::size_t left_in_packet_ = 0;
  bool owes_packet_ = false;  ///< the payload still needs a packet, be it an empty one
  std::uint8_t sequence_ = 0;
};

/// Both directions of one connection, taking turns: each packet's sequence follows the last one's, whoever sent it.
class PacketChannel {
 public:
  explicit PacketChannel(net::Stream& stream) : reader_(stream), writer_(stream) {}

  ByteView read(std::size_t max_size = std::size_t{1} << 20U);
  /// Sends it at once.
  void write(ByteView payload);
  /// Before a client's command, which starts counting anew.
  void start_command();

  PacketReader& reader() { return reader_; }
  PacketWriter& writer() { return writer_; }

 private:
  PacketReader reader_;
  PacketWriter writer_;
};

/// A length-encoded integer, as Encoder's varint is another thing.
void put_lenenc(Encoder& out, std::uint64_t value);
void put_lenenc_text(Encoder& out, std::string_view text);
/// Throws kCorruption for the marks of NULL and of an error, and past the end.
std::uint64_t get_lenenc(Decoder& in);
std::string get_lenenc_text(Decoder& in, std::size_t max_size = std::size_t{1} << 20U);
/// Up to a NUL, which is consumed.
std::string get_nul_text(Decoder& in, std::size_t max_size = 4096);

}  // namespace lifeboat::relay
