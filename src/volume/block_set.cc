#include "volume/block_set.h"

namespace lifeboat::volume {

namespace {
std::uint64_t size_of(BlockMask mask) {
  return static_cast<std::uint64_t>(std::popcount(mask));
}
}  // namespace

bool BlockSet::contains_all(std::uint64_t first, std::uint64_t last) const {
  bool all = true;
  for_each_mask(first, last,
                [&](std::uint64_t chunk, BlockMask wanted) { all = all && (mask(chunk) & wanted) == wanted; });
  return all;
}

void BlockSet::add(std::uint64_t chunk, BlockMask mask) {
  if (mask == 0) return;
  BlockMask& slot = pages_[chunk / kPageChunks][chunk % kPageChunks];
  count_ += size_of(mask & ~slot);
  slot |= mask;
}

void BlockSet::add_blocks(std::uint64_t first, std::uint64_t last) {
  for_each_mask(first, last, [&](std::uint64_t chunk, BlockMask mask) { add(chunk, mask); });
}

void BlockSet::add_all(const BlockSet& other) {
  for (const auto& [number, page] : other.pages_) {
    for (std::size_t i = 0; i < kPageChunks; ++i) add(number * kPageChunks + i, page[i]);
  }
}

void BlockSet::remove(std::uint64_t chunk, BlockMask mask) {
  const auto page = pages_.find(chunk / kPageChunks);
  if (page == pages_.end()) return;
  BlockMask& slot = page->second[chunk % kPageChunks];
  count_ -= size_of(mask & slot);
  slot &= ~mask;
}

void BlockSet::remove_all(const BlockSet& other) {
  if (empty()) return;
  for (const auto& [number, page] : other.pages_) {
    for (std::size_t i = 0; i < kPageChunks; ++i) remove(number * kPageChunks + i, page[i]);
  }
}

void BlockSet::remove_from(std::uint64_t first) {
  const std::uint64_t chunk = first / kBlocksPerChunk;
  const auto inside = static_cast<std::uint32_t>(first % kBlocksPerChunk);
  for (auto page = pages_.begin(); page != pages_.end();) {
    const std::uint64_t start = page->first * kPageChunks;
    for (std::size_t i = 0; i < kPageChunks; ++i) {
      BlockMask& slot = page->second[i];
      const BlockMask kept = start + i < chunk ? ~BlockMask{0} : start + i > chunk ? 0 : mask_between(0, inside);
      count_ -= size_of(slot & ~kept);
      slot &= kept;
    }
    page = start >= chunk + (inside != 0 ? 1 : 0) ? pages_.erase(page) : std::next(page);
  }
}

void BlockSet::clear() {
  pages_.clear();
  count_ = 0;
}

std::vector<std::uint64_t> BlockSet::sorted_pages() const {
  std::vector<std::uint64_t> numbers;
  numbers.reserve(pages_.size());
  for (const auto& page : pages_) numbers.push_back(page.first);
  std::ranges::sort(numbers);
  return numbers;
}

void BlockSet::encode(Encoder& out) const {
  std::uint64_t chunks = 0;
  for (const auto& [number, page] : pages_) {
    chunks += static_cast<std::uint64_t>(std::ranges::count_if(page, [](BlockMask mask) { return mask != 0; }));
  }
  out.varint(chunks);
  std::uint64_t before = 0;
  for_each([&](std::uint64_t chunk, BlockMask mask) {
    out.varint(chunk - before);
    out.u32(mask);
    before = chunk;
  });
}

BlockSet BlockSet::decode(Decoder& in) {
  BlockSet set;
  const std::size_t chunks = in.count(5);
  std::uint64_t chunk = 0;
  for (std::size_t i = 0; i < chunks; ++i) {
    const std::uint64_t distance = in.varint();
    if (distance > kChunkNumberMax || chunk + distance > kChunkNumberMax) in.bad("chunk number out of range");
    if (i > 0 && distance == 0) in.bad("chunk named twice");
    chunk += distance;
    const BlockMask mask = in.u32();
    if (mask == 0) in.bad("empty mask");
    set.add(chunk, mask);
  }
  return set;
}

}  // namespace lifeboat::volume
