#include "volume/commit_upload.h"

#include <algorithm>
#include <bit>
#include <exception>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <utility>

#include "base/error.h"
#include "volume/beside.h"

namespace lifeboat::volume {

namespace {

constexpr std::size_t kBatchSteps = 2048;

/// The content of one chunk, in the snapshot and in the image before, read in as few pieces as it is asked for.
class ChunkContent {
 public:
  ChunkContent(Volume::State& state, vault::ImageReader& parent) : state_(state), parent_(parent) {}

  void open(const ChangedEntry& changed, std::uint64_t chunk, BlockMask dirty, const vault::ChunkRef& previous) {
    changed_ = &changed;
    chunk_ = chunk;
    dirty_ = dirty;
    previous_ref_ = &previous;
    now_.loaded = 0;
    before_.loaded = 0;
  }
  vault::ChunkSource source() {
    vault::ChunkSource source;
    source.current = [this](std::uint32_t block) { return this->block(now_, block, LayerRole::kFrozen); };
    // What a commit cut off the base is away there, though a crash took that commit back.
    const bool cut = changed_->frozen != nullptr && changed_->frozen->limit < (chunk_ + 1) * kChunkBytes;
    if (!cut && changed_->file->hydrated.test(chunk_)) {
      source.previous = [this](std::uint32_t block) { return this->previous(block); };
    }
    return source;
  }

 private:
  struct Buffer {
    Bytes bytes = Bytes(kChunkBytes);
    BlockMask loaded = 0;
  };
  ByteSpan span(Buffer& buffer, std::uint32_t first, std::uint32_t last) const {
    return ByteSpan(buffer.bytes).subspan(std::size_t{first} * kBlockBytes, std::size_t{last - first} * kBlockBytes);
  }
  /// The run of dirty blocks, or of others, that `block` is in.
  std::pair<std::uint32_t, std::uint32_t> run_around(std::uint32_t block) const {
    const bool dirty = ((dirty_ >> block) & 1U) != 0;
    const BlockMask same = dirty ? dirty_ : ~dirty_;
    const auto length = static_cast<std::uint32_t>(std::countr_one(same >> block));
    return {block, block + length};
  }

  ByteView block(Buffer& buffer, std::uint32_t block, LayerRole top) {
    if (((buffer.loaded >> block) & 1U) == 0) {
      const auto [first, last] = run_around(block);
      load(buffer, first, last, top);
    }
    return span(buffer, block, block + 1);
  }

  void load(Buffer& buffer, std::uint32_t first, std::uint32_t last, LayerRole top) {
    Fetched fetched;
    const std::uint64_t offset = chunk_ * kChunkBytes + std::uint64_t{first} * kBlockBytes;
    for (;;) {
      Missing missing;
      {
        const std::shared_lock lock(changed_->file->lock);
        missing = Volume::State::read_layers(*changed_->file, offset, span(buffer, first, last), fetched, top);
      }
      if (!missing.any()) break;
      state_.fetch(changed_->node, *changed_->file, missing, fetched);
    }
    buffer.loaded |= mask_between(first, last);
  }

  ByteView previous(std::uint32_t block) {
    if (((before_.loaded >> block) & 1U) == 0) {
      const auto [first, last] = run_around(block);
      File& file = *changed_->file;
      const std::shared_lock lock(file.lock);
      if (file.hydrated.test(chunk_)) {
        const ByteSpan out = span(before_, first, last);
        if (file.base) {
          file.base->read(out, chunk_ * kChunkBytes + std::uint64_t{first} * kBlockBytes);
        } else {
          std::ranges::fill(out, std::uint8_t{0});
        }
        before_.loaded |= mask_between(first, last);
      } else {  // evicted a moment ago
        parent_.read_chunk(*previous_ref_, before_.bytes);
        before_.loaded = ~BlockMask{0};
      }
    }
    return span(before_, block, block + 1);
  }

  Volume::State& state_;
  vault::ImageReader& parent_;
  const ChangedEntry* changed_ = nullptr;
  std::uint64_t chunk_ = 0;
  BlockMask dirty_ = 0;
  const vault::ChunkRef* previous_ref_ = nullptr;
  Buffer now_;
  Buffer before_;
};

}  // namespace

void CommitUpload::run(const Snapshot& snapshot) {
  std::uint64_t blocks = 0;
  for (const ChangedEntry& changed : snapshot.changed) {
    if (changed.frozen != nullptr) blocks += changed.frozen->marks.count();
  }
  progress_.total_bytes = blocks * kBlockBytes;
  for (const std::string& path : snapshot.removed) writer_.remove_entry(path);
  for (const ChangedEntry& changed : snapshot.changed) {
    if (changed.entry.type == vault::FileType::kFile) {
      add_file(changed);
    } else {
      writer_.put_entry(changed.entry);
    }
  }
  flush();
}

void CommitUpload::add_file(const ChangedEntry& changed) {
  OpenFile file{.changed = &changed, .previous = {}, .editor = nullptr};
  if (!changed.image_path.empty()) {
    std::optional<vault::FileEntry> previous = parent_.find(changed.image_path);
    if (!previous) {
      fail(Code::kCorruption,
           format("{}: not in image {} although the volume was made from it", changed.image_path, parent_.info().name),
           "Scrub the vault to see what is damaged.");
    }
    file.previous = std::move(*previous);
  }
  file.editor =
      std::make_unique<vault::ChunkMapEditor>(writer_, file.previous.chunks, vault::chunk_count(file.previous.size));
  files_.push_back(std::move(file));
  OpenFile& open = files_.back();
  if (changed.frozen != nullptr) add_steps(open, *changed.frozen);
  add({.file = &open, .ends = true});
}

void CommitUpload::add_steps(OpenFile& open, const Layer& frozen) {
  const std::uint64_t chunks = vault::chunk_count(open.changed->entry.size);
  const std::uint64_t before = vault::chunk_count(open.previous.size);
  // From `cut` on nothing of the image shows through.
  const std::uint64_t cut = std::min(frozen.limit, open.previous.size);
  const bool truncated = cut < open.previous.size;
  const std::uint64_t cut_chunk = cut / kChunkBytes;
  const BlockMask cut_mask = mask_between(static_cast<std::uint32_t>(cut % kChunkBytes / kBlockBytes), kBlocksPerChunk);
  std::uint64_t at = truncated ? cut_chunk : ~std::uint64_t{0};  // what is truncated up to here is dealt with
  const auto truncate_to = [&](std::uint64_t chunk) {
    chunk = std::min({chunk, chunks, before});
    if (at >= chunk) return;
    if (at == cut_chunk && cut % kChunkBytes != 0) {
      add({.file = &open, .chunk = at, .dirty = cut_mask, .previous = parent_.chunk(open.previous, at)});
      ++at;
    }
    if (at < chunk) add({.file = &open, .chunk = at, .clear_to = chunk});
    at = chunk;
  };
  frozen.marks.for_each([&](std::uint64_t chunk, BlockMask mask) {
    const auto written = static_cast<std::uint32_t>(std::popcount(mask));
    if (truncated) truncate_to(chunk);
    if (truncated && chunk >= cut_chunk) {
      mask |= chunk == cut_chunk ? cut_mask : ~BlockMask{0};
      at = chunk + 1;
    }
    add({.file = &open,
         .chunk = chunk,
         .dirty = mask,
         .written = written,
         .previous = parent_.chunk(open.previous, chunk)});
  });
  if (truncated) truncate_to(chunks);
}

void CommitUpload::add(const Step& step) {
  steps_.push_back(step);
  if (steps_.size() >= kBatchSteps) flush();
}

void CommitUpload::store_chunks() {
  ChunkContent content(state_, parent_);
  for (std::size_t i = next_++; i < steps_.size(); i = next_++) {
    Step& step = steps_[i];
    if (step.ends || step.clear_to != 0) continue;
    content.open(*step.file->changed, step.chunk, step.dirty, step.previous);
    step.stored = writer_.update_chunk(step.dirty, content.source(), step.previous);
    progress_.done_bytes += std::uint64_t{step.written} * kBlockBytes;
  }
}

void CommitUpload::flush() {
  next_ = 0;
  {
    Beside second([this] { store_chunks(); });
    store_chunks();
    second.wait();
  }
  for (Step& step : steps_) {
    OpenFile& file = *step.file;
    if (step.ends) {
      vault::FileEntry entry = file.changed->entry;
      entry.chunks = file.editor->finish(vault::chunk_count(entry.size));
      writer_.put_entry(std::move(entry));
      file.editor.reset();
    } else if (step.clear_to != 0) {
      file.editor->clear(step.chunk, step.clear_to);
    } else {
      file.editor->set(step.chunk, step.stored);
    }
  }
  steps_.clear();
  std::erase_if(files_, [](const OpenFile& file) { return !file.editor; });
}

}  // namespace lifeboat::volume
