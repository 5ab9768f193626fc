/// The journal of a volume's metadata: two preallocated files of which one is in force, checksummed records, group
/// commit, checkpoints. Layout and crash rules: docs/internals/volume-format.md.
///
/// Threads: append and sync from any thread; append order is journal order. A checkpoint is begun while the caller
/// keeps everybody from appending, and finished without that. Errors: kOutOfSpace while growing; after any failed write
/// or sync the journal refuses further work with kIo, since nobody can know what is durable. kCorruption from open.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/file.h"

namespace lifeboat::volume {

inline constexpr std::uint16_t kVolumeFormatVersion = 1;
inline constexpr std::uint64_t kJournalHeaderBytes = 64;
/// Room always kept at the end of the journal in force.
inline constexpr std::uint64_t kJournalHeadroomBytes = std::uint64_t{1} << 20U;
inline constexpr std::uint64_t kJournalCapacityMin = std::uint64_t{4} << 20U;

/// A place in the stream of everything ever appended by this process.
using JournalPosition = std::uint64_t;

class Journal {
 public:
  /// Makes both files in `directory`, with `records` (payloads) as the checkpoint.
  static void create(const Path& directory, std::span<const Bytes> records);
  /// Replays every valid record in order through `apply`, then appends `opened` (the payload of an opened record).
  Journal(const Path& directory, const std::function<void(ByteView payload)>& apply, ByteView opened);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Buffers one record and returns the position after it.
  JournalPosition append(ByteView payload);
  JournalPosition position() const;
  bool durable(JournalPosition position) const;
  /// Returns when everything appended before `position` is durable. Callers share one write and one fdatasync.
  void sync(JournalPosition position);
  void sync() { sync(position()); }

  bool wants_checkpoint() const { return wants_checkpoint_.load(std::memory_order_relaxed); }
  /// Replaces all that was appended so far by `records`. In two steps: begin_checkpoint while nobody appends and the
  /// records were made from the state as it is; finish_checkpoint at leisure, appends going on. On an exception
  /// the journal has failed.
  void begin_checkpoint(std::span<const Bytes> records);
  void finish_checkpoint();

  std::uint64_t bytes() const;  ///< on disk

 private:
  using Check = std::array<std::uint8_t, 8>;
  struct Side {
    UniqueFd fd;
    std::string path;
    std::atomic<std::uint64_t> capacity{0};  ///< written by whoever set writing_
  };
  struct Header {
    std::uint64_t sequence = 0;
    std::uint64_t checkpoint_bytes = 0;
    Check check{};
  };
  struct Checkpoint {
    Bytes header;
    Bytes records;
    JournalPosition position = 0;
  };

  static Checkpoint encode_checkpoint(std::uint64_t sequence, std::span<const Bytes> records, Check& chain);
  static std::optional<Header> read_header(const Side& side);
  static void frame(Bytes& out, Check& chain, ByteView payload);
  static void write(const Side& side, ByteView bytes, std::uint64_t offset);
  static void sync(const Side& side);
  static void grow(Side& side, std::uint64_t capacity);
  static void grow_if_room(Side& side, std::uint64_t capacity);
  static void write_checkpoint(Side& side, const Checkpoint& checkpoint);

  void replay(const Header& header, const std::function<void(ByteView)>& apply);
  void write_buffer(std::unique_lock<std::mutex>& lock);
  void update_wants_checkpoint();
  void check_usable() const;

  std::array<Side, 2> sides_;
  std::size_t active_ = 0;  ///< index of the side in force; changed only by whoever set writing_
  std::uint64_t sequence_ = 0;
  std::uint64_t file_end_ = kJournalHeaderBytes;  ///< end of the records in the side in force

  mutable std::mutex mutex_;  ///< guards all below
  std::condition_variable wake_;
  Check chain_{};
  Bytes buffer_;          ///< framed, not written yet
  bool writing_ = false;  ///< a sync or a checkpoint is writing
  bool failed_ = false;
  JournalPosition appended_ = 0;
  JournalPosition durable_ = 0;
  Checkpoint checkpoint_;
  std::atomic<bool> wants_checkpoint_{false};
};

}  // namespace lifeboat::volume
