/// What the volume knows of one inode: its place and attributes (Node) and, once somebody uses its content, its layers
/// (File). What layers, marks and limits are: docs/internals/volume-format.md, "Layers".
///
/// Locks, outermost first: Engine::gate (shared by every change, exclusive for snapshots and checkpoints) →
/// File::syncing → Catalog::mutex → File::lock → the journal's own.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "vault/types.h"
#include "volume/block_set.h"
#include "volume/chunk_bits.h"
#include "volume/data_file.h"
#include "volume/fair_mutex.h"
#include "volume/records.h"

namespace lifeboat::volume {

/// Guarded by the lock of the File it belongs to; `data` may be read through by whoever holds that lock shared.
struct Layer {
  /// A truncated tail that was zeroed in place, until a sync makes the zeros durable.
  struct Tail {
    std::uint64_t offset = 0;
    bool syncing = false;
  };

  DataFilePtr data;                ///< null until the first write
  std::uint64_t limit = kNoLimit;  ///< layers below show nothing from here on
  BlockSet marks;                  ///< blocks this layer has
  BlockSet pending;                ///< of these: not journaled
  BlockSet syncing;                ///< of these: not journaled, taken by the sync that is running
  std::vector<Tail> tails;

  bool has_unjournaled() const { return !pending.empty() || !tails.empty(); }
  /// Drops what is at or after `size` and hides it in the layers below. Returns whether marked content is lost.
  bool shrink(std::uint64_t size);
  BlockSet journaled_marks() const;
};

struct Node;

/// The content of one regular file.
struct File {
  explicit File(Node& owner);

  Node& node;
  FairSharedMutex lock;
  std::mutex syncing;  ///< one sync, merge or absorption of this file at a time

  // Guarded by `lock`; the bits may be set under the shared lock.
  std::unique_ptr<Layer> current;
  std::unique_ptr<Layer> frozen;
  DataFilePtr base;              ///< null until a chunk is kept
  ChunkBits hydrated;            ///< one bit for each chunk of the image's file
  ChunkBits hydrated_pending;    ///< of these: not journaled
  ChunkBits touched;             ///< of the image's file: recorded for the launch list
  std::uint32_t base_users = 0;  ///< merges and syncs at work on the base without the lock: no eviction, no closing
  /// Counts changes of what the layers below `frozen` mean: a chunk fetched under another number is stale.
  std::uint32_t base_epoch = 0;
  std::optional<std::uint64_t> syncing_size;  ///< taken by the sync that is running; a resize changes it

  std::mutex entry_mutex;
  std::optional<vault::FileEntry> entry;  ///< of the image, once looked up

  std::unique_ptr<Layer>& layer(LayerRole role) { return role == LayerRole::kCurrent ? current : frozen; }
  /// Where the image's content ends, as seen from the current layer.
  std::uint64_t base_end() const;
};

/// Guarded by Catalog::mutex, but for the atomics.
struct Node {
  std::uint64_t number = 0;
  vault::FileType type = vault::FileType::kFile;
  std::uint32_t mode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::atomic<std::int64_t> mtime_ns{0};
  std::atomic<std::uint64_t> size{0};            ///< changes under File::lock
  std::atomic<std::uint64_t> journaled_size{0};  ///< as the journal has it
  std::atomic<std::uint64_t> changed{0};         ///< Catalog::clock of the last change; 0: as in the image
  std::atomic<std::uint32_t> opens{0};
  std::atomic<std::uint64_t> waited_for{0};  ///< chunks that somebody had to wait for since the volume was opened
  std::atomic<bool> linked{true};            ///< has a name, or is the root
  Node* parent = nullptr;                    ///< null for the root and for what has been removed
  std::string name;
  std::string link_target;
  std::string image_path;        ///< where it is in the image; empty: not there; changes under File::lock, too
  std::uint64_t image_size = 0;  ///< changes under File::lock, too
  std::map<std::string, std::shared_ptr<Node>, std::less<>> children;
  std::unique_ptr<File> file;
};

using NodePtr = std::shared_ptr<Node>;

}  // namespace lifeboat::volume
