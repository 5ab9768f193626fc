#include "vault/tree_builder.h"

#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "codec/compress.h"
#include "vault/image_object.h"
#include "vault/node_reader.h"

namespace lifeboat::vault {

namespace {

/// More pending entries than fit the root node, so that a small tree stays one node.
constexpr std::size_t kPendingMax = 4 * kDirectoryNodeEntries;
constexpr std::size_t kLeafEntriesMin = kDirectoryNodeEntries / 4;
/// Nodes are a few KiB to tens of KiB of mostly random bytes (digests); more effort buys nothing.
constexpr int kNodeCompressionLevel = 1;

DirectoryChild write_inner(RecordWriter& writer, std::uint8_t level, std::vector<DirectoryChild> children) {
  DirectoryNode node;
  node.level = level;
  node.children = std::move(children);
  const RecordRef record = add_node(writer, encode_directory_node(node));
  return {node.children.front().first_path, record};
}

}  // namespace

RecordRef add_node(RecordWriter& writer, ByteView payload) {
  LIFEBOAT_CHECK(payload.size() <= kNodeBytesMax);
  const Bytes compressed = codec::compress(payload, kNodeCompressionLevel);
  const bool smaller = compressed.size() < payload.size();
  return writer.add(RecordKind::kNode, smaller ? PayloadCodec::kZstd : PayloadCodec::kNone,
                    {smaller ? ByteView(compressed) : payload});
}

void TreeBuilder::add(FileEntry entry) {
  pending_.push_back(std::move(entry));
  if (pending_.size() <= kPendingMax) return;
  write_leaf(0, kDirectoryNodeEntries);
  pending_.erase(pending_.begin(), pending_.begin() + kDirectoryNodeEntries);
}

void TreeBuilder::add_leaf(const DirectoryChild& leaf) {
  write_leaves();
  leaves_.push_back(leaf);
}

bool TreeBuilder::wants_more() const {
  return !pending_.empty() && pending_.size() < kLeafEntriesMin;
}

/// All pending entries, in leaves of equal size.
void TreeBuilder::write_leaves() {
  const std::size_t leaves = (pending_.size() + kDirectoryNodeEntries - 1) / kDirectoryNodeEntries;
  for (std::size_t i = 0; i < leaves; ++i) {
    const std::size_t first = pending_.size() * i / leaves;
    write_leaf(first, pending_.size() * (i + 1) / leaves - first);
  }
  pending_.clear();
}

void TreeBuilder::write_leaf(std::size_t first, std::size_t count) {
  DirectoryNode node;
  const auto from = pending_.begin() + static_cast<std::ptrdiff_t>(first);
  node.entries.assign(from, from + static_cast<std::ptrdiff_t>(count));
  const Bytes payload = encode_directory_node(node);
  if (payload.size() > kNodeBytesMax / 4 && count > 1) {  // very long paths
    write_leaf(first, count / 2);
    write_leaf(first + count / 2, count - count / 2);
    return;
  }
  leaves_.push_back({node.entries.front().path, add_node(writer_, payload)});
}

DirectoryNode TreeBuilder::finish() {
  DirectoryNode root;
  if (leaves_.empty()) {
    root.entries = std::move(pending_);
    if (encode_directory_node(root).size() <= kRootNodeBytesMax) return root;
    pending_ = std::move(root.entries);
  }
  write_leaves();
  root = {.level = 1, .entries = {}, .children = std::move(leaves_)};
  while (encode_directory_node(root).size() > kRootNodeBytesMax) {
    std::vector<DirectoryChild> parents;
    for (std::size_t i = 0; i < root.children.size(); i += kDirectoryNodeEntries) {
      const auto from = root.children.begin() + static_cast<std::ptrdiff_t>(i);
      const auto count = std::min(kDirectoryNodeEntries, root.children.size() - i);
      parents.push_back(write_inner(writer_, root.level, {from, from + static_cast<std::ptrdiff_t>(count)}));
    }
    root = {.level = static_cast<std::uint8_t>(root.level + 1), .entries = {}, .children = std::move(parents)};
  }
  return root;
}

}  // namespace lifeboat::vault
