#include "vault/chunk_codec.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/error.h"
#include "codec/compress.h"

namespace lifeboat::vault {

namespace {

/// Blocks gathered for or from a delta, and compressed bytes. Kept per thread, as allocating 128 KiB costs page faults.
struct Scratch {
  Bytes compressed = Bytes(codec::compress_bound(kChunkBytes));
  Bytes blocks = Bytes(kChunkBytes);
  Bytes base_blocks = Bytes(kChunkBytes);
};

Scratch& scratch() {
  thread_local Scratch kept;
  return kept;
}

/// Where the content's last block with anything in it ends.
std::size_t used_bytes(ByteView content) {
  std::size_t size = content.size();
  while (size > 0 && all_zero(content.subspan(size - kBlockBytes, kBlockBytes))) size -= kBlockBytes;
  return size;
}

template <typename Each>
void for_each_block(BlockMask mask, const Each& each) {
  for (std::size_t slot = 0; mask != 0; mask &= mask - 1, ++slot) {
    each(slot, static_cast<std::uint32_t>(std::countr_zero(mask)));
  }
}

std::size_t decompress_payload(PayloadCodec codec, ByteView payload, ByteView prefix, ByteSpan out) {
  switch (codec) {
    case PayloadCodec::kNone:
      if (payload.size() > out.size()) fail(Code::kCorruption, "content is larger than a chunk");
      std::ranges::copy(payload, out.begin());
      return payload.size();
    case PayloadCodec::kZstd:
      return codec::decompress(payload, out);
    case PayloadCodec::kZstdPrefix:
      if (prefix.empty()) break;
      return codec::decompress_with_prefix(payload, prefix, out);
  }
  fail(Code::kCorruption, "unknown codec");
}

}  // namespace

void toggle_block(Digest& digest, const codec::BlockPrf& prf, std::uint32_t number, ByteView block) {
  if (all_zero(block)) return;
  const codec::BlockPrf::Value value = prf(number, block);
  for (std::size_t i = 0; i < digest.size(); ++i) digest[i] ^= value[i];
}

Digest digest_of(const codec::BlockPrf& prf, ByteView content) {
  Digest digest{};
  for (std::uint32_t i = 0; i < kBlocksPerChunk; ++i) toggle_block(digest, prf, i, block_of(content, i));
  return digest;
}

EncodedPayload encode_plain(ByteView content, int level) {
  LIFEBOAT_CHECK(content.size() == kChunkBytes);
  const ByteView used = content.first(used_bytes(content));
  Bytes& out = scratch().compressed;
  const std::size_t size = codec::compress(used, out, level);
  if (size >= used.size()) return {PayloadCodec::kNone, used};
  return {PayloadCodec::kZstd, ByteView(out).first(size)};
}

EncodedPayload encode_delta(ByteView blocks, ByteView base_blocks, int level) {
  LIFEBOAT_CHECK(!blocks.empty() && blocks.size() == base_blocks.size());
  Bytes& out = scratch().compressed;
  const std::size_t size = codec::compress_with_prefix(blocks, base_blocks, out, level);
  if (size >= blocks.size()) return {PayloadCodec::kNone, blocks};
  return {PayloadCodec::kZstdPrefix, ByteView(out).first(size)};
}

void decode_plain(PayloadCodec codec, ByteView payload, ByteSpan out) {
  LIFEBOAT_CHECK(out.size() == kChunkBytes);
  const std::size_t size = decompress_payload(codec, payload, {}, out);
  if (size == 0 || size % kBlockBytes != 0) fail(Code::kCorruption, "content is not whole blocks");
  std::ranges::fill(out.subspan(size), std::uint8_t{0});
}

BlockMask decode_delta_mask(ByteView payload) {
  Decoder in(payload, "delta");
  const BlockMask mask = in.u32();
  if (mask == 0) in.bad("replaces no block");
  return mask;
}

void apply_delta(PayloadCodec codec, ByteView payload, ByteSpan content) {
  LIFEBOAT_CHECK(content.size() == kChunkBytes);
  const BlockMask mask = decode_delta_mask(payload);
  const std::size_t size = static_cast<std::size_t>(std::popcount(mask)) * kBlockBytes;
  const ByteSpan base_blocks = ByteSpan(scratch().base_blocks).first(size);
  const ByteSpan blocks = ByteSpan(scratch().blocks).first(size);
  for_each_block(mask, [&](std::size_t slot, std::uint32_t number) {
    std::ranges::copy(block_of(content, number), base_blocks.subspan(slot * kBlockBytes).begin());
  });
  if (decompress_payload(codec, payload.subspan(kDeltaMaskBytes), base_blocks, blocks) != size) {
    fail(Code::kCorruption, "delta: holds fewer blocks than it says");
  }
  for_each_block(mask, [&](std::size_t slot, std::uint32_t number) {
    std::ranges::copy(block_of(blocks, static_cast<std::uint32_t>(slot)),
                      content.subspan(std::size_t{number} * kBlockBytes).begin());
  });
}

}  // namespace lifeboat::vault
