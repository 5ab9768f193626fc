/// Durability: data before marks, marks before the answer. The rules are in docs/internals/volume-format.md, "Crash
/// rules".
#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "base/error.h"
#include "volume/io_hook.h"
#include "volume/volume_state.h"

namespace lifeboat::volume {

Volume::State::Change::Change(State& state) {
  state.check_usable();
  if (state.journal->wants_checkpoint()) state.checkpoint();
  lock_ = std::shared_lock(state.gate);
}

void Volume::State::check_usable() const {
  if (!failed) return;
  fail(Code::kIo, format("{}: an earlier write or sync failed, nothing more is accepted", directory.string()),
       "Look for disk errors in the kernel log, then mount the volume again: it goes back to what was synced.");
}

namespace {

/// What nobody fsyncs is made durable as late as the kernel would. What was fetched even more so: it can be had again.
constexpr std::chrono::seconds kFlushInterval{30};

/// What one sync of a file takes with it.
struct SyncJob {
  std::array<DataFilePtr, 2> data;  ///< by LayerRole
  bool records = false;             ///< something is to be journaled
};

bool clean(const File& file) {
  const auto layer_clean = [](const std::unique_ptr<Layer>& layer) {
    return !layer || (!layer->has_unjournaled() && !(layer->data && layer->data->unsynced()));
  };
  return layer_clean(file.current) && layer_clean(file.frozen) && file.node.size == file.node.journaled_size;
}

SyncJob take_job(File& file) {
  SyncJob job;
  for (const LayerRole role : {LayerRole::kCurrent, LayerRole::kFrozen}) {
    Layer* layer = file.layer(role).get();
    if (layer == nullptr || !layer->data) continue;
    job.data[static_cast<std::size_t>(role)] = layer->data;
    job.records = job.records || layer->has_unjournaled();
    layer->syncing = std::exchange(layer->pending, {});
    for (Layer::Tail& tail : layer->tails) tail.syncing = true;
  }
  job.records = job.records || file.node.size != file.node.journaled_size;
  file.syncing_size = file.node.size;
  return job;
}

/// The marks to journal, taken out of the layer. Those of tails are journaled already, but saying them again tells the
/// replay that their zeros are durable.
BlockSet finish_layer(Layer& layer) {
  BlockSet marks = std::exchange(layer.syncing, {});
  for (const Layer::Tail& tail : layer.tails) {
    const std::uint64_t block = tail.offset / kBlockBytes;
    if (tail.syncing && layer.marks.contains(block)) marks.add_blocks(block, block + 1);
  }
  std::erase_if(layer.tails, [](const Layer::Tail& tail) { return tail.syncing; });
  return marks;
}

}  // namespace

JournalPosition Volume::State::append_together(std::initializer_list<Record> records) {
  Encoder out;
  for (const Record& record : records) encode_record(out, record);
  return journal->append(out.bytes());
}

void Volume::State::sync_names(std::span<const DataFilePtr> files) {
  std::vector<DataFile*> unsynced;
  for (const DataFilePtr& file : files) {
    if (file && file->new_name()) unsynced.push_back(file.get());
  }
  if (unsynced.empty()) return;
  const std::string path = data_directory.string();
  const int error = IoHook::ask(IoEvent{IoKind::kSync, path, -1, 0, 0});
  if (error != 0) fail_errno(format("sync {}", path), error);
  sync_directory(data_directory);
  // Only now: who finds a name synced journals what refers to it.
  for (DataFile* file : unsynced) file->name_synced();
}

void Volume::State::sync_file(const NodePtr& node, File& file) {
  check_usable();
  {
    const std::shared_lock lock(file.lock);
    if (clean(file) && !file.syncing_size) return;
  }
  const std::scoped_lock one_at_a_time(file.syncing);
  SyncJob job;
  {
    const Change change(*this);
    const std::unique_lock lock(file.lock);
    if (!node->linked) return;  // a crash takes it anyway
    job = take_job(file);
  }
  or_fail([&] {
    for (const DataFilePtr& data : job.data) {
      if (data) data->sync();
    }
    sync_names(job.data);
  });
  const std::shared_lock guard(gate);
  const std::unique_lock lock(file.lock);
  const std::uint64_t size = file.syncing_size.value_or(node->size);
  file.syncing_size.reset();
  if (!job.records) return;
  bool size_told = false;
  for (const LayerRole role : {LayerRole::kFrozen, LayerRole::kCurrent}) {
    Layer* layer = file.layer(role).get();
    if (layer == nullptr || !layer->data) continue;
    BlockSet marks = finish_layer(*layer);
    // Cut while the data was synced: their zeros may not be durable, though the block is to be journaled.
    const bool doubtful = std::ranges::any_of(
        layer->tails, [&](const Layer::Tail& tail) { return marks.contains(tail.offset / kBlockBytes); });
    const bool last = role == LayerRole::kCurrent || !file.current || !file.current->data;
    if (marks.empty() && (size_told || !last)) continue;
    MarksRecord record{node->number, role, layer->data->number(), size, node->mtime_ns, std::move(marks)};
    if (doubtful) {
      append_together({std::move(record), layer_record(node->number, role, *layer)});
    } else {
      append(std::move(record));
    }
    node->journaled_size = size;
    size_told = true;
  }
}

void Volume::fsync(InodeNumber inode) {
  State& state = *state_;
  const NodePtr node = state.catalog.get(inode);
  if (node->type == vault::FileType::kFile) state.sync_file(node, *state.catalog.file(inode).second);
  state.check_usable();
  state.or_fail([&] { state.journal->sync(); });
}

void Volume::sync_all() {
  State& state = *state_;
  for (const NodePtr& node : state.catalog.with_content()) state.sync_file(node, *node->file);
  state.sync_hydrated(state.catalog.with_content());
  state.check_usable();
  state.or_fail([&] { state.journal->sync(); });
}

void Volume::maintain() {
  State& state = *state_;
  if (state.failed) return;
  if (const std::unique_lock no_commit(state.commit_mutex, std::try_to_lock); no_commit.owns_lock()) state.settle();
  const auto time = std::chrono::steady_clock::now();
  if (time - state.last_flush >= kFlushInterval) {
    const std::vector<NodePtr> nodes = state.catalog.with_content();
    for (const NodePtr& node : nodes) state.sync_file(node, *node->file);
    state.sync_hydrated(nodes);
    for (const NodePtr& node : nodes) state.close_idle(*node, *node->file);
    state.last_flush = time;
  }
  state.or_fail([&] { state.journal->sync(); });
  state.empty_trash();
}

void Volume::State::checkpoint() {
  const std::scoped_lock one_at_a_time(checkpoint_mutex);
  if (journal->wants_checkpoint()) force_checkpoint();
}

void Volume::State::force_checkpoint() {
  or_fail([&] {
    {
      const std::unique_lock everybody_out(gate);
      const std::shared_lock lock(catalog.mutex);  // reads make a node's File
      journal->begin_checkpoint(catalog.checkpoint());
    }
    journal->finish_checkpoint();
  });
}

}  // namespace lifeboat::volume
