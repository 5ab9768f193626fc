/// Reads one image: its tree of files and their chunks. Opening costs one or two gets whatever the size; nodes are
/// fetched as needed and kept in a bounded cache.
///
/// Ownership: borrows the vault. Threads: safe from any thread. Memory: bounded by ReaderOptions::node_cache_bytes
/// plus one buffer per running call.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "vault/image.h"
#include "vault/types.h"

namespace lifeboat::vault {

struct DirectoryNode;
class NodeReader;

struct ReaderOptions {
  std::size_t node_cache_bytes = std::size_t{32} << 20U;
};

/// One chunk wanted by read_chunks; not a hole.
struct ChunkRequest {
  ChunkRef ref;
  std::uint64_t tag = 0;  ///< the caller's own
};

class ImageReader {
 public:
  ImageReader(Vault& vault, const ImageName& name, ReaderOptions options = {});
  ~ImageReader();
  ImageReader(const ImageReader&) = delete;
  ImageReader& operator=(const ImageReader&) = delete;

  const ImageInfo& info() const;

  std::optional<FileEntry> find(std::string_view path);
  /// Every entry in bytewise order of path, a directory before what is in it.
  void for_each_entry(const std::function<void(const FileEntry&)>& each);

  /// Where chunk `index` of the file lies (a hole if beyond its chunks).
  ChunkRef chunk(const FileEntry& file, std::uint64_t index);
  /// All chunks that are not holes from `first` up to and not including `last`, in order; reads each node once.
  void for_each_chunk(const FileEntry& file, std::uint64_t first, std::uint64_t last,
                      const std::function<void(std::uint64_t index, const ChunkRef&)>& each);

  /// Fills `out` (kChunkBytes) with the chunk's content, zeros after its end. kCorruption names the pack.
  void read_chunk(const ChunkRef& ref, ByteSpan out);
  /// Many chunks, in any order of delivery: neighbours in a pack are fetched in one ranged get (up to 4 MiB), on up to
  /// `threads` threads, or more where the store has latency. `deliver` is called from those threads with kChunkBytes of
  /// content. The first error stops and is thrown.
  void read_chunks(std::span<const ChunkRequest> wanted, int threads,
                   const std::function<void(const ChunkRequest&, ByteView content)>& deliver);

  /// The tree itself, for the rest of this part: the root node of entries, and the cache that all nodes come through.
  const DirectoryNode& root() const;
  NodeReader& nodes();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lifeboat::vault
