/// Writing, truncating and punching in a file's current layer. Nothing is marked before it is stored.
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <mutex>
#include <shared_mutex>

#include "base/error.h"
#include "volume/volume_state.h"

namespace lifeboat::volume {

std::int64_t clock_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &time);
  return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
}

namespace {

constexpr std::uint64_t round_up(std::uint64_t bytes) {
  return (bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
}

struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// What a log gets filled ahead of its writer: its next 1 MiB need no marks, and no blocks of the file system below.
constexpr std::uint64_t kFillAheadChunks = 8;

/// Whether the chunk can be filled without asking the vault.
bool is_local(const File& file, std::uint64_t chunk) {
  return chunk * kChunkBytes >= file.base_end() || file.hydrated.test(chunk);
}

/// Where to fill to if `chunk` is the first that a write touches: the chunk's end; or, where the chunk before was
/// written to its end, as logs are, the end of the chunks after it that are untouched and local as well.
std::uint64_t fill_end(const File& file, const Layer& layer, std::uint64_t chunk) {
  std::uint64_t end = chunk + 1;
  const std::uint64_t first_block = chunk * kBlocksPerChunk;
  if (chunk > 0 && layer.marks.contains(first_block - 1)) {
    while (end < chunk + kFillAheadChunks && layer.marks.mask(end) == 0 && is_local(file, end)) ++end;
  }
  return end * kChunkBytes;
}

/// A write's range, widened where it covers a block in part that the layer does not have: to the block, or, on the
/// first touch of a chunk, to the chunk and perhaps more, so that a log written in small pieces seldom needs new marks.
Range fill_range(const File& file, const Layer& layer, Range write, std::uint64_t file_end) {
  Range fill = write;
  const auto widen = [&](std::uint64_t at) {
    const std::uint64_t block = at / kBlockBytes;
    if (layer.marks.contains(block)) return;
    const std::uint64_t chunk = at / kChunkBytes;
    if (layer.marks.mask(chunk) == 0) {
      fill.begin = std::min(fill.begin, chunk * kChunkBytes);
      fill.end = std::max(fill.end, std::min(fill_end(file, layer, chunk), round_up(file_end)));
    } else {
      fill.begin = std::min(fill.begin, block * kBlockBytes);
      fill.end = std::max(fill.end, (block + 1) * kBlockBytes);
    }
  };
  if (write.begin % kBlockBytes != 0) widen(write.begin);
  if (write.end % kBlockBytes != 0) widen(write.end - 1);
  return fill;
}

std::uint64_t blocks_missing(const BlockSet& marks, std::uint64_t first, std::uint64_t last) {
  std::uint64_t blocks = 0;
  for_each_mask(first, last, [&](std::uint64_t chunk, BlockMask mask) {
    blocks += static_cast<std::uint64_t>(std::popcount(mask & ~marks.mask(chunk)));
  });
  return blocks;
}

/// Marks blocks as the layer's, and those that it did not have as not journaled.
void mark(Layer& layer, std::uint64_t first, std::uint64_t last) {
  for_each_mask(first, last, [&](std::uint64_t chunk, BlockMask mask) {
    layer.pending.add(chunk, mask & ~layer.marks.mask(chunk));
    layer.marks.add(chunk, mask);
  });
}

/// Whether a write meets a sector of which a replay would zero the end (crash rule 4): it would tear what is written,
/// so the zeros are made durable first.
bool is_over_tail(const File& file, std::uint64_t offset, std::uint64_t size) {
  constexpr std::uint64_t kSector = 512;
  const auto is_met = [&](const Layer::Tail& tail) {
    const std::uint64_t sector = tail.offset / kSector * kSector;
    return tail.offset != sector && offset < sector + kSector && offset + size > sector;
  };
  // The frozen layer's, too: what is written may be copied into it.
  return (file.current && std::ranges::any_of(file.current->tails, is_met)) ||
         (file.frozen && std::ranges::any_of(file.frozen->tails, is_met));
}

bool is_plain_overwrite(const File& file, std::uint64_t offset, std::uint64_t length) {
  return file.current && file.current->data && offset + length <= file.node.size &&
         file.current->marks.contains_all(offset / kBlockBytes, (offset + length + kBlockBytes - 1) / kBlockBytes);
}

void check_range(std::uint64_t offset, std::uint64_t length) {
  if (offset > kFileBytesMax || length > kFileBytesMax - offset) fail(Code::kUsage, "file offset out of range");
}

}  // namespace

DataFilePtr Volume::State::new_data_file() {
  return std::make_shared<DataFile>(data_directory, catalog.next_data++, space);
}

Layer& Volume::State::current_layer(File& file) {
  if (!file.current) file.current = std::make_unique<Layer>();
  if (!file.current->data) file.current->data = new_data_file();
  return *file.current;
}

void Volume::State::admit(std::uint64_t bytes) const {
  if (options.space_max == 0 || bytes == 0) return;
  const auto used = static_cast<std::uint64_t>(std::max<std::int64_t>(space.used, 0)) + journal->bytes();
  if (used + bytes <= options.space_max) return;
  fail(Code::kOutOfSpace,
       format("{}: local space is at its bound of {}", directory.string(), format_size(options.space_max)),
       "Commit the volume, or give it more local space.");
}

Missing Volume::State::write_layers(File& file, std::uint64_t offset, ByteView in, const Fetched& fetched) {
  Layer& layer = current_layer(file);
  const std::uint64_t end = offset + in.size();
  const std::uint64_t file_end = std::max<std::uint64_t>(file.node.size, end);
  const Range fill = fill_range(file, layer, {offset, end}, file_end);
  const std::uint64_t first = fill.begin / kBlockBytes;
  const std::uint64_t last = (fill.end + kBlockBytes - 1) / kBlockBytes;

  static thread_local std::array<Bytes, 2> sides;  // what is filled in before and after the write
  sides[0].resize(offset - fill.begin);
  sides[1].resize(fill.end - end);
  Missing missing = read_layers(file, fill.begin, sides[0], fetched);
  if (!missing.any()) missing = read_layers(file, end, sides[1], fetched);
  if (missing.any()) return missing;

  const std::uint64_t new_bytes = blocks_missing(layer.marks, first, last) * kBlockBytes;
  admit(new_bytes);
  std::array<iovec, 3> parts{iovec{sides[0].data(), sides[0].size()},
                             iovec{const_cast<std::uint8_t*>(in.data()), in.size()},
                             iovec{sides[1].data(), sides[1].size()}};
  layer.data->write_parts(parts, fill.begin);
  layer.data->charge(new_bytes);
  mark(layer, first, last);
  file.node.size = file_end;
  file.node.mtime_ns = clock_ns();
  catalog.touch(file.node);
  return {};
}

void Volume::write(InodeNumber inode, std::uint64_t offset, ByteView in) {
  State& state = *state_;
  ++state.served;
  check_range(offset, in.size());
  if (in.empty()) return;
  const auto [node, file] = state.catalog.file(inode);
  Fetched fetched;
  for (bool stored = false; !stored;) {
    Missing missing;
    bool over_tail = false;
    state.with_room(in.size() + (kFillAheadChunks + 1) * std::uint64_t{kChunkBytes}, [&] {
      const State::Change change(state);
      {
        const std::shared_lock lock(file->lock);
        over_tail = node->linked && is_over_tail(*file, offset, in.size());
        if (over_tail) return;
        if (is_plain_overwrite(*file, offset, in.size())) {
          file->current->data->write(in, offset);
          node->mtime_ns = clock_ns();
          missing = {};
          return;
        }
      }
      const std::unique_lock lock(file->lock);
      over_tail = node->linked && is_over_tail(*file, offset, in.size());
      if (!over_tail) missing = state.write_layers(*file, offset, in, fetched);
    });
    stored = !missing.any() && !over_tail;
    if (over_tail) state.sync_file(node, *file);
    if (missing.any()) state.fetch(node, *file, missing, fetched);
  }
}

void Volume::State::resize(File& file, std::uint64_t size) {
  Node& node = file.node;
  const bool shrinks = size < node.size;
  // To a replay, which knows the journaled size, that is no cut, and makes no layer that hides the one below.
  const bool untold = shrinks && size >= node.journaled_size;
  if (!file.current && shrinks) file.current = std::make_unique<Layer>();
  // Also if it grows: a replay may know an earlier size only and cannot tell, so it notes a tail, and a sync of what is
  // written there must take that note away.
  const bool lost = file.current && file.current->shrink(size);
  if (file.syncing_size) file.syncing_size = size;
  node.size = size;
  node.journaled_size = size;
  node.mtime_ns = clock_ns();
  catalog.touch(node);
  const ResizeRecord record{node.number, size, node.mtime_ns};
  const JournalPosition position =
      untold ? append_together({record, layer_record(node.number, LayerRole::kCurrent, *file.current)})
             : append(record);
  if (!lost || !shrinks) return;
  // What was durable is destroyed only once the record that says so is durable, too.
  or_fail([&] {
    journal->sync(position);
    file.current->data->cut(size);
  });
}

namespace {

/// Makes whole blocks zero without storing them.
void punch_blocks(Volume::State& state, File& file, std::uint64_t first, std::uint64_t last) {
  Layer& layer = state.current_layer(file);
  layer.data->punch(first * kBlockBytes, (last - first) * kBlockBytes);
  mark(layer, first, last);
  file.node.mtime_ns = clock_ns();
  state.catalog.touch(file.node);
}

}  // namespace

void Volume::allocate(InodeNumber inode, std::uint64_t offset, std::uint64_t length, Allocate mode) {
  State& state = *state_;
  check_range(offset, length);
  const auto found = state.catalog.file(inode);
  const NodePtr& node = found.first;
  File* const file = found.second;
  if (length == 0) fail(Code::kUsage, "nothing to allocate");
  const std::uint64_t end = offset + length;
  if (mode == Allocate::kReserve || mode == Allocate::kReserveKeepSize) {
    state.with_room(length, [&] {
      const State::Change change(state);
      const std::unique_lock lock(file->lock);
      state.admit(length);
      state.current_layer(*file).data->reserve(offset, length);
      if (mode == Allocate::kReserve && end > node->size) state.resize(*file, end);
    });
    return;
  }

  std::uint64_t zero_end = end;
  if (mode == Allocate::kPunchHole) {
    zero_end = std::min<std::uint64_t>(end, node->size);
  } else if (end > node->size) {
    const State::Change change(state);
    const std::unique_lock lock(file->lock);
    if (end > node->size) state.resize(*file, end);
  }
  // Whole blocks are punched, the rest of the first and last one is written over.
  const auto write_zeros = [&](std::uint64_t from, std::uint64_t to) {
    static constexpr std::array<std::uint8_t, kBlockBytes> kZeros{};
    if (from < to) write(inode, from, ByteView(kZeros).first(to - from));
  };
  const std::uint64_t first = (offset + kBlockBytes - 1) / kBlockBytes;
  std::uint64_t last = zero_end / kBlockBytes;
  if (first < last) {
    const State::Change change(state);
    const std::unique_lock lock(file->lock);
    punch_blocks(state, *file, first, last);
  }
  last = std::max(first, last);
  write_zeros(offset, std::min(zero_end, first * kBlockBytes));
  write_zeros(last * kBlockBytes, zero_end);
}

}  // namespace lifeboat::volume
