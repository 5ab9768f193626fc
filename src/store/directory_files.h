/// Files below a store's root directory, by object name: opened without following links out of it, made durable,
/// and kept open for readers. The layer under DirectoryStore.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/file.h"

namespace lifeboat::store {

/// The directory for unfinished files. '~' is in no legal object name.
inline constexpr std::string_view kUnfinishedDirectory = "~tmp";

/// Room kept for a prune of a full disk: a file of nothing.
inline constexpr std::string_view kReserveFile = "~reserve";

struct DirectoryItem {
  std::string name;  ///< one part
  bool is_directory = false;
};

/// Threads: safe from any thread. Errors: Exception from errno; absent things are invalid descriptors; kUnavailable if
/// the store was there before and is gone: its disk was unmounted, or somebody moved it. Then nothing looks merely
/// absent, and nothing is made in its place.
class DirectoryFiles {
 public:
  explicit DirectoryFiles(Path root);

  const Path& root() const { return root_; }
  Path path_of(std::string_view name) const { return root_ / name; }

  /// Opens a file or directory below the root; invalid if it, or the root, does not exist. "" is the root itself.
  UniqueFd find(std::string_view name, int flags) const;
  /// As find for a directory, made (with its parents and the root) and durable if absent. The directory for unfinished
  /// files comes first: by it the store is known again.
  UniqueFd make_directory(std::string_view name);
  /// Regular files and directories in a directory, in bytewise order of the object names they lead to.
  std::vector<DirectoryItem> list(std::string_view directory) const;

 private:
  UniqueFd open(std::string_view name, int flags) const;
  void make_root();
  void make_durable(std::string_view name);
  void refuse_if_gone() const;

  Path root_;
  std::atomic<bool> seen_ = false;  ///< the directory for unfinished files was there
  std::mutex mutex_;
  bool root_is_durable_ = false;
  std::set<std::string, std::less<>> durable_;  ///< directories whose entry in their parent was synced by us
};

/// The descriptors last read from, so that many ranged reads of one file open it once.
/// Threads: safe from any thread. A descriptor stays open while a reader holds it.
class OpenFiles {
 public:
  explicit OpenFiles(std::size_t capacity) : capacity_(capacity) {}

  std::shared_ptr<const UniqueFd> find(std::string_view name);
  std::shared_ptr<const UniqueFd> add(std::string_view name, UniqueFd fd);
  void forget(std::string_view name);

 private:
  struct Entry {
    std::string name;
    std::shared_ptr<const UniqueFd> fd;
  };
  std::size_t capacity_;
  std::mutex mutex_;
  std::list<Entry> entries_;  ///< last used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_name_;
};

/// "a/b/c" → "a/b" and "c".
struct SplitName {
  std::string_view directory;
  std::string_view leaf;
};
SplitName split_name(std::string_view name);

}  // namespace lifeboat::store
