/// Builds a tree of entries from its entries and whole unchanged leaves, both in ascending order of path.
///
/// Ownership: borrows the writer. Threads: one. Memory: the entries of a few leaves, and a name for every leaf.
#pragma once

#include <vector>

#include "vault/directory_nodes.h"
#include "vault/records.h"

namespace lifeboat::vault {

class TreeBuilder {
 public:
  explicit TreeBuilder(RecordWriter& writer) : writer_(writer) {}

  void add(FileEntry entry);
  /// A leaf that is stored already.
  void add_leaf(const DirectoryChild& leaf);
  /// Whether the entries added last are too few for a leaf of their own, so that the next leaf had better be merged.
  bool wants_more() const;
  /// Writes all nodes but the root, which is returned.
  DirectoryNode finish();

 private:
  void write_leaves();
  void write_leaf(std::size_t first, std::size_t count);

  RecordWriter& writer_;
  std::vector<FileEntry> pending_;
  std::vector<DirectoryChild> leaves_;
};

/// Compressed where that is smaller.
RecordRef add_node(RecordWriter& writer, ByteView payload);

}  // namespace lifeboat::vault
