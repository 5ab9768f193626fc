/// One sparse local file under data/: the bytes of one layer, at the offsets they have in the file they belong to.
///
/// Threads: content calls from any thread; `close_idle` only while no other call can run (the owner's exclusive lock).
/// Errors: Exception; reading past the end gives zeros, since a layer says what it holds, not how long it is.
#pragma once

#include <sys/uio.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "base/file.h"

namespace lifeboat::volume {

enum class IoKind : std::uint8_t;

/// Local bytes in use by a volume's data files, roughly between syncs and exactly after them.
struct Space {
  std::atomic<std::int64_t> used{0};
};

class DataFile {
 public:
  /// Opens (making it if absent) on first use.
  DataFile(const Path& directory, std::uint64_t number, Space& space);
  /// Takes what it used off `space`; the file itself stays.
  ~DataFile();
  DataFile(const DataFile&) = delete;
  DataFile& operator=(const DataFile&) = delete;

  static std::string file_name(std::uint64_t number);
  std::uint64_t number() const { return number_; }

  void read(ByteSpan out, std::uint64_t offset);
  void write(ByteView in, std::uint64_t offset);
  /// Writes the parts one after another from `offset`.
  void write_parts(std::span<iovec> parts, std::uint64_t offset);
  /// Copies without passing the bytes through this process.
  void copy_from(DataFile& source, std::uint64_t offset, std::uint64_t length);
  void cut(std::uint64_t size);  ///< nothing is at or after `size`; never grows the file
  void punch(std::uint64_t offset, std::uint64_t length);
  void reserve(std::uint64_t offset, std::uint64_t length);
  /// Waits until the disk has these bytes. Makes nothing durable, but a sync() after it quick.
  void write_out(std::uint64_t offset, std::uint64_t length);
  /// Whether something may have changed since the last sync().
  bool unsynced() const { return durable_.load(std::memory_order_acquire) < changes_.load(std::memory_order_acquire); }
  /// fdatasync, if unsynced.
  void sync();
  /// Makes all of them durable with one syncfs(2), which costs more than one fdatasync and much less than many.
  /// `directory` is open in their file system.
  static void sync_together(std::span<const std::shared_ptr<DataFile>> files, int directory, const std::string& path);
  /// Whether the name itself may not be durable.
  bool new_name() const { return new_name_; }
  void name_synced() { new_name_ = false; }
  void remove();
  void close_idle();
  /// Another process wrote it, which may not have come to sync it.
  void doubt() {
    note_change();
    new_name_ = true;
  }
  /// Counts what an existing file uses without opening it; false if there is none.
  bool count_existing();

  /// Adds to the estimate of what the file uses; sync() and the like correct it.
  void charge(std::uint64_t bytes);

 private:
  int fd();
  /// After a change, so that no sync that began before it takes it for durable.
  void note_change() { changes_.fetch_add(1, std::memory_order_acq_rel); }
  void note_durable(std::uint64_t changes);
  void measure();
  void ask(IoKind kind, std::uint64_t offset, std::uint64_t length);

  const std::string path_;
  const std::uint64_t number_;
  Space& space_;
  std::mutex open_mutex_;
  std::atomic<int> fd_{-1};
  UniqueFd owner_;
  std::atomic<std::uint64_t> changes_{0};
  std::atomic<std::uint64_t> durable_{0};  ///< of these
  std::atomic<bool> new_name_{false};
  std::atomic<std::int64_t> charged_{0};
};

using DataFilePtr = std::shared_ptr<DataFile>;

}  // namespace lifeboat::volume
