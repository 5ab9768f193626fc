/// When what has come from a source is to become durable. Each fsync covers all that came while the one before ran, so
/// asking often costs little; asking late lets commits wait that came before a large transaction, or in a stream
/// without a pause.
///
/// Threads: one at a time. Errors: none.
#pragma once

#include <chrono>
#include <cstdint>

namespace lifeboat::relay {

class FlushRhythm {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::uint64_t kBytes = std::uint64_t{1} << 20U;
  static constexpr std::chrono::milliseconds kTime{5};

  /// A packet of events, or a piece of one.
  struct Piece {
    std::uint64_t bytes = 0;
    bool first = true;  ///< of its event
    bool last = true;
    bool more_at_hand = false;  ///< received already
  };

  explicit FlushRhythm(Clock::time_point start) : flushed_(start) {}

  /// After each piece; true: flush now.
  bool due(const Piece& piece, Clock::time_point now) {
    bytes_ += piece.bytes;
    const bool pauses = piece.last && !piece.more_at_hand;
    const bool large_begins = piece.first && !piece.last;  // what came before it does not wait for all of it
    if (!pauses && !large_begins && bytes_ < kBytes && now - flushed_ < kTime) return false;
    bytes_ = 0;
    flushed_ = now;
    return true;
  }

 private:
  std::uint64_t bytes_ = 0;  ///< since then
  Clock::time_point flushed_;
};

}  // namespace lifeboat::relay
