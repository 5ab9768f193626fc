/// zstd frames of unknown content size, read piece by piece, so that the content need never lie in memory whole.
#pragma once

#include <memory>

#include "base/bytes.h"

namespace lifeboat::codec {

/// Borrows its input, which is untrusted. Threads: one at a time. Errors: kCorruption for damage, and for input that
/// ends within a frame. Memory: at most the window that zstd allows by default (128 MiB), and only as large as the
/// frame asks.
class DecompressStream {
 public:
  explicit DecompressStream(ByteView in);
  DecompressStream(DecompressStream&&) noexcept;
  DecompressStream& operator=(DecompressStream&&) noexcept;
  ~DecompressStream();

  /// Fills `out` unless the content ends before; returns the bytes written.
  std::size_t read(ByteSpan out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lifeboat::codec
