/// The inside of a Volume: its parts and what its operations share. The operations themselves are in names.cc,
/// content_read.cc, content_write.cc, sync.cc, fetch.cc, hydrate.cc, merge.cc and commit.cc.
/// Locks and their order: volume/node.h.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/units.h"
#include "volume/catalog.h"
#include "volume/hydration.h"
#include "volume/journal.h"
#include "volume/snapshot.h"
#include "volume/touch_log.h"
#include "volume/volume.h"

namespace lifeboat::volume {

/// Chunks of the image in memory, for a read or a fill that could not have them from the base.
struct FetchedChunk {
  std::uint64_t chunk = 0;
  std::uint32_t epoch = 0;  ///< File::base_epoch they belong to
  std::shared_ptr<const Bytes> content;
};
using Fetched = std::vector<FetchedChunk>;

/// Chunks that are needed and not local.
struct Missing {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  bool any() const { return last > first; }
};

struct Volume::State {
  /// Everything but the vault: takes the lease, replays the journal, removes data files nothing refers to.
  State(Path directory, VolumeOptions options);

  // Opening (open.cc).
  static void create(const Path& directory, vault::ImageReader& image_tree, std::string_view image,
                     std::string_view vault_name);
  void attach(vault::Vault& to);
  void finish_replay();
  static void zero_tails(File& file);
  VolumeStatus status();

  // Every change: checks that the volume is usable and the journal has room, then keeps snapshots out while it lives.
  class Change {
   public:
    explicit Change(State& state);

   private:
    std::shared_lock<FairSharedMutex> lock_;
  };
  JournalPosition append(const Record& record) { return journal->append(encode_record(record)); }
  /// A crash leaves all of them or none.
  JournalPosition append_together(std::initializer_list<Record> records);
  /// Runs what must not fail by halves; if it throws, the volume is unusable from here on.
  template <typename Work>
  void or_fail(Work work);
  void check_usable() const;

  /// The node loses its name (the caller holds the catalog's lock); `position`: of the record that says so.
  void unlink(Node& node, JournalPosition position);
  void forget(InodeNumber inode, JournalPosition position);

  // Layers (content_read.cc, content_write.cc). The caller holds File::lock.
  /// Fills `out`, or says what has to be fetched first.
  /// From layer `top` downwards.
  static Missing read_layers(File& file, std::uint64_t offset, ByteSpan out, const Fetched& fetched,
                             LayerRole top = LayerRole::kCurrent);
  Missing write_layers(File& file, std::uint64_t offset, ByteView in, const Fetched& fetched);
  Layer& current_layer(File& file);
  DataFilePtr new_data_file();
  void resize(File& file, std::uint64_t size);
  /// Throws kOutOfSpace if `bytes` more would exceed space_max.
  void admit(std::uint64_t bytes) const;
  /// Runs `work`; where the disk or the bound is full, makes room by what is not needed and runs it once more.
  template <typename Work>
  void with_room(std::uint64_t bytes, Work work);

  // Durability (sync.cc).
  void sync_names(std::span<const DataFilePtr> files);  ///< of those that are new
  void sync_file(const NodePtr& node, File& file);
  void sync_hydrated(std::span<const NodePtr> nodes);  ///< sync_hydrated.cc
  /// Waits until the disk has some more of `hydration.unwritten`; false when it has all.
  bool write_out_hydrated();
  void checkpoint();        ///< if the journal wants one
  void force_checkpoint();  ///< the caller holds checkpoint_mutex, or is alone

  // Data files no longer needed (trash.cc). They go once the record that says so is durable and nobody reads them.
  void drop(DataFilePtr data, JournalPosition position);
  void drop_content(File& file, JournalPosition position);
  void empty_trash();
  /// Frees about `bytes` by removing dropped files and hydrated chunks. Returns whether it freed anything.
  bool make_space(std::uint64_t bytes);
  /// Whether nothing of the image is missing.
  bool fully_local();
  std::uint64_t evict(const NodePtr& node, File& file, std::uint64_t bytes);
  void close_idle(Node& node, File& file);

  // The image (fetch.cc).
  /// Adds what is missing to `fetched`, unless it was kept in the base meanwhile.
  void fetch(const NodePtr& node, File& file, Missing missing, Fetched& fetched);
  struct Flight;
  /// Fetches the chunks of `own`, which are in ascending order, and lets those who wait for them go on.
  void fly(const NodePtr& node, File& file, std::span<const std::shared_ptr<Flight>> own);
  std::shared_ptr<vault::ImageReader> image_reader();
  /// The file's entry in the image; none if `epoch` is no longer in force.
  std::optional<vault::FileEntry> image_entry(Node& node, File& file, std::uint32_t epoch);
  /// Stores a chunk in the base, if there is room and it is not stale.
  void keep(File& file, std::uint64_t chunk, std::uint32_t epoch, ByteView content);
  void keep_holes(File& file, std::uint64_t first, std::uint64_t last, std::uint32_t epoch);
  bool room_to_keep();

  // Hydration (hydrate.cc). The caller holds its mutex.
  void load_launch();
  bool find_unhydrated();
  /// Syncs and closes files that are complete, if there are more than `at_most`.
  void finish_hydrated(std::size_t at_most);

  // Commit (commit.cc).
  Snapshot take_snapshot();
  void sync_frozen(const Snapshot& snapshot);
  /// The image is published: what was frozen is its content now. Durable when it returns.
  void committed(const Snapshot& snapshot, std::shared_ptr<vault::ImageReader> image);
  void rebase(const ChangedEntry& changed);
  /// What was removed and is still open goes on reading the old image, whose names the new one need not have. What of
  /// that can be asked of the vault before everybody is kept out is:
  void look_up_entries_of_removed();
  void keep_entries_of_removed();

  // Snapshots (merge.cc): brings every frozen layer to its end: into the base if committed, else back into current.
  void settle();
  void merge(const NodePtr& node, File& file);
  /// Copies what the frozen layer has of chunks that the base has or gets whole by it, and lists these. Returns false
  /// if there was no room.
  bool copy_into_base(File& file, DataFile& base, std::vector<std::uint64_t>& chunks);
  /// Makes the frozen layer's data file the base where there is none. Returns whether it did.
  bool adopt(const NodePtr& node, File& file);
  void absorb(const NodePtr& node, File& file);

  Path directory;
  Path data_directory;
  VolumeOptions options;
  FileLock lease;
  Space space;
  Catalog catalog;
  std::unique_ptr<Journal> journal;
  FairSharedMutex gate;
  std::atomic<bool> failed{false};
  std::mutex checkpoint_mutex;
  std::mutex settle_mutex;
  std::atomic<bool> committing{false};
  std::mutex commit_mutex;  ///< held by a commit, and while committed layers are merged

  std::string vault_name;  ///< cache name of the vault it was made from
  vault::Vault* vault = nullptr;
  std::mutex reader_mutex;
  std::shared_ptr<vault::ImageReader> reader;  ///< of catalog.image; null without a vault

  struct Dropped {
    DataFilePtr data;
    JournalPosition position = 0;
  };
  std::mutex trash_mutex;
  std::vector<Dropped> trash;

  std::mutex flights_mutex;
  std::condition_variable flights_wake;
  std::map<std::pair<const File*, std::uint64_t>, std::shared_ptr<Flight>> flights;
  std::atomic<std::uint64_t> chunks_waited_for{0};
  std::atomic<std::uint64_t> served{0};        ///< reads and writes
  std::atomic<std::uint64_t> room_checked{0};  ///< bytes kept since the disk was last asked for its free space
  std::atomic<bool> room_left{true};

  Hydration hydration;
  TouchLog touch_log;
  // By maintain() only.
  std::chrono::steady_clock::time_point last_flush = std::chrono::steady_clock::now();
};

template <typename Work>
void Volume::State::or_fail(Work work) {
  try {
    work();
  } catch (...) {
    failed = true;
    throw;
  }
}

template <typename Work>
void Volume::State::with_room(std::uint64_t bytes, Work work) {
  try {
    work();
    return;
  } catch (const Exception& error) {
    if (error.code() != Code::kOutOfSpace || !make_space(bytes)) throw;
  }
  work();
}

/// Now, as file times are kept.
std::int64_t clock_ns();

}  // namespace lifeboat::volume
