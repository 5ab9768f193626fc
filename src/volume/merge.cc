/// The end of a frozen layer: merged into the base once it was committed, or taken back into the current layer when the
/// commit did not succeed. Crash rules 6 and 8 of docs/internals/volume-format.md.
#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "base/error.h"
#include "volume/volume_state.h"

namespace lifeboat::volume {

namespace {

std::uint32_t blocks_in_chunk(std::uint64_t file_size, std::uint64_t chunk) {
  const std::uint64_t end = (file_size + kBlockBytes - 1) / kBlockBytes;
  const std::uint64_t first = chunk * kBlocksPerChunk;
  return static_cast<std::uint32_t>(end <= first ? 0 : std::min<std::uint64_t>(end - first, kBlocksPerChunk));
}

/// Collects neighbouring ranges of blocks and passes them on as one.
template <typename Each>
class RunJoiner {
 public:
  explicit RunJoiner(Each each) : each_(std::move(each)) {}
  void add(std::uint64_t chunk, BlockMask mask) {
    while (mask != 0) {
      const auto first = static_cast<std::uint32_t>(std::countr_zero(mask));
      const auto last = first + static_cast<std::uint32_t>(std::countr_one(mask >> first));
      add_run(chunk * kBlocksPerChunk + first, chunk * kBlocksPerChunk + last);
      mask &= ~mask_between(first, last);
    }
  }
  void finish() {
    if (last_ > first_) each_(first_ * kBlockBytes, (last_ - first_) * kBlockBytes);
    first_ = last_ = 0;
  }

 private:
  void add_run(std::uint64_t first, std::uint64_t last) {
    if (first != last_ || last_ == first_) {
      finish();
      first_ = first;
    }
    last_ = last;
  }
  Each each_;
  std::uint64_t first_ = 0;
  std::uint64_t last_ = 0;
};

}  // namespace

void Volume::State::settle() {
  const std::scoped_lock one_at_a_time(settle_mutex);
  bool committed = false;
  {
    const std::shared_lock guard(gate);
    committed = catalog.frozen_committed;
  }
  for (const NodePtr& node : catalog.with_content()) {
    {
      const std::shared_lock lock(node->file->lock);
      if (!node->file->frozen) continue;
    }
    if (committed) {
      merge(node, *node->file);
    } else {
      absorb(node, *node->file);
    }
  }
}

void Volume::State::absorb(const NodePtr& node, File& file) {
  const std::scoped_lock one_at_a_time(file.syncing);
  const Change change(*this);
  const std::unique_lock lock(file.lock);
  Layer& frozen = *file.frozen;
  if (!file.current) {
    file.current = std::move(file.frozen);
  } else if (!frozen.data) {
    file.current->limit = std::min(file.current->limit, frozen.limit);
    file.frozen.reset();
  } else {
    Layer& current = *file.current;
    or_fail([&] { journal->sync(); });  // so that what is destroyed in the frozen layer is hidden for good
    if (current.limit != kNoLimit) frozen.data->cut(current.limit);
    RunJoiner copy(
        [&](std::uint64_t offset, std::uint64_t length) { frozen.data->copy_from(*current.data, offset, length); });
    current.marks.for_each([&](std::uint64_t chunk, BlockMask mask) { copy.add(chunk, mask); });
    copy.finish();
    or_fail([&] {
      frozen.data->sync();
      sync_names({&frozen.data, 1});
    });
    if (current.limit != kNoLimit) frozen.shrink(current.limit);
    frozen.marks.add_all(current.marks);
    frozen.pending.clear();
    frozen.tails.clear();
    std::swap(file.current, file.frozen);
  }
  LayerRecord record = layer_record(node->number, LayerRole::kCurrent, *file.current);
  record.drops_frozen = true;
  const JournalPosition position = append(record);
  if (file.frozen) drop(file.frozen->data, position);
  file.frozen.reset();
}

bool Volume::State::adopt(const NodePtr& node, File& file) {
  const Change change(*this);
  const std::unique_lock lock(file.lock);
  if (file.base || !file.frozen->data) return false;
  // Without a base what is hydrated are holes: the layer's file shows zeros there once garbage is punched out of it.
  Layer& frozen = *file.frozen;
  RunJoiner punch([&](std::uint64_t offset, std::uint64_t length) { frozen.data->punch(offset, length); });
  for (const ChunkRun& run : file.hydrated.runs()) {
    for (std::uint64_t chunk = run.first; chunk < run.last; ++chunk) punch.add(chunk, ~frozen.marks.mask(chunk));
  }
  punch.finish();
  // Behind the image's end lies what was written, not synced and lost by a crash: it must not appear when a later image
  // is longer.
  frozen.data->cut(node->image_size);
  or_fail([&] { frozen.data->sync(); });
  frozen.marks.for_each([&](std::uint64_t chunk, BlockMask mask) {
    const BlockMask all = mask_between(0, blocks_in_chunk(node->image_size, chunk));
    if ((mask & all) == all) file.hydrated.set(chunk);
  });
  file.base = std::move(frozen.data);
  file.frozen.reset();
  file.hydrated_pending = ChunkBits(file.hydrated.size());
  append(BaseRecord{node->number, true, file.base->number(), file.hydrated.runs()});
  return true;
}

bool Volume::State::copy_into_base(File& file, DataFile& base, std::vector<std::uint64_t>& chunks) {
  const Layer& frozen = *file.frozen;
  RunJoiner copy([&](std::uint64_t offset, std::uint64_t length) { base.copy_from(*frozen.data, offset, length); });
  bool copied = true;
  frozen.marks.for_each([&](std::uint64_t chunk, BlockMask mask) {
    const BlockMask all = mask_between(0, blocks_in_chunk(file.node.image_size, chunk));
    if ((mask & all) != all && !file.hydrated.test(chunk)) return;
    chunks.push_back(chunk);
  });
  try {
    for (const std::uint64_t chunk : chunks) copy.add(chunk, frozen.marks.mask(chunk));
    copy.finish();
  } catch (const Exception& error) {
    if (error.code() != Code::kOutOfSpace || !image_reader()) throw;
    copied = false;
  }
  return copied;
}

void Volume::State::merge(const NodePtr& node, File& file) {
  const std::scoped_lock one_at_a_time(file.syncing);
  if (adopt(node, file)) return;
  DataFilePtr base;
  {
    const std::unique_lock lock(file.lock);
    if (!file.base) file.base = new_data_file();
    base = file.base;
    ++file.base_users;
  }
  // Nobody changes the frozen layer or evicts from the base now, so the copying needs no lock: what it overwrites is
  // hidden by the frozen layer, and what a fetch stores meanwhile is of the same image.
  const Layer& frozen = *file.frozen;
  std::vector<std::uint64_t> chunks;
  bool copied = true;
  try {
    copied = copy_into_base(file, *base, chunks);
    or_fail([&] {
      base->sync();
      sync_names({&base, 1});
    });
  } catch (...) {
    const std::unique_lock lock(file.lock);
    --file.base_users;
    throw;
  }
  const Change change(*this);
  const std::unique_lock lock(file.lock);
  ChunkBits journaled = file.hydrated.resized(file.hydrated.size());
  for (const ChunkRun& run : file.hydrated_pending.runs()) {
    for (std::uint64_t chunk = run.first; chunk < run.last; ++chunk) journaled.reset(chunk);
  }
  if (!copied) ++file.base_epoch;
  for (const std::uint64_t chunk : chunks) {
    if (copied) {
      journaled.set(chunk);
      file.hydrated.set(chunk);
    } else {  // no room: to be had from the vault again
      journaled.reset(chunk);
      file.hydrated.reset(chunk);
    }
    file.hydrated_pending.reset(chunk);
  }
  const JournalPosition position = append(BaseRecord{node->number, true, base->number(), journaled.runs()});
  drop(frozen.data, position);
  file.frozen.reset();
  --file.base_users;
}

}  // namespace lifeboat::volume
