/// zstd: whole frames that carry their content size, plain or against a raw prefix (an earlier version of the same
/// bytes). Contexts are kept per thread. Threads: safe from any thread.
/// Decompression takes untrusted bytes: it never writes beyond the bound given and throws kCorruption.
#pragma once

#include "base/bytes.h"

namespace lifeboat::codec {

/// The most that `size` bytes can become.
std::size_t compress_bound(std::size_t size);

/// Compresses `in` to `out` (at least compress_bound(in.size()) long); returns the bytes written. `level` as in zstd,
/// negative ones included.
std::size_t compress(ByteView in, ByteSpan out, int level);
/// As compress, finding matches in `prefix` too, which must not overlap `in`. Tuned for inputs of a few blocks.
std::size_t compress_with_prefix(ByteView in, ByteView prefix, ByteSpan out, int level);

/// Decompresses one whole frame to `out`; returns the content's size, at most out.size().
std::size_t decompress(ByteView frame, ByteSpan out);
std::size_t decompress_with_prefix(ByteView frame, ByteView prefix, ByteSpan out);

Bytes compress(ByteView in, int level);
/// kCorruption if the content is larger than `max_size`.
Bytes decompress(ByteView frame, std::size_t max_size);

}  // namespace lifeboat::codec
