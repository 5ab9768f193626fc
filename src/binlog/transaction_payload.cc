#include "binlog/transaction_payload.h"

#include <algorithm>

#include "base/error.h"
#include "binlog/wire.h"

namespace lifeboat::binlog {

namespace {
constexpr std::uint64_t kZstd = 0;
constexpr std::uint64_t kUncompressed = 255;

enum Field : std::uint64_t { kEnd = 0, kPayloadSize = 1, kCompression = 2 };

constexpr std::size_t kStep = std::size_t{1} << 20U;
}  // namespace

PayloadReader::PayloadReader(const Event& event, std::size_t max_size) : left_(max_size) {
  Decoder in(event.body, "payload event");
  if (event.header.type != EventType::kMysqlTransactionPayload) in.bad("not one");
  std::uint64_t size = 0;
  std::uint64_t compression = kUncompressed;
  for (std::uint64_t field = read_packed(in); field != kEnd; field = read_packed(in)) {
    Decoder value(read_packed_bytes(in), "payload event");
    if (field == kPayloadSize) size = read_packed(value);
    if (field == kCompression) compression = read_packed(value);
  }
  if (size != in.left()) in.bad("not as long as it says");
  const ByteView payload = in.raw(in.left());
  if (compression == kZstd) {
    stream_ = std::make_unique<codec::DecompressStream>(payload);
  } else if (compression == kUncompressed) {
    plain_ = payload;
  } else {
    fail(Code::kUnsupported, format("payload event: compression {}", compression));
  }
}

std::size_t PayloadReader::read(ByteSpan out) {
  if (stream_) return stream_->read(out);
  const std::size_t size = std::min(out.size(), plain_.size());
  std::ranges::copy(plain_.first(size), out.begin());
  plain_ = plain_.subspan(size);
  return size;
}

void PayloadReader::read_all(ByteSpan out) {
  if (read(out) != out.size()) fail(Code::kCorruption, "payload event: its last event is truncated");
}

bool PayloadReader::next(Event& event) {
  buffer_.resize(kEventHeaderSize);
  const std::size_t got = read(buffer_);
  if (got == 0) return false;
  read_all(ByteSpan(buffer_).subspan(got));
  const std::size_t size = decode_header(buffer_).size;
  if (size > left_) {
    fail(Code::kOutOfSpace, "payload event: inflated, it is larger than allowed",
         "Raise the limit for compressed transactions if this source really makes such large ones.");
  }
  left_ -= size;
  // In steps, so that a size which lies does not take memory.
  while (buffer_.size() < size) {
    const std::size_t filled = buffer_.size();
    buffer_.resize(std::min(size, filled + std::max(kStep, filled)));
    read_all(ByteSpan(buffer_).subspan(filled));
  }
  event = split_event(buffer_, Checksum::kNone);
  return true;
}

}  // namespace lifeboat::binlog
