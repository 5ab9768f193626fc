#include "vault/chunk_store.h"

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "base/log.h"
#include "vault/chunk_codec.h"

namespace lifeboat::vault {

namespace {

/// A delta of more blocks than this, or of more than half of its base's sealed size, is not worth its second read.
constexpr int kDeltaBlocksMax = 16;

template <typename Each>
void for_each_block(BlockMask mask, const Each& each) {
  for (; mask != 0; mask &= mask - 1) each(static_cast<std::uint32_t>(std::countr_zero(mask)));
}

ByteSpan block_in(ByteSpan content, std::uint32_t number) {
  return content.subspan(std::size_t{number} * kBlockBytes, kBlockBytes);
}

const RecordRef& base_of(const ChunkRef& ref) {
  return ref.kind == ChunkKind::kDelta ? ref.base : ref.record;
}

/// Kept per thread, as allocating 128 KiB costs page faults.
struct Scratch {
  Bytes content = Bytes(kChunkBytes);
  Bytes previous = Bytes(kChunkBytes);
  Bytes base = Bytes(kChunkBytes);
  Bytes gathered = Bytes(kChunkBytes);
  Bytes gathered_base = Bytes(kChunkBytes);
};

Scratch& scratch() {
  thread_local Scratch kept;
  return kept;
}

ByteView gather(BlockMask mask, ByteView content, Bytes& into) {
  std::size_t size = 0;
  for_each_block(mask, [&](std::uint32_t number) {
    std::ranges::copy(block_of(content, number), ByteSpan(into).subspan(size).begin());
    size += kBlockBytes;
  });
  return ByteView(into).first(size);
}

BlockMask differing_blocks(ByteView a, ByteView b) {
  BlockMask mask = 0;
  for (std::uint32_t i = 0; i < kBlocksPerChunk; ++i) {
    if (!std::ranges::equal(block_of(a, i), block_of(b, i))) mask |= BlockMask{1} << i;
  }
  return mask;
}

}  // namespace

std::optional<ChunkRef> ChunkStore::find_elsewhere(const Digest& digest) {
  if (parts_.index == nullptr) return std::nullopt;
  const std::optional<ChunkRef> found = parts_.index->find(digest);
  if (!found || !parts_.packs.contains(found->record.pack)) return std::nullopt;
  return found;
}

ChunkRef ChunkStore::store_plain(ByteView content, const Digest& digest) {
  const EncodedPayload payload = encode_plain(content, parts_.compression_level);
  ChunkRef ref;
  ref.kind = ChunkKind::kPlain;
  ref.record = parts_.writer.add(RecordKind::kChunk, payload.codec, {payload.bytes});
  ref.digest = digest;
  parts_.packs.add_own(ref.record.pack);
  if (parts_.index != nullptr) parts_.index->insert(ref);
  return ref;
}

std::optional<ChunkRef> ChunkStore::add_delta(BlockMask mask, ByteView content, ByteView base_content,
                                              const RecordRef& base, const Digest& digest) {
  if (mask == 0) return ChunkRef{ChunkKind::kPlain, base, {}, digest};
  if (std::popcount(mask) > kDeltaBlocksMax) return std::nullopt;
  Scratch& kept = scratch();
  const EncodedPayload payload = encode_delta(gather(mask, content, kept.gathered),
                                              gather(mask, base_content, kept.gathered_base), parts_.compression_level);
  const std::size_t sealed_bytes = payload.bytes.size() + kDeltaMaskBytes + kRecordOverheadBytes;
  if (sealed_bytes > base.length / 2) return std::nullopt;
  Encoder head;
  head.u32(mask);
  ChunkRef ref;
  ref.kind = ChunkKind::kDelta;
  ref.record = parts_.writer.add(RecordKind::kDelta, payload.codec, {head.bytes(), payload.bytes});
  ref.base = base;
  ref.digest = digest;
  return ref;
}

std::optional<ChunkRef> ChunkStore::store_delta(ByteView content, const Digest& digest, const ChunkRef& previous) {
  const RecordRef& base = base_of(previous);
  Bytes& base_content = scratch().base;
  try {
    parts_.reader.read_plain(base, base_content);
  } catch (const Exception& e) {
    // A new copy must not fail because an old one is damaged.
    if (e.code() != Code::kCorruption && e.code() != Code::kNotFound) throw;
    log::warn("the previous image is damaged, storing the chunk anew: {}", e.what());
    return std::nullopt;
  }
  return add_delta(differing_blocks(content, base_content), content, base_content, base, digest);
}

ChunkRef ChunkStore::store(ByteView content, const ChunkRef& previous) {
  LIFEBOAT_CHECK(content.size() == kChunkBytes);
  const Digest digest = digest_of(parts_.prf, content);
  if (digest == Digest{}) return {};
  const bool sound = !parts_.packs.is_damaged(previous.record.pack) && !parts_.packs.is_damaged(previous.base.pack);
  if (digest == previous.digest && sound) return previous;
  if (const auto found = find_elsewhere(digest)) return *found;
  if (previous.kind != ChunkKind::kHole && sound) {
    if (const auto delta = store_delta(content, digest, previous)) return *delta;
  }
  return store_plain(content, digest);
}

ChunkRef ChunkStore::update_hole(BlockMask dirty, const ChunkSource& source) {
  Bytes& content = scratch().content;
  for (std::uint32_t i = 0; i < kBlocksPerChunk; ++i) {
    if ((dirty >> i & 1U) != 0) {
      std::ranges::copy(source.current(i), block_in(content, i).begin());
    } else {
      std::ranges::fill(block_in(content, i), std::uint8_t{0});
    }
  }
  return store(content, {});
}

/// One running update: which blocks of `content` are filled, which of those differ from the previous content, and the
/// digest as it follows from them.
struct ChunkStore::Update {
  const ChunkSource& source;
  ByteSpan content;
  BlockMask filled = 0;
  BlockMask changed = 0;
  Digest digest;

  void fill(BlockMask mask) {
    for_each_block(mask & ~filled, [&](std::uint32_t number) {
      std::ranges::copy(source.current(number), block_in(content, number).begin());
    });
    filled |= mask;
  }

  /// `previous_content` is read only where source.previous is absent; the previous blocks are left in `previous`.
  void compare(BlockMask dirty, const codec::BlockPrf& prf, ByteSpan previous) {
    fill(dirty);
    for_each_block(dirty, [&](std::uint32_t number) {
      const ByteSpan before = block_in(previous, number);
      if (source.previous) std::ranges::copy(source.previous(number), before.begin());
      const ByteView now = block_of(content, number);
      if (std::ranges::equal(before, now)) return;
      toggle_block(digest, prf, number, before);
      toggle_block(digest, prf, number, now);
      changed |= BlockMask{1} << number;
    });
  }
};

ChunkRef ChunkStore::update(BlockMask dirty, const ChunkSource& source, const ChunkRef& previous) {
  if (dirty == 0) return previous;
  if (previous.kind == ChunkKind::kHole) return update_hole(dirty, source);
  Scratch& kept = scratch();
  if (!source.previous) parts_.reader.read(previous, kept.previous);
  Update update{.source = source, .content = kept.content, .digest = previous.digest};
  update.compare(dirty, parts_.prf, kept.previous);
  if (update.changed == 0) return previous;
  if (update.digest == Digest{}) return {};
  if (const auto found = find_elsewhere(update.digest)) return *found;

  BlockMask mask = update.changed;
  Bytes* base_content = &kept.previous;
  if (previous.kind == ChunkKind::kDelta) {
    mask |= parts_.reader.read_delta_mask(previous.record);
    update.fill(mask);
    base_content = &kept.base;
    parts_.reader.read_plain(previous.base, *base_content);
    for_each_block(mask, [&](std::uint32_t number) {
      if (std::ranges::equal(block_of(kept.content, number), block_of(*base_content, number))) {
        mask &= ~(BlockMask{1} << number);
      }
    });
  }
  if (const auto delta = add_delta(mask, kept.content, *base_content, base_of(previous), update.digest)) return *delta;
  update.fill(~BlockMask{0});
  // The digest was carried on from the previous image's, the blocks that did not change come from a copy of it.
  if (digest_of(parts_.prf, kept.content) != update.digest) {
    fail(
        Code::kCorruption, "a chunk's local copy differs from the image that it was fetched from",
        "The disk may be failing: look at the kernel's log. No image is made of this; what was changed is still on the "
        "volume: save it (mariadb-dump) before you boot from the image anew.");
  }
  return store_plain(kept.content, update.digest);
}

}  // namespace lifeboat::vault
