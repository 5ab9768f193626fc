/// A volume: an image mounted copy-on-write. This is the engine under the FUSE adapter (volume/fuse_adapter.h) and
/// knows nothing of FUSE: inodes, reads, writes, durability, snapshots, hydration. Layout on disk and crash rules:
/// docs/internals/volume-format.md.
///
/// Threads: every operation is safe from any thread. Errors: Exception; the adapter turns Code into errno
/// (kOutOfSpace → ENOSPC, kConflict → ENOTEMPTY, kNotFound → ENOENT or ENOTDIR, kUsage → EINVAL; a directory where a
/// file is needed is kUsage). After a failed write or sync of the volume's own metadata the local state is suspect:
/// everything but reads then throws kIo until the volume is opened again. Durability: when fsync() returns, the file's
/// content and all earlier metadata operations survive kill -9 of this process and power loss; what was not fsynced may
/// be lost by either. Descriptors: up to three for each open inode; raise RLIMIT_NOFILE to its hard limit first.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "vault/image_reader.h"
#include "vault/image_writer.h"
#include "volume/launch_list.h"

namespace lifeboat::volume {

using InodeNumber = std::uint64_t;
inline constexpr InodeNumber kRootInode = 1;

struct VolumeOptions {
  std::uint64_t space_max = 0;  ///< bound on local bytes, 0: what the file system has; writes beyond it get kOutOfSpace
};

struct Attributes {
  InodeNumber inode = 0;
  vault::FileType type = vault::FileType::kFile;
  std::uint32_t mode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t links = 1;
  std::int64_t mtime_ns = 0;
  std::uint64_t size = 0;
  std::uint64_t blocks_512 = 0;
};

struct AttributeChange {
  std::optional<std::uint32_t> mode;
  std::optional<std::uint32_t> uid;
  std::optional<std::uint32_t> gid;
  std::optional<std::int64_t> mtime_ns;
  std::optional<std::uint64_t> size;
};

struct DirectoryEntry {
  std::string name;
  InodeNumber inode = 0;
  vault::FileType type = vault::FileType::kFile;
};

struct VolumeStatus {
  std::string image;              ///< what it was mounted from, or last committed as
  std::uint64_t bytes = 0;        ///< logical
  std::uint64_t local_bytes = 0;  ///< on the local disk
  std::uint64_t dirty_bytes = 0;  ///< changed since the image, in whole blocks
  std::uint64_t hydrated_bytes = 0;
  bool hydrated = false;  ///< no longer needs the vault
  bool changed = false;   ///< holds what the image does not: content, names or attributes
};

/// How far a commit is: content of the snapshot that is packed for the vault, of all that there is.
struct CommitProgress {
  std::atomic<std::uint64_t> done_bytes{0};
  std::atomic<std::uint64_t> total_bytes{0};  ///< 0 until the snapshot is taken
};

/// Called when a commit has taken its snapshot, before anything is uploaded, and may complete what the image will say
/// of itself. If it throws, the commit is given up with that, and the changes stay for the next.
using SnapshotListener = std::function<void(vault::ImageInfo& info)>;

class Volume {
 public:
  /// Makes the local state in `directory` (which must not hold one yet) for `image`. Reads the image's entries (names
  /// and attributes, not content) once, so that the name space never needs the vault again.
  static void create(const Path& directory, vault::Vault& vault, const vault::ImageName& image);
  /// Opens local state, replaying the journal; takes the lease (kBusy if another process has it). `vault` may be null
  /// when the volume is fully hydrated: then commit and unhydrated reads throw kUnavailable.
  static std::unique_ptr<Volume> open(const Path& directory, vault::Vault* vault, VolumeOptions options = {});
  /// The same for who finds out from status() whether a vault is needed at all, and attaches it before anything is
  /// read.
  static std::unique_ptr<Volume> open_local(const Path& directory, VolumeOptions options = {});
  /// kRefused if the volume is of another vault. After an error it is as it was.
  void attach(vault::Vault& vault);
  /// How the local state in `directory` stands, while no process has it open (kBusy). Needs no vault.
  static VolumeStatus inspect(const Path& directory);
  /// Closes without syncing: to an observer the same as kill -9. Call sync_all() first for a clean end.
  ~Volume();

  // Name space. Errors: kNotFound, kExists, kConflict (directory not empty), kRefused for what a database's files never
  // need (hard links, device files).
  Attributes lookup(InodeNumber parent, std::string_view name);
  Attributes attributes(InodeNumber inode);
  Attributes set_attributes(InodeNumber inode, const AttributeChange& change);
  Attributes create(InodeNumber parent, std::string_view name, vault::FileType type, std::uint32_t mode,
                    std::uint32_t uid, std::uint32_t gid, std::string_view link_target = {});
  void remove(InodeNumber parent, std::string_view name, bool directory);
  void rename(InodeNumber parent, std::string_view name, InodeNumber new_parent, std::string_view new_name,
              bool no_replace);
  std::vector<DirectoryEntry> list(InodeNumber directory);
  std::string read_link(InodeNumber inode);

  // Content. An inode that is open stays readable and writable after its last name is removed.
  void opened(InodeNumber inode);
  void closed(InodeNumber inode);
  std::size_t read(InodeNumber inode, std::uint64_t offset, ByteSpan out);
  void write(InodeNumber inode, std::uint64_t offset, ByteView in);
  enum class Allocate { kReserve, kReserveKeepSize, kPunchHole, kZeroRange };
  void allocate(InodeNumber inode, std::uint64_t offset, std::uint64_t length, Allocate mode);
  void fsync(InodeNumber inode);
  void sync_all();

  /// Turns the changes into a new image, from an atomic snapshot taken at entry, while writes go on. Throws
  /// kUnavailable if the vault cannot be reached; the changes then stay for the next commit. One at a time (kBusy).
  /// `progress` may be watched meanwhile.
  vault::ImageInfo commit(const vault::ImageInfo& describe, CommitProgress& progress,
                          const SnapshotListener& on_snapshot = {});
  vault::ImageInfo commit(const vault::ImageInfo& describe) {
    CommitProgress unwatched;
    return commit(describe, unwatched);
  }

  /// Brings to its end what the last commit left to housekeeping, so that the next takes its snapshot at once. kBusy
  /// while a commit runs.
  void settle();

  /// Fetches `limit` more bytes' worth of chunks not yet local (launch list first). When all are, has a part of them
  /// written to disk; false when they are durable. Who pauses between calls then leaves the disk to the server.
  bool hydrate(std::uint64_t limit, int threads = 2);
  /// Chunks fetched or read since open, in order of first touch: what the next boot will want first.
  LaunchList launch_list();
  /// That reads, or writes into them, had to wait for since open.
  std::uint64_t chunks_waited_for() const;
  /// Reads and writes since open.
  std::uint64_t served() const;

  /// Housekeeping: writes out what has been waiting for some seconds, merges a committed snapshot into the base,
  /// removes dropped files. Call it about once a second from one thread; nothing but promptness depends on it.
  void maintain();

  VolumeStatus status();
  std::string image();  ///< as status() has it, without counting
  /// Whether a file that was removed while open still has to read from an image before this one.
  bool reads_removed_files();

  struct State;  ///< volume/volume_state.h; public for the engine's own tests
  explicit Volume(std::unique_ptr<State> state);

 private:
  std::unique_ptr<State> state_;
};

}  // namespace lifeboat::volume
