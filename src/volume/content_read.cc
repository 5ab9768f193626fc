/// Reading through a file's layers: for each run of bytes the topmost layer that has them, one pread a run.
#include <algorithm>
#include <mutex>
#include <shared_mutex>

#include "volume/volume_state.h"

namespace lifeboat::volume {

namespace {

enum class Origin : std::uint8_t { kZeros, kCurrent, kFrozen, kBase, kFetched, kMissing };

/// Where the bytes from some position come from, and up to where.
struct Piece {
  Origin origin = Origin::kZeros;
  std::uint64_t end = 0;
  const Bytes* fetched = nullptr;
  bool operator==(const Piece&) const = default;
};

class LayerView {
 public:
  LayerView(File& file, const Fetched& fetched, LayerRole top)
      : file_(file),
        fetched_(fetched),
        current_layer_(top == LayerRole::kCurrent ? file.current.get() : nullptr),
        current_limit_(current_layer_ != nullptr ? current_layer_->limit : kNoLimit),
        base_end_(std::min(file.base_end(), current_limit_)) {}

  Piece piece(std::uint64_t at, std::uint64_t end) {
    const std::uint64_t chunk = at / kChunkBytes;
    if (chunk != chunk_) enter(chunk);
    end = std::min(end, (chunk + 1) * kChunkBytes);
    const auto first = static_cast<std::uint32_t>(at % kChunkBytes / kBlockBytes);
    if (at >= current_limit_ || current_has(first)) {
      const Origin origin = current_has(first) ? Origin::kCurrent : Origin::kZeros;
      return {origin, std::min(end, same_run(chunk, first, current_))};
    }
    end = std::min({end, current_limit_, same_run(chunk, first, current_), same_run(chunk, first, frozen_)});
    if (((frozen_ >> first) & 1U) != 0) return {Origin::kFrozen, end};
    if (at >= base_end_) return {Origin::kZeros, end};
    return {below_.origin, std::min(end, base_end_), below_.fetched};
  }

  void read(const Piece& piece, std::uint64_t at, ByteSpan out) const {
    switch (piece.origin) {
      case Origin::kCurrent:
        return file_.current->data->read(out, at);
      case Origin::kFrozen:
        return file_.frozen->data->read(out, at);
      case Origin::kBase:
        return file_.base->read(out, at);
      case Origin::kFetched:
        std::copy_n(piece.fetched->begin() + static_cast<std::ptrdiff_t>(at % kChunkBytes), out.size(), out.begin());
        return;
      case Origin::kZeros:
      case Origin::kMissing:
        std::ranges::fill(out, std::uint8_t{0});
    }
  }

 private:
  bool current_has(std::uint32_t block) const { return ((current_ >> block) & 1U) != 0; }

  /// The end of the run of blocks that are in `mask` or not in it, as `block` is.
  static std::uint64_t same_run(std::uint64_t chunk, std::uint32_t block, BlockMask mask) {
    const BlockMask shifted = mask >> block;
    const int length = (shifted & 1U) != 0 ? std::countr_one(shifted) : std::countr_zero(shifted);
    const std::uint32_t end = std::min(block + static_cast<std::uint32_t>(length), kBlocksPerChunk);
    return chunk * kChunkBytes + std::uint64_t{end} * kBlockBytes;
  }

  void enter(std::uint64_t chunk) {
    chunk_ = chunk;
    current_ = current_layer_ != nullptr ? current_layer_->marks.mask(chunk) : 0;
    frozen_ = file_.frozen ? file_.frozen->marks.mask(chunk) : 0;
    below_ = {file_.base ? Origin::kBase : Origin::kZeros};
    if (file_.hydrated.test(chunk)) return;
    below_ = {Origin::kMissing};
    for (const FetchedChunk& candidate : fetched_) {
      if (candidate.chunk == chunk && candidate.epoch == file_.base_epoch) {
        below_ = {Origin::kFetched, 0, candidate.content.get()};
      }
    }
  }

  File& file_;
  const Fetched& fetched_;
  const Layer* const current_layer_;
  const std::uint64_t current_limit_;
  const std::uint64_t base_end_;
  std::uint64_t chunk_ = ~std::uint64_t{0};
  BlockMask current_ = 0;
  BlockMask frozen_ = 0;
  Piece below_;
};

}  // namespace

Missing Volume::State::read_layers(File& file, std::uint64_t offset, ByteSpan out, const Fetched& fetched,
                                   LayerRole top) {
  LayerView view(file, fetched, top);
  Missing missing;
  const std::uint64_t end = offset + out.size();
  for (std::uint64_t at = offset; at < end;) {
    Piece run = view.piece(at, end);
    while (run.end < end) {
      const Piece next = view.piece(run.end, end);
      if (next.origin != run.origin || next.fetched != run.fetched) break;
      run.end = next.end;
    }
    if (run.origin == Origin::kMissing) {
      if (!missing.any()) missing.first = at / kChunkBytes;
      missing.last = (run.end + kChunkBytes - 1) / kChunkBytes;
    } else if (!missing.any()) {
      view.read(run, at, out.subspan(at - offset, run.end - at));
    }
    at = run.end;
  }
  return missing;
}

std::size_t Volume::read(InodeNumber inode, std::uint64_t offset, ByteSpan out) {
  State& state = *state_;
  ++state.served;
  const auto [node, file] = state.catalog.file(inode);
  Fetched fetched;
  for (;;) {
    Missing missing;
    {
      const std::shared_lock lock(file->lock);
      const std::uint64_t size = node->size;
      if (offset >= size) return 0;
      out = out.first(std::min<std::uint64_t>(out.size(), size - offset));
      missing = State::read_layers(*file, offset, out, fetched);
      if (!missing.any() && state.touch_log.open()) {
        for (std::uint64_t chunk = offset / kChunkBytes; chunk * kChunkBytes < offset + out.size(); ++chunk) {
          if (!file->touched.test(chunk) && file->touched.set(chunk)) state.touch_log.add({inode, chunk});
        }
      }
    }
    if (!missing.any()) return out.size();
    state.fetch(node, *file, missing, fetched);
  }
}

}  // namespace lifeboat::volume
