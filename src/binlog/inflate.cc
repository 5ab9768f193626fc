#include "binlog/inflate.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/units.h"
#include "binlog/wire.h"

namespace lifeboat::binlog {

namespace {

constexpr std::size_t kFirstStep = 64 * 1024;

struct Envelope {
  std::size_t size = 0;
  ByteView data;
};

Envelope open(ByteView payload) {
  Decoder in(payload, "compressed data");
  const std::uint8_t head = in.u8();
  const unsigned algorithm = (head & 0x70U) >> 4U;
  const unsigned width = head & 0x0fU;
  if ((head & 0x80U) == 0 || width == 0 || width > 4) in.bad("not such data");
  if (algorithm != 0) fail(Code::kUnsupported, format("compressed data: algorithm {}", algorithm));
  const std::uint64_t size = read_big(in, width);
  return {static_cast<std::size_t>(size), in.raw(in.left())};
}

/// Owns zlib's state.
class Inflater {
 public:
  explicit Inflater(ByteView in) {
    stream_.next_in = const_cast<Bytef*>(in.data());  // NOLINT(*-const-cast): zlib reads it only
    stream_.avail_in = static_cast<uInt>(in.size());
    if (::inflateInit(&stream_) != Z_OK) throw std::bad_alloc();
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { ::inflateEnd(&stream_); }

  /// Fills `out` as far as there is data; returns the bytes written.
  std::size_t read(ByteSpan out) {
    stream_.next_out = out.data();
    stream_.avail_out = static_cast<uInt>(out.size());
    const int result = ::inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_STREAM_END) ended_ = true;
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

}  // namespace

std::size_t inflated_size(ByteView payload) {
  return open(payload).size;
}

Bytes inflate_payload(ByteView payload, std::size_t max_size) {
  const Envelope envelope = open(payload);
  if (envelope.size > max_size) {
    fail(Code::kOutOfSpace, format("compressed data: {} inflated, more than the {} allowed", format_size(envelope.size),
                                   format_size(max_size)));
  }
  if (envelope.data.size() > std::numeric_limits<uInt>::max()) fail(Code::kCorruption, "compressed data: too large");
  Inflater inflater(envelope.data);
  Bytes out;
  std::size_t filled = 0;
  while (filled < envelope.size && !inflater.ended()) {
    out.resize(std::min(envelope.size, std::max(kFirstStep, filled * 2)));
    const std::size_t got = inflater.read(ByteSpan(out).subspan(filled));
    if (got == 0 && !inflater.ended()) break;
    filled += got;
  }
  std::uint8_t beyond = 0;
  if (filled != envelope.size || (!inflater.ended() && (inflater.read({&beyond, 1}) != 0 || !inflater.ended()))) {
    fail(Code::kCorruption, format("compressed data: not the {} bytes that it says", envelope.size));
  }
  out.resize(filled);
  return out;
}

}  // namespace lifeboat::binlog
