#include "relay/packet.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/error.h"

namespace lifeboat::relay {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadBuffer = std::size_t{256} << 10U;
constexpr std::size_t kWriteBuffer = std::size_t{64} << 10U;
constexpr std::size_t kHead = 4;
constexpr std::chrono::seconds kDripPatience{30};

}  // namespace

PacketReader::PacketReader(net::Stream& stream) : stream_(&stream), buffer_(kReadBuffer) {}

bool PacketReader::fill(std::size_t wanted) {
  if (end_ - begin_ >= wanted) return true;
  if (buffer_.size() - begin_ < wanted || begin_ == end_) {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  std::optional<Clock::time_point> until;
  for (;;) {
    const std::size_t n = stream_->read_some(ByteSpan(buffer_).subspan(end_));
    if (n == 0) return false;
    end_ += n;
    if (end_ - begin_ >= wanted) return true;
    if (!until) {
      until = Clock::now() + kDripPatience;
    } else if (Clock::now() > *until) {
      fail(Code::kTimeout, format("{}: sends too slowly", stream_->peer()));
    }
  }
}

bool PacketReader::begin_packet() {
  if (!fill(kHead)) {
    if (begin_ == end_ && !inside_) return false;
    fail(Code::kUnavailable, format("{}: closed the connection in the middle of a packet", stream_->peer()));
  }
  const std::uint8_t* head = buffer_.data() + begin_;
  begin_ += kHead;
  left_ = head[0] | static_cast<std::size_t>(head[1]) << 8U | static_cast<std::size_t>(head[2]) << 16U;
  continues_ = left_ == kPacketPayloadMax;
  const std::uint8_t sequence = head[3];
  if (sequence != sequence_ && !(restarts_ && !inside_ && sequence == 1)) {
    fail(Code::kCorruption, format("{}: packet number {} came where {} was due", stream_->peer(), sequence, sequence_));
  }
  sequence_ = static_cast<std::uint8_t>(sequence + 1);
  return true;
}

std::optional<PacketReader::Piece> PacketReader::next_piece() {
  const bool first = !inside_;
  if (left_ == 0 && !begin_packet()) return std::nullopt;
  inside_ = true;
  // Small packets come whole; of a large one, what the buffer holds.
  const std::size_t wanted = std::min(left_, buffer_.size() / 2);
  if (!fill(wanted)) {
    fail(Code::kUnavailable, format("{}: closed the connection in the middle of a packet", stream_->peer()));
  }
  const std::size_t size = std::min(left_, end_ - begin_);
  const Piece piece{ByteView(buffer_).subspan(begin_, size), first, size == left_ && !continues_};
  begin_ += size;
  left_ -= size;
  inside_ = !piece.last;
  return piece;
}

ByteView PacketReader::read(std::size_t max_size) {
  whole_.clear();
  for (;;) {
    const auto piece = next_piece();
    if (!piece) fail(Code::kUnavailable, format("{}: closed the connection", stream_->peer()));
    if (piece->bytes.size() > max_size - whole_.size()) {
      fail(Code::kCorruption, format("{}: a packet of more than {} bytes", stream_->peer(), max_size));
    }
    if (piece->first && piece->last) return piece->bytes;
    whole_.insert(whole_.end(), piece->bytes.begin(), piece->bytes.end());
    if (piece->last) return whole_;
  }
}

PacketWriter::PacketWriter(net::Stream& stream) : stream_(&stream) {
  buffer_.reserve(kWriteBuffer);
}

void PacketWriter::write(ByteView payload) {
  begin(payload.size());
  append(payload);
}

void PacketWriter::begin(std::uint64_t size) {
  LIFEBOAT_CHECK(left_ == 0 && !owes_packet_);
  left_ = size;
  begin_packet();
}

void PacketWriter::begin_packet() {
  left_in_packet_ = static_cast<std::size_t>(std::min<std::uint64_t>(left_, kPacketPayloadMax));
  owes_packet_ = left_in_packet_ == kPacketPayloadMax;
  const std::array<std::uint8_t, kHead> head{static_cast<std::uint8_t>(left_in_packet_),
                                             static_cast<std::uint8_t>(left_in_packet_ >> 8U),
                                             static_cast<std::uint8_t>(left_in_packet_ >> 16U), sequence_++};
  put(head);
}

void PacketWriter::append(ByteView part) {
  LIFEBOAT_CHECK(part.size() <= left_);
  for (;;) {
    const ByteView now = part.first(std::min(part.size(), left_in_packet_));
    put(now);
    part = part.subspan(now.size());
    left_ -= now.size();
    left_in_packet_ -= now.size();
    if (left_in_packet_ > 0 || !owes_packet_) return;
    begin_packet();  // a full packet is always followed by another, at the end by an empty one
  }
}

void PacketWriter::put(ByteView bytes) {
  if (buffer_.size() + bytes.size() > kWriteBuffer) {
    flush();
    if (bytes.size() >= kWriteBuffer) {
      stream_->write_all(bytes);
      return;
    }
  }
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

void PacketWriter::flush() {
  if (buffer_.empty()) return;
  stream_->write_all(buffer_);
  buffer_.clear();
}

ByteView PacketChannel::read(std::size_t max_size) {
  const ByteView payload = reader_.read(max_size);
  writer_.set_next_sequence(reader_.next_sequence());
  return payload;
}

void PacketChannel::write(ByteView payload) {
  writer_.write(payload);
  writer_.flush();
  reader_.set_next_sequence(writer_.next_sequence());
}

void PacketChannel::start_command() {
  writer_.set_next_sequence(0);
  reader_.set_next_sequence(0);
}

void put_lenenc(Encoder& out, std::uint64_t value) {
  if (value < 0xfb) {
    out.u8(static_cast<std::uint8_t>(value));
  } else if (value <= 0xffff) {
    out.u8(0xfc);
    out.u16(static_cast<std::uint16_t>(value));
  } else if (value <= 0xffffff) {
    out.u8(0xfd);
    out.u16(static_cast<std::uint16_t>(value));
    out.u8(static_cast<std::uint8_t>(value >> 16U));
  } else {
    out.u8(0xfe);
    out.u64(value);
  }
}

void put_lenenc_text(Encoder& out, std::string_view text) {
  put_lenenc(out, text.size());
  out.raw(text);
}

std::uint64_t get_lenenc(Decoder& in) {
  const std::uint8_t first = in.u8();
  switch (first) {
    case 0xfb:
    case 0xff:
      in.bad("a length that is none");
    case 0xfc:
      return in.u16();
    case 0xfd: {
      const std::uint64_t low = in.u16();
      return low | static_cast<std::uint64_t>(in.u8()) << 16U;
    }
    case 0xfe:
      return in.u64();
    default:
      return first;
  }
}

std::string get_lenenc_text(Decoder& in, std::size_t max_size) {
  const std::uint64_t size = get_lenenc(in);
  if (size > max_size || size > in.left()) in.bad("a text longer than its packet or bound");
  return std::string(as_text(in.raw(static_cast<std::size_t>(size))));
}

std::string get_nul_text(Decoder& in, std::size_t max_size) {
  std::string text;
  while (const std::uint8_t c = in.u8()) {
    if (text.size() == max_size) in.bad("a text that does not end");
    text.push_back(static_cast<char>(c));
  }
  return text;
}

}  // namespace lifeboat::relay
