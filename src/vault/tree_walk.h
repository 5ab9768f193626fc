/// Walks the trees of many images, each shared subtree once: for what needs to know everything that images refer to
/// (prune, scrub, copy).
#pragma once

#include <cstdint>
#include <string>

#include "vault/flat_set.h"
#include "vault/image_object.h"
#include "vault/node_reader.h"
#include "vault/pack_numbers.h"
#include "vault/types.h"

namespace lifeboat::vault {

/// Where in an image a record lies.
struct TreePlace {
  ImageName image;
  std::string path;         ///< of the file; for a node of entries: its first path, perhaps empty
  bool is_file = true;      ///< false: a node of entries, so that everything from `path` on may be touched
  std::uint64_t first = 0;  ///< chunk numbers
  std::uint64_t last = 0;   ///< one past
};

/// What is met on the way. A call returns true if the place is to be met again in the next image that shares it (it
/// found something to say); false lets the walk skip it there.
class TreeVisitor {
 public:
  virtual ~TreeVisitor() = default;
  /// A tree node, before it is read.
  virtual bool node(const TreePlace& place, const RecordRef& ref) = 0;
  /// A chunk that is not a hole.
  virtual bool chunk(const TreePlace& place, const ChunkRef& ref) = 0;
  /// A node that can't be read or decoded; what is below it is left out. The default throws on.
  virtual bool unreadable(const TreePlace& place, const RecordRef& ref, const Exception& error);
};

/// Ownership: borrows the vault. Threads: one at a time. Memory: 32 MiB for what was visited at most (then shared
/// subtrees are walked again), and a node cache.
class TreeWalk {
 public:
  static constexpr std::size_t kVisitedMax = std::size_t{2} << 20U;

  explicit TreeWalk(Vault& vault, std::size_t visited_max = kVisitedMax);

  /// Walks one image. kNotFound if there is none; kCorruption if its object is damaged.
  void image(const ImageName& name, TreeVisitor& visitor);

  std::uint64_t nodes_read() const { return nodes_read_; }
  std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  bool directory(const ImageName& image, const DirectoryNode& node, TreeVisitor& visitor);
  bool directory_child(const ImageName& image, const DirectoryChild& child, std::uint8_t level, TreeVisitor& visitor);
  bool file(const ImageName& image, const FileEntry& entry, TreeVisitor& visitor);
  bool chunk_node(TreePlace place, std::uint64_t end, const RecordRef& ref, std::uint8_t level, TreeVisitor& visitor);
  bool chunk_slots(const TreePlace& place, std::uint64_t end, const ChunkNode& node, TreeVisitor& visitor);

  bool visited(const RecordRef& ref) { return visited_.contains(numbers_.record(ref)); }
  void remember(const RecordRef& ref);
  void count(const RecordRef& ref);

  Vault& vault_;
  NodeReader nodes_;
  std::size_t visited_max_;
  PackNumbers numbers_;
  FlatSet visited_;
  std::uint64_t nodes_read_ = 0;
  std::uint64_t bytes_read_ = 0;
};

}  // namespace lifeboat::vault
