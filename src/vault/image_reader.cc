#include "vault/image_reader.h"

#include <algorithm>

#include "vault/chunk_reader.h"
#include "vault/chunk_tree.h"
#include "vault/image_object.h"
#include "vault/node_reader.h"

namespace lifeboat::vault {

struct ImageReader::State {
  State(Vault& vault, const ImageName& name, const ReaderOptions& options)
      : image(load_image(vault, name)),
        nodes(vault, options.node_cache_bytes),
        chunks(nodes.records(), vault.store().latency()) {}

  /// The child of an inner node that would hold the path; none if the path comes before all.
  static const DirectoryChild* child_of(const DirectoryNode& node, std::string_view path) {
    const auto after = std::ranges::upper_bound(node.children, path, {}, &DirectoryChild::first_path);
    return after == node.children.begin() ? nullptr : &*std::prev(after);
  }

  std::optional<FileEntry> find(const DirectoryNode& node, std::string_view path) {
    if (node.level > 0) {
      const DirectoryChild* child = child_of(node, path);
      if (child == nullptr) return std::nullopt;
      return find(*nodes.directory_node(child->record, static_cast<std::uint8_t>(node.level - 1)), path);
    }
    const auto at = std::ranges::lower_bound(node.entries, path, {}, &FileEntry::path);
    if (at == node.entries.end() || at->path != path) return std::nullopt;
    return *at;
  }

  void for_each(const DirectoryNode& node, const std::function<void(const FileEntry&)>& each) {
    for (const FileEntry& entry : node.entries) each(entry);
    if (node.level == 1) prefetch(node);
    for (const DirectoryChild& child : node.children) {
      for_each(*nodes.directory_node(child.record, static_cast<std::uint8_t>(node.level - 1)), each);
    }
  }

  void prefetch(const DirectoryNode& node) {
    std::vector<RecordRef> refs;
    for (const DirectoryChild& child : node.children) refs.push_back(child.record);
    nodes.prefetch(refs);
  }

  ImageObject image;
  NodeReader nodes;
  ChunkReader chunks;
};

ImageReader::ImageReader(Vault& vault, const ImageName& name, ReaderOptions options)
    : state_(std::make_unique<State>(vault, name, options)) {}
ImageReader::~ImageReader() = default;

const ImageInfo& ImageReader::info() const {
  return state_->image.info;
}
const DirectoryNode& ImageReader::root() const {
  return state_->image.root;
}
NodeReader& ImageReader::nodes() {
  return state_->nodes;
}

std::optional<FileEntry> ImageReader::find(std::string_view path) {
  return state_->find(state_->image.root, path);
}

void ImageReader::for_each_entry(const std::function<void(const FileEntry&)>& each) {
  state_->for_each(state_->image.root, each);
}

ChunkRef ImageReader::chunk(const FileEntry& file, std::uint64_t index) {
  return find_chunk(state_->nodes, file.chunks, index);
}

void ImageReader::for_each_chunk(const FileEntry& file, std::uint64_t first, std::uint64_t last,
                                 const std::function<void(std::uint64_t index, const ChunkRef&)>& each) {
  vault::for_each_chunk(state_->nodes, file.chunks, first, last, each);
}

void ImageReader::read_chunk(const ChunkRef& ref, ByteSpan out) {
  state_->chunks.read(ref, out);
}

void ImageReader::read_chunks(std::span<const ChunkRequest> wanted, int threads,
                              const std::function<void(const ChunkRequest&, ByteView content)>& deliver) {
  state_->chunks.read_many(wanted, threads, deliver);
}

}  // namespace lifeboat::vault
