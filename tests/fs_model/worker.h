/// One thread's random operations on a tree of its own, each done on the mount and on the model, each result compared.
/// Threads: one worker, one thread; `crash_expected` is shared.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <vector>

#include "base/file.h"
#include "tree_model.h"

namespace lifeboat::fs_model {

/// Says that an operation failed because the volume was being killed, as was announced.
struct Crashed {};

class Worker {
 public:
  Worker(Path top, std::uint64_t seed, const std::atomic<bool>& crash_expected, std::atomic<std::uint64_t>& done);

  /// Operations until `count` are done in all threads together, or until the crash.
  void run(std::uint64_t count);
  /// After a crash: what is there must be possible, and is where the next run goes on from.
  void take_over_after_crash();
  /// Reads everything back and compares.
  void compare() const { tree_.compare(top_); }

 private:
  struct OpenFile {
    std::shared_ptr<FileModel> model;
    UniqueFd fd;
    bool direct = false;
    bool durable = false;  ///< O_DSYNC
    std::string path;      ///< when it was opened
  };

  /// One operation. False if there was nothing to do it to: that is none, and does not count.
  bool step();
  bool create();
  bool open_existing();
  bool close_one();
  bool write();
  bool append();
  bool write_mapped();
  bool read();
  bool truncate();
  bool allocate();
  bool sync();
  bool sync_directory_of();
  bool make_directory();
  bool remove_directory();
  bool remove_file();
  bool rename();
  bool make_symlink();
  bool change_mode();
  bool list();
  bool check_attributes();

  /// `result` of a system call: an expected crash, or a failure naming `what`.
  long check(long result, const std::string& what);
  std::uint64_t pick(std::uint64_t limit) { return limit == 0 ? 0 : random_() % limit; }
  std::string new_path();
  std::string random_directory();
  /// A path of that type in the tree now, or "".
  std::string random_path(NodeType type);
  OpenFile& random_open() { return open_[pick(open_.size())]; }
  ByteView random_bytes(std::size_t size);
  void written(OpenFile& file, std::uint64_t offset, ByteView bytes);

  Path top_;
  std::mt19937_64 random_;
  const std::atomic<bool>& crash_expected_;
  std::atomic<std::uint64_t>& done_;
  TreeModel tree_;
  std::vector<OpenFile> open_;
  std::vector<std::uint8_t> pool_;    ///< random bytes that writes take pieces of
  std::vector<std::uint8_t> memory_;  ///< page-aligned from aligned_, for O_DIRECT
  std::uint8_t* aligned_ = nullptr;
  std::uint64_t counter_ = 0;
};

}  // namespace lifeboat::fs_model
