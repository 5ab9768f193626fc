/// Hydration: fetching everything in the background, in large reads.
#include <algorithm>
#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "volume/hydration.h"
#include "volume/volume_state.h"

namespace lifeboat::volume {

namespace {

constexpr std::uint64_t kScanChunks = 1024;
constexpr std::size_t kFinishedMax = 256;

using Wanted = std::vector<Hydration::Wanted>;

/// The content of a file that was found a while ago; null if it was removed meanwhile.
File* content_of(Volume::State& state, const NodePtr& node) {
  try {
    return state.catalog.file(node->number).second;
  } catch (const Exception& e) {
    if (e.code() != Code::kNotFound) throw;
    return nullptr;
  }
}

/// What is to be fetched of chunks `first` to `last` - 1; what turns out to be a hole is hydrated at once.
void want_range(Volume::State& state, vault::ImageReader& reader, const NodePtr& node, File& file, std::uint64_t first,
                std::uint64_t last, Wanted& wanted, std::vector<vault::ChunkRequest>& requests) {
  std::uint32_t epoch = 0;
  {
    const std::shared_lock lock(file.lock);
    epoch = file.base_epoch;
    last = std::min(last, file.hydrated.size());
  }
  if (first >= last) return;
  const std::optional<vault::FileEntry> entry = state.image_entry(*node, file, epoch);
  if (!entry) return;  // a commit has just ended: the next look for what is missing finds it
  std::uint64_t at = first;
  reader.for_each_chunk(*entry, first, last, [&](std::uint64_t chunk, const vault::ChunkRef& ref) {
    state.keep_holes(file, at, chunk, epoch);
    at = chunk + 1;
    const std::shared_lock lock(file.lock);
    if (epoch != file.base_epoch || file.hydrated.test(chunk)) return;
    requests.push_back({ref, wanted.size()});
    wanted.push_back({node, &file, chunk, epoch});
  });
  state.keep_holes(file, at, last, epoch);
}

}  // namespace

void Hydration::bring_most_waited_for_to_front() {
  const auto most =
      std::ranges::max_element(files, {}, [](const Cursor& cursor) { return cursor.node->waited_for.load(); });
  if (most != files.end()) std::rotate(files.begin(), most, std::next(most));
}

void Volume::State::keep_holes(File& file, std::uint64_t first, std::uint64_t last, std::uint32_t epoch) {
  const std::shared_lock lock(file.lock);
  if (epoch != file.base_epoch) return;
  for (std::uint64_t chunk = first; chunk < std::min(last, file.hydrated.size()); ++chunk) {
    if (file.hydrated.test(chunk)) continue;
    if (file.base) file.base->punch(chunk * kChunkBytes, kChunkBytes);
    file.hydrated_pending.set(chunk);
    file.hydrated.set(chunk);
  }
}

void Volume::State::load_launch() {
  if (std::exchange(hydration.launch_loaded, true)) return;
  try {
    const std::vector<LaunchRun> runs = load_launch_list(*vault, image_reader()->info().name);
    hydration.launch.assign(runs.begin(), runs.end());
  } catch (const Exception& error) {
    log::warn("no launch list for this volume: {}", error.error().text());  // a hint that cannot be had
  }
}

bool Volume::State::find_unhydrated() {
  for (const NodePtr& node : catalog.files_of_image()) {
    File* file = content_of(*this, node);
    if (file == nullptr) continue;
    const std::shared_lock lock(file->lock);
    if (!file->hydrated.full()) hydration.files.push_back({node, 0});
  }
  return !hydration.files.empty();
}

void Volume::State::finish_hydrated(std::size_t at_most) {
  if (hydration.finished.size() <= at_most) return;
  std::vector<NodePtr> finished = std::exchange(hydration.finished, {});
  std::erase_if(finished, [this](const NodePtr& node) { return content_of(*this, node) == nullptr; });
  sync_hydrated(finished);
  for (const NodePtr& node : finished) close_idle(*node, *node->file);
}

bool Volume::hydrate(std::uint64_t limit, int threads) {
  State& state = *state_;
  const std::scoped_lock one_at_a_time(state.hydration.mutex);
  Hydration& hydration = state.hydration;
  const std::shared_ptr<vault::ImageReader> reader = state.image_reader();
  if (!reader) {
    if (state.fully_local()) return false;
    fail(Code::kUnavailable, format("volume {}: opened without its vault", state.directory.string()));
  }
  if (hydration.unwritten && state.write_out_hydrated()) return true;
  state.room_checked = 0;  // look at the disk now, whatever an earlier look said
  if (!state.room_to_keep()) {
    fail(Code::kOutOfSpace, format("volume {}: no local room for more of the image", state.directory.string()),
         "The volume works, but keeps needing its vault: free space on its disk, or raise its bound.");
  }
  state.load_launch();
  if (hydration.launch.empty() && hydration.files.empty() && !state.find_unhydrated()) {
    if (!hydration.unwritten) {
      hydration.unwritten.emplace();
      for (const NodePtr& node : state.catalog.with_content()) hydration.unwritten->push_back({node, 0});
      if (state.write_out_hydrated()) return true;
    }
    hydration.unwritten.reset();
    state.finish_hydrated(0);
    // Also what foreground reads fetched: from now on the vault is not needed.
    state.sync_hydrated(state.catalog.with_content());
    state.check_usable();
    state.or_fail([&] { state.journal->sync(); });
    return false;
  }
  hydration.unwritten.reset();
  Wanted wanted;
  std::vector<vault::ChunkRequest> requests;
  const std::size_t chunks_max = std::max<std::size_t>(1, limit / kChunkBytes);
  while (requests.size() < chunks_max && !hydration.launch.empty()) {
    const LaunchRun run = std::move(hydration.launch.front());
    hydration.launch.pop_front();
    const NodePtr node = state.catalog.find_image_path(run.path);
    File* file = node ? content_of(state, node) : nullptr;
    if (file == nullptr) continue;
    want_range(state, *reader, node, *file, run.first, run.first + run.count, wanted, requests);
  }
  hydration.bring_most_waited_for_to_front();
  while (requests.size() < chunks_max && !hydration.files.empty()) {
    Hydration::Cursor& cursor = hydration.files.front();
    File* known = content_of(state, cursor.node);
    if (known == nullptr) {
      hydration.files.pop_front();
      continue;
    }
    File& file = *known;
    const std::uint64_t first = cursor.next;
    cursor.next += std::min<std::uint64_t>(kScanChunks, chunks_max - requests.size());
    want_range(state, *reader, cursor.node, file, first, cursor.next, wanted, requests);
    const std::shared_lock lock(file.lock);
    if (cursor.next >= file.hydrated.size()) {
      hydration.finished.push_back(std::move(cursor.node));
      hydration.files.pop_front();
    }
  }
  reader->read_chunks(requests, threads, [&](const vault::ChunkRequest& request, ByteView content) {
    const Hydration::Wanted& chunk = wanted[request.tag];
    state.keep(*chunk.file, chunk.chunk, chunk.epoch, content);
  });
  state.finish_hydrated(kFinishedMax);
  return true;
}

std::uint64_t Volume::served() const {
  return state_->served;
}

std::uint64_t Volume::chunks_waited_for() const {
  return state_->chunks_waited_for;
}

LaunchList Volume::launch_list() {
  State& state = *state_;
  const std::shared_lock guard(state.gate);
  const std::shared_lock lock(state.catalog.mutex);
  LaunchList list{.image = state.catalog.image, .runs = {}};
  std::vector<LaunchRun>& runs = list.runs;
  for (const TouchedChunk& touched : state.touch_log.copy()) {
    const NodePtr node = state.catalog.find_locked(touched.inode);
    if (!node || node->image_path.empty() || touched.chunk * kChunkBytes >= node->image_size) continue;
    if (!runs.empty() && runs.back().path == node->image_path &&
        runs.back().first + runs.back().count == touched.chunk) {
      ++runs.back().count;
    } else {
      runs.push_back({node->image_path, touched.chunk, 1});
    }
  }
  return list;
}

}  // namespace lifeboat::volume
