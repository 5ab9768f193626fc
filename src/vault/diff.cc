#include "vault/diff.h"

#include <algorithm>
#include <set>
#include <vector>

#include "vault/chunk_tree.h"
#include "vault/node_reader.h"

namespace lifeboat::vault {

namespace {

void collect_leaves(ImageReader& image, const DirectoryNode& node, std::set<RecordRef>& leaves) {
  for (const DirectoryChild& child : node.children) {
    if (node.level == 1) {
      leaves.insert(child.record);
    } else {
      collect_leaves(image, *image.nodes().directory_node(child.record, static_cast<std::uint8_t>(node.level - 1)),
                     leaves);
    }
  }
}

/// Entries of leaves that are not in `skipped`.
void collect_entries(ImageReader& image, const DirectoryNode& node, const std::set<RecordRef>& skipped,
                     std::vector<FileEntry>& entries) {
  entries.insert(entries.end(), node.entries.begin(), node.entries.end());
  for (const DirectoryChild& child : node.children) {
    if (node.level == 1 && skipped.contains(child.record)) continue;
    collect_entries(image, *image.nodes().directory_node(child.record, static_cast<std::uint8_t>(node.level - 1)),
                    skipped, entries);
  }
}

bool equal_content(const ChunkRef& a, const ChunkRef& b) {
  return a.digest == b.digest;
}

/// Counts the chunks in which two files' maps differ.
class ChunkDiff {
 public:
  ChunkDiff(ImageReader& before, ImageReader& after) : before_(before.nodes()), after_(after.nodes()) {}

  std::uint64_t count(const FileEntry& a, const FileEntry& b) {
    if (a.chunks == b.chunks) return 0;
    if (a.chunks.depth > 0 && a.chunks.depth == b.chunks.depth) {
      return count_below(a.chunks.root, b.chunks.root, a.chunks.depth);
    }
    return count_flat(a.chunks, b.chunks);
  }

 private:
  std::uint64_t count_below(const RecordRef& a, const RecordRef& b, std::uint8_t level) {
    if (a == b) return 0;
    const auto node_a = a.length != 0 ? before_.chunk_node(a, level) : nullptr;
    const auto node_b = b.length != 0 ? after_.chunk_node(b, level) : nullptr;
    std::uint64_t differing = 0;
    for (std::size_t slot = 0; slot < kFanout; ++slot) {
      if (level == 1) {
        const ChunkRef chunk_a = node_a ? node_a->chunks[slot] : ChunkRef{};
        const ChunkRef chunk_b = node_b ? node_b->chunks[slot] : ChunkRef{};
        differing += equal_content(chunk_a, chunk_b) ? 0 : 1;
      } else {
        differing += count_below(node_a ? node_a->children[slot] : RecordRef{},
                                 node_b ? node_b->children[slot] : RecordRef{}, static_cast<std::uint8_t>(level - 1));
      }
    }
    return differing;
  }

  /// For maps of different height: chunk by chunk.
  std::uint64_t count_flat(const ChunkMap& a, const ChunkMap& b) {
    std::uint64_t differing = 0;
    for_each_chunk(after_, b, 0, UINT64_MAX, [&](std::uint64_t index, const ChunkRef& ref) {
      differing += equal_content(find_chunk(before_, a, index), ref) ? 0 : 1;
    });
    for_each_chunk(before_, a, 0, UINT64_MAX, [&](std::uint64_t index, const ChunkRef&) {
      differing += find_chunk(after_, b, index).kind == ChunkKind::kHole ? 1 : 0;
    });
    return differing;
  }

  NodeReader& before_;
  NodeReader& after_;
};

bool equal_metadata(const FileEntry& a, const FileEntry& b) {
  return a.type == b.type && a.mode == b.mode && a.uid == b.uid && a.gid == b.gid && a.size == b.size &&
         a.link_target == b.link_target;
}

}  // namespace

void diff_images(ImageReader& before, ImageReader& after, const std::function<void(const DiffEntry&)>& each) {
  // A leaf that both trees share holds the same entries in both.
  std::set<RecordRef> leaves_before;
  std::set<RecordRef> leaves_after;
  collect_leaves(before, before.root(), leaves_before);
  collect_leaves(after, after.root(), leaves_after);
  std::set<RecordRef> shared;
  std::ranges::set_intersection(leaves_before, leaves_after, std::inserter(shared, shared.end()));
  std::vector<FileEntry> a;
  std::vector<FileEntry> b;
  collect_entries(before, before.root(), shared, a);
  collect_entries(after, after.root(), shared, b);

  ChunkDiff chunks(before, after);
  auto old_entry = a.begin();
  auto new_entry = b.begin();
  while (old_entry != a.end() || new_entry != b.end()) {
    if (new_entry == b.end() || (old_entry != a.end() && old_entry->path < new_entry->path)) {
      each({DiffKind::kRemoved, old_entry->path, old_entry->type, old_entry->size});
      ++old_entry;
    } else if (old_entry == a.end() || new_entry->path < old_entry->path) {
      each({DiffKind::kAdded, new_entry->path, new_entry->type, new_entry->size});
      ++new_entry;
    } else {
      const std::uint64_t differing = chunks.count(*old_entry, *new_entry);
      if (differing != 0 || !equal_metadata(*old_entry, *new_entry)) {
        each({DiffKind::kChanged, new_entry->path, new_entry->type, differing * kChunkBytes});
      }
      ++old_entry;
      ++new_entry;
    }
  }
}

}  // namespace lifeboat::vault
