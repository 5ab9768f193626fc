/// A chunk's content to and from record payloads: plain, and as a delta of blocks against a plain chunk; and digests.
/// Layout: docs/internals/vault-format.md, "packs". Decoders take untrusted payloads and throw kCorruption.
/// Threads: free functions from any thread; scratch memory (under 1 MiB) is kept per thread.
#pragma once

#include "base/bytes.h"
#include "codec/hash.h"
#include "vault/format.h"
#include "vault/types.h"

namespace lifeboat::vault {

inline constexpr std::uint32_t kDeltaMaskBytes = 4;

inline ByteView block_of(ByteView content, std::uint32_t number) {
  return content.subspan(std::size_t{number} * kBlockBytes, kBlockBytes);
}

/// Adds the block to a digest, or takes it out again: the digest is their XOR. A block of zeros changes nothing.
void toggle_block(Digest& digest, const codec::BlockPrf& prf, std::uint32_t number, ByteView block);
/// Of kChunkBytes of content.
Digest digest_of(const codec::BlockPrf& prf, ByteView content);

/// One payload ready to be added; `bytes` is valid until this thread encodes the next.
struct EncodedPayload {
  PayloadCodec codec = PayloadCodec::kNone;
  ByteView bytes;
};

/// Of kChunkBytes of content.
EncodedPayload encode_plain(ByteView content, int level);
/// What follows the mask in a delta's payload. `blocks` and `base_blocks` hold the mask's blocks, ascending.
EncodedPayload encode_delta(ByteView blocks, ByteView base_blocks, int level);

/// Fills `out` (kChunkBytes).
void decode_plain(PayloadCodec codec, ByteView payload, ByteSpan out);
/// Which blocks the delta replaces; never 0.
BlockMask decode_delta_mask(ByteView payload);
/// `content` (kChunkBytes) holds the base's content and becomes the delta's.
void apply_delta(PayloadCodec codec, ByteView payload, ByteSpan content);

}  // namespace lifeboat::vault
