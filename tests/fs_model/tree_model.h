/// What one directory tree must look like, now and after a crash: names take effect in order, so a crash may leave
/// any of the trees that existed since the last sync, and no other.
/// Threads: one at a time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "file_model.h"

namespace lifeboat::fs_model {

enum class NodeType { kFile, kDirectory, kSymlink };

struct Node {
  NodeType type = NodeType::kFile;
  unsigned mode = 0;
  std::string target;               ///< of a symlink
  std::shared_ptr<FileModel> file;  ///< of a file
};

/// Paths relative to the tree's top, in bytewise order.
using Tree = std::map<std::string, Node>;

class TreeModel {
 public:
  const Tree& now() const { return trees_.back(); }
  /// A new state of the tree, which `edit` makes from the one before.
  template <typename Edit>
  void change(Edit edit) {
    Tree next = trees_.back();
    edit(next);
    trees_.push_back(std::move(next));
  }
  /// Names, types and modes as they are now are all that a crash may leave.
  void synced();

  /// The tree on disk, read whole, must be one that a crash may leave; it is taken over as the durable state. Throws
  /// kCorruption saying why none fits.
  void take_over_after_crash(const Path& top);
  /// The tree on disk must be exactly the one now. Throws kCorruption.
  void compare(const Path& top) const;

 private:
  std::vector<Tree> trees_{Tree{}};  ///< since the last sync
};

/// Reads a tree from a mounted file system, file contents included.
Tree read_tree(const Path& top);

}  // namespace lifeboat::fs_model
