/// Giving local space back: data files that nothing refers to any more, descriptors of files nobody uses, and hydrated
/// chunks when writes need the room.
#include <algorithm>
#include <mutex>
#include <shared_mutex>

#include "base/error.h"
#include "volume/volume_state.h"

namespace lifeboat::volume {

void Volume::State::drop(DataFilePtr data, JournalPosition position) {
  if (!data) return;
  const std::scoped_lock lock(trash_mutex);
  // A file removed while its layers are being merged is dropped by both.
  if (std::ranges::any_of(trash, [&](const Dropped& dropped) { return dropped.data == data; })) return;
  trash.push_back({std::move(data), position});
}

void Volume::State::drop_content(File& file, JournalPosition position) {
  const std::shared_lock lock(file.lock);
  if (file.current) drop(file.current->data, position);
  if (file.frozen) drop(file.frozen->data, position);
  drop(file.base, position);
}

void Volume::State::empty_trash() {
  std::vector<DataFilePtr> ready;
  {
    const std::scoped_lock lock(trash_mutex);
    std::erase_if(trash, [&](Dropped& dropped) {
      // A commit may still be reading it; then its turn comes later.
      if (dropped.data.use_count() > 1 || !journal->durable(dropped.position)) return false;
      ready.push_back(std::move(dropped.data));
      return true;
    });
  }
  for (const DataFilePtr& data : ready) data->remove();
}

bool Volume::State::fully_local() {
  const std::shared_lock lock(catalog.mutex);
  bool local = true;
  catalog.for_each([&](const NodePtr& node) {
    if (!local || !node->linked || node->image_path.empty() || node->image_size == 0) return;
    if (node->file) {
      const std::shared_lock file_lock(node->file->lock);
      local = node->file->hydrated.full();
    } else {
      local = false;
    }
  });
  return local;
}

bool Volume::State::make_space(std::uint64_t bytes) {
  const std::int64_t before = space.used;
  or_fail([&] { journal->sync(); });
  empty_trash();
  const auto freed = [&] { return static_cast<std::uint64_t>(std::max<std::int64_t>(before - space.used, 0)); };
  // What is fully local has been told to need its vault no more. A bound says that it may have to.
  const bool may_evict = image_reader() != nullptr && (options.space_max != 0 || !fully_local());
  if (may_evict) {
    for (const NodePtr& node : catalog.with_content()) {
      if (freed() >= bytes) break;
      evict(node, *node->file, bytes - freed());
    }
  }
  return freed() > 0;
}

std::uint64_t Volume::State::evict(const NodePtr& node, File& file, std::uint64_t bytes) {
  const std::unique_lock one_at_a_time(file.syncing, std::try_to_lock);
  if (!one_at_a_time.owns_lock()) return 0;
  const std::shared_lock guard(gate);
  const std::unique_lock lock(file.lock);
  if (!file.base || file.base_users > 0 || !node->linked) return 0;
  std::vector<ChunkRun> runs;
  std::uint64_t freed = 0;
  for (ChunkRun run : file.hydrated.runs()) {
    if (freed >= bytes) break;
    run.last = std::min(run.last, run.first + (bytes - freed + kChunkBytes - 1) / kChunkBytes);
    freed += (run.last - run.first) * kChunkBytes;
    runs.push_back(run);
  }
  if (runs.empty()) return 0;
  // The record first: a chunk that the journal calls hydrated must never be a hole.
  or_fail([&] { journal->sync(append(EvictedRecord{node->number, runs})); });
  for (const ChunkRun& run : runs) {
    for (std::uint64_t chunk = run.first; chunk < run.last; ++chunk) {
      file.hydrated.reset(chunk);
      file.hydrated_pending.reset(chunk);
    }
    file.base->punch(run.first * kChunkBytes, (run.last - run.first) * kChunkBytes);
  }
  room_left = false;
  return freed;
}

void Volume::State::close_idle(Node& node, File& file) {
  if (node.opens != 0) return;
  const std::unique_lock one_at_a_time(file.syncing, std::try_to_lock);
  const std::unique_lock lock(file.lock, std::try_to_lock);
  if (!one_at_a_time.owns_lock() || !lock.owns_lock() || file.base_users > 0) return;
  if (file.current && file.current->data) file.current->data->close_idle();
  if (file.frozen && file.frozen->data) file.frozen->data->close_idle();
  if (file.base) file.base->close_idle();
}

}  // namespace lifeboat::volume
