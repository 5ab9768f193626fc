/// Commit: an atomic snapshot of all files becomes a new image while writes go on. Crash rules 6 and 7 of
/// docs/internals/volume-format.md.
#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "vault/image_writer.h"
#include "volume/beside.h"
#include "volume/commit_upload.h"
#include "volume/volume_state.h"

namespace lifeboat::volume {

namespace {

vault::FileEntry entry_of(const Catalog& catalog, const Node& node) {
  return {.path = catalog.path(node),
          .type = node.type,
          .mode = node.mode,
          .uid = node.uid,
          .gid = node.gid,
          .mtime_ns = node.mtime_ns,
          .size = node.type == vault::FileType::kFile ? node.size.load() : 0,
          .link_target = node.link_target,
          .chunks = {}};
}

[[noreturn]] void fail_committing(const Path& directory) {
  fail(Code::kBusy, format("volume {}: a commit is running already", directory.string()), "Wait for it to end.");
}

}  // namespace

Snapshot Volume::State::take_snapshot() {
  const std::unique_lock everybody_out(gate);
  const std::unique_lock lock(catalog.mutex);
  check_usable();
  catalog.freeze();
  append(FreezeRecord{});
  const Node& top = catalog.directory(kRootInode);
  Snapshot snapshot{.time = now(),
                    .top = {.mode = top.mode, .uid = top.uid, .gid = top.gid},
                    .top_clock = top.changed,
                    .changed = {},
                    .removed = {},
                    .gone = catalog.gone};
  std::set<std::string> left = catalog.gone;
  catalog.for_each([&](const NodePtr& node) {
    if (node->changed == 0 || !node->linked || node->parent == nullptr) return;
    ChangedEntry changed{.node = node,
                         .file = node->file.get(),
                         .frozen = node->file ? node->file->frozen.get() : nullptr,
                         .entry = entry_of(catalog, *node),
                         .clock = node->changed,
                         .image_path = node->image_path,
                         .image_size = node->image_size};
    if (!changed.image_path.empty() && changed.image_path != changed.entry.path) left.insert(changed.image_path);
    snapshot.changed.push_back(std::move(changed));
  });
  for (const std::string& path : left) {
    if (catalog.find_path(path) == nullptr) snapshot.removed.push_back(path);
  }
  std::ranges::sort(snapshot.changed, {}, [](const ChangedEntry& changed) { return changed.entry.path; });
  return snapshot;
}

void Volume::State::sync_frozen(const Snapshot& snapshot) {
  for (const ChangedEntry& changed : snapshot.changed) {
    if (changed.frozen != nullptr) sync_file(changed.node, *changed.file);
  }
  or_fail([&] { journal->sync(); });
}

void Volume::State::rebase(const ChangedEntry& changed) {
  Node& node = *changed.node;
  const std::uint64_t size = changed.entry.size;
  std::unique_lock<FairSharedMutex> lock;
  if (node.file) {  // perhaps only since the snapshot
    File& file = *node.file;
    lock = std::unique_lock(file.lock);
    std::uint64_t old_end = changed.image_path.empty() ? 0 : changed.image_size;
    if (file.frozen) old_end = std::min(old_end, std::exchange(file.frozen->limit, kNoLimit));
    ++file.base_epoch;
    {
      const std::scoped_lock entry_lock(file.entry_mutex);
      file.entry.reset();
    }
    if (file.base && old_end < changed.image_size) {
      file.base->cut(old_end);
      file.base->sync();
    }
    const std::uint64_t chunks = vault::chunk_count(size);
    file.hydrated = file.hydrated.resized(chunks);
    file.hydrated_pending = file.hydrated_pending.resized(chunks);
    // Where the old image showed nothing, zeros and the frozen layer are the whole content.
    for (std::uint64_t chunk = vault::chunk_count(old_end); chunk < chunks; ++chunk) {
      file.hydrated_pending.set(chunk);
      file.hydrated.set(chunk);
    }
  }
  node.image_path = changed.entry.path;
  node.image_size = size;
}

void Volume::State::keep_entries_of_removed() {
  catalog.for_each([&](const NodePtr& node) {
    if (node->linked || node->type != vault::FileType::kFile || node->image_path.empty()) return;
    File& file = catalog.content(*node);
    const std::unique_lock lock(file.lock);
    const std::scoped_lock entry_lock(file.entry_mutex);
    if (file.entry || file.hydrated.full()) return;
    try {
      file.entry = image_reader()->find(node->image_path);
    } catch (const Exception& e) {  // removed since they were looked up; the vault must not end a commit that is done
      log::warn("{}, removed but open, cannot be read to its end: {}", node->image_path, e.error().text());
    }
  });
}

void Volume::State::look_up_entries_of_removed() {
  std::vector<std::pair<NodePtr, std::uint32_t>> removed;
  {
    const std::shared_lock guard(gate);
    const std::shared_lock lock(catalog.mutex);
    catalog.for_each([&](const NodePtr& node) {
      if (node->linked || !node->file || node->image_path.empty()) return;
      const std::shared_lock file_lock(node->file->lock);
      if (!node->file->hydrated.full()) removed.emplace_back(node, node->file->base_epoch);
    });
  }
  for (const auto& [node, epoch] : removed) static_cast<void>(image_entry(*node, *node->file, epoch));
}

void Volume::State::committed(const Snapshot& snapshot, std::shared_ptr<vault::ImageReader> image) {
  const std::scoped_lock one_at_a_time(checkpoint_mutex);
  {
    const std::unique_lock everybody_out(gate);
    const std::unique_lock lock(catalog.mutex);
    for (const std::string& path : snapshot.gone) catalog.gone.erase(path);
    for (const ChangedEntry& changed : snapshot.changed) {
      Node& node = *changed.node;
      if (!node.linked) {
        catalog.gone.insert(changed.entry.path);
        continue;
      }
      rebase(changed);
      if (node.changed == changed.clock) node.changed = 0;
    }
    Node& top = catalog.directory(kRootInode);
    if (top.changed == snapshot.top_clock) top.changed = 0;
    keep_entries_of_removed();
    catalog.image = image->info().name;
    catalog.frozen_committed = true;
    {
      const std::scoped_lock reader_lock(reader_mutex);
      reader = std::move(image);
    }
    journal->begin_checkpoint(catalog.checkpoint());
  }
  journal->finish_checkpoint();
}

void Volume::settle() {
  if (state_->committing) fail_committing(state_->directory);
  const std::unique_lock one_at_a_time(state_->commit_mutex);
  state_->settle();
}

vault::ImageInfo Volume::commit(const vault::ImageInfo& describe, CommitProgress& progress,
                                const SnapshotListener& on_snapshot) {
  State& state = *state_;
  if (state.committing.exchange(true)) fail_committing(state.directory);
  const std::unique_ptr<std::atomic<bool>, void (*)(std::atomic<bool>*)> no_longer(
      &state.committing, [](std::atomic<bool>* flag) { *flag = false; });
  // Housekeeping may be merging: that ends soon.
  const std::unique_lock one_at_a_time(state.commit_mutex);
  const std::shared_ptr<vault::ImageReader> parent = state.image_reader();
  if (!parent) {
    fail(Code::kUnavailable, format("volume {}: opened without its vault", state.directory.string()),
         "The changes are safe locally; mount the volume with its vault to commit them.");
  }
  state.settle();
  const Snapshot snapshot = state.take_snapshot();
  vault::ImageInfo info = describe;
  info.time = snapshot.time;
  info.top = snapshot.top_clock != 0 ? snapshot.top : parent->info().top;
  // What a boot needs goes on with the data: a commit of encrypted tables would be lost without its keys. Where the
  // parent lay in its source's history is not true of this one.
  if (info.server.empty()) {
    info.server = parent->info().server;
    info.server.erase("position");
  }
  if (info.attachments.empty()) info.attachments = parent->info().attachments;
  if (on_snapshot) on_snapshot(info);
  {
    Beside syncing([&] { state.sync_frozen(snapshot); });
    vault::ImageWriter writer(*state.vault, parent.get());
    CommitUpload(state, *parent, writer, progress).run(snapshot);
    syncing.wait();
    info = writer.publish(std::move(info), true);
  }
  // All that is asked of the vault before the first step that must not fail by halves.
  auto image = std::make_shared<vault::ImageReader>(*state.vault, info.name);
  state.look_up_entries_of_removed();
  state.or_fail([&] { state.committed(snapshot, std::move(image)); });
  return info;
}

}  // namespace lifeboat::volume
