/// Making fetched chunks durable, many files at a time: crash rule 5 of docs/internals/volume-format.md. Nobody waits
/// for it, and so it takes no lock of a file while the disk works.
#include <fcntl.h>

#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "volume/volume_state.h"

namespace lifeboat::volume {

namespace {

/// From so many files on, one sync of the file system is cheaper than one of each.
constexpr std::size_t kSyncTogetherMin = 8;
/// In the disk's queue at a time, 2 MiB: who syncs another file meanwhile waits for that, not for gigabytes.
constexpr std::uint64_t kWriteOutChunks = 16;

/// The fetched chunks of one file that are to be journaled. While it lives the base stays open and whole.
class HydratedJob {
 public:
  explicit HydratedJob(NodePtr node) : node_(std::move(node)) {
    File& file = *node_->file;
    const std::unique_lock lock(file.lock);
    runs_ = file.hydrated_pending.runs();
    base_ = file.base;
    epoch_ = file.base_epoch;
    ++file.base_users;
  }
  HydratedJob(HydratedJob&& other) noexcept = default;
  HydratedJob& operator=(HydratedJob&&) = delete;
  HydratedJob(const HydratedJob&) = delete;
  HydratedJob& operator=(const HydratedJob&) = delete;
  ~HydratedJob() {
    if (!node_) return;
    const std::unique_lock lock(node_->file->lock);
    --node_->file->base_users;
  }

  const DataFilePtr& base() const { return base_; }

  /// As DataFile::write_out, of some chunks from `chunk` on, which it moves on. False if there are none.
  bool write_out_some(std::uint64_t& chunk) {
    const auto run = std::ranges::find_if(runs_, [&](const ChunkRun& each) { return each.last > chunk; });
    if (!base_ || run == runs_.end()) return false;
    const std::uint64_t first = std::max(run->first, chunk);
    chunk = std::min(run->last, first + kWriteOutChunks);
    base_->write_out(first * kChunkBytes, (chunk - first) * kChunkBytes);
    return true;
  }
  void write_out() {
    for (std::uint64_t chunk = 0; write_out_some(chunk);) {
    }
  }

  /// Their data is durable. What was given up, or lies in another base by now, waits for the next time.
  void journal(Volume::State& state) {
    File& file = *node_->file;
    const std::unique_lock lock(file.lock);
    if (file.base != base_ || file.base_epoch != epoch_) return;
    for (const ChunkRun& run : runs_) {
      for (std::uint64_t chunk = run.first; chunk < run.last; ++chunk) file.hydrated_pending.reset(chunk);
    }
    state.append(HydratedRecord{node_->number, base_ ? base_->number() : 0, std::move(runs_)});
  }

 private:
  NodePtr node_;
  DataFilePtr base_;
  std::uint32_t epoch_ = 0;
  std::vector<ChunkRun> runs_;
};

bool has_pending(const NodePtr& node) {
  if (!node->linked) return false;
  const std::shared_lock lock(node->file->lock);
  return !node->file->hydrated_pending.runs().empty();
}

}  // namespace

bool Volume::State::write_out_hydrated() {
  check_usable();
  std::deque<Hydration::Cursor>& unwritten = hydration.unwritten.value();
  for (; !unwritten.empty(); unwritten.pop_front()) {
    Hydration::Cursor& next = unwritten.front();
    if (!has_pending(next.node)) continue;
    HydratedJob job(next.node);
    bool written = false;
    or_fail([&] { written = job.write_out_some(next.next); });
    if (written) return true;
  }
  return false;
}

void Volume::State::sync_hydrated(std::span<const NodePtr> nodes) {
  std::vector<HydratedJob> jobs;
  std::vector<DataFilePtr> bases;
  for (const NodePtr& node : nodes) {
    if (!has_pending(node)) continue;
    jobs.emplace_back(node);
    if (jobs.back().base()) bases.push_back(jobs.back().base());
  }
  if (jobs.empty()) return;
  or_fail([&] {
    for (HydratedJob& job : jobs) job.write_out();
    if (bases.size() >= kSyncTogetherMin) {
      const UniqueFd directory_fd = open_file(data_directory, O_RDONLY | O_DIRECTORY);
      DataFile::sync_together(bases, directory_fd.get(), data_directory.string());
    } else {
      for (const DataFilePtr& base : bases) base->sync();
    }
    sync_names(bases);
  });
  const Change change(*this);
  for (HydratedJob& job : jobs) job.journal(*this);
}

}  // namespace lifeboat::volume
