#include "binlog/inflate.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/units.h"
#include "binlog/wire.h"

namespace lifeboat::binlog {

namespace {

constexpr std::size_t kFirstStep = 64 * std::size_t{1024};

/// What stands in front of compressed bytes, and the bytes.
struct Envelope {
  std::size_t size = 0;  ///< of the original
  int window_bits = MAX_WBITS;
  ByteView data;
};

/// Owns zlib's state.
class Inflater {
 public:
  explicit Inflater(const Envelope& envelope) {
    stream_.next_in = const_cast<Bytef*>(envelope.data.data());  // zlib only reads it
    stream_.avail_in = static_cast<uInt>(envelope.data.size());
    if (::inflateInit2(&stream_, envelope.window_bits) != Z_OK) throw std::bad_alloc();
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { ::inflateEnd(&stream_); }

  /// Fills `out` as far as there is data; returns the bytes written.
  std::size_t read(ByteSpan out) {
    stream_.next_out = out.data();
    stream_.avail_out = static_cast<uInt>(out.size());
    const int result = ::inflate(&stream_, Z_NO_FLUSH);
    ended_ = result == Z_STREAM_END;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      fail(Code::kCorruption, "compressed data: damaged");
    }
    return out.size() - stream_.avail_out;
  }
  bool ended() const { return ended_; }

 private:
  z_stream stream_{};
  bool ended_ = false;
};

/// Whether the stream is at its end and has nothing more.
bool ends_here(Inflater& inflater) {
  std::uint8_t beyond = 0;
  return inflater.ended() || (inflater.read({&beyond, 1}) == 0 && inflater.ended());
}

Bytes inflate_all(const Envelope& envelope, std::size_t max_size) {
  if (envelope.size > max_size) {
    fail(Code::kOutOfSpace, format("compressed data: {} inflated, more than the {} allowed", format_size(envelope.size),
                                   format_size(max_size)));
  }
  if (envelope.data.size() > std::numeric_limits<uInt>::max()) fail(Code::kCorruption, "compressed data: too large");
  Inflater inflater(envelope);
  Bytes out;
  std::size_t filled = 0;
  while (filled < envelope.size && !inflater.ended()) {
    out.resize(std::min(envelope.size, std::max(kFirstStep, filled * 2)));
    const std::size_t got = inflater.read(ByteSpan(out).subspan(filled));
    if (got == 0) break;
    filled += got;
  }
  if (filled != envelope.size || !ends_here(inflater)) {
    fail(Code::kCorruption, format("compressed data: not the {} bytes that it says", envelope.size));
  }
  return out;
}

Envelope open_payload(ByteView payload) {
  Decoder in(payload, "compressed data");
  const std::uint8_t head = in.u8();
  const unsigned algorithm = (head & 0x70U) >> 4U;
  const unsigned width = head & 0x0fU;
  if ((head & 0x80U) == 0 || width == 0 || width > 4) in.bad("not such data");
  if (algorithm != 0) fail(Code::kUnsupported, format("compressed data: algorithm {}", algorithm));
  Envelope envelope;
  envelope.size = static_cast<std::size_t>(read_big(in, width));
  envelope.data = in.raw(in.left());
  return envelope;
}

}  // namespace

std::size_t inflated_size(ByteView payload) {
  return open_payload(payload).size;
}

Bytes inflate_payload(ByteView payload, std::size_t max_size) {
  return inflate_all(open_payload(payload), max_size);
}

Bytes inflate_column(ByteView stored, std::size_t max_size) {
  if (stored.empty()) return {};
  Decoder in(stored, "compressed column");
  const std::uint8_t head = in.u8();
  if (head == 0) {
    const ByteView plain = in.raw(in.left());
    return {plain.begin(), plain.end()};
  }
  constexpr unsigned kZlib = 8;
  constexpr std::uint8_t kNoHeader = 8;
  const unsigned width = head & 7U;
  if (head >> 4U != kZlib) fail(Code::kUnsupported, format("compressed column: method {}", head >> 4U));
  if (width == 0 || width > 4) in.bad("a length of impossible width");
  Envelope envelope;
  envelope.size = static_cast<std::size_t>(read_big(in, width));
  envelope.window_bits = (head & kNoHeader) != 0 ? -MAX_WBITS : MAX_WBITS;
  envelope.data = in.raw(in.left());
  return inflate_all(envelope, max_size);
}

}  // namespace lifeboat::binlog
