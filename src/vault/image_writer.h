/// Makes a new image: chunks go into packs as they come, then tree nodes, and last the image object, so that an image
/// exists completely or not at all. A writer killed anywhere leaves only garbage that `prune` removes.
///
/// Ownership: borrows vault and parent. Threads: store_chunk, update_chunk and ChunkMapEditors of different files may
/// be used from several threads at once; the entry calls and publish from one thread.
/// Durability: when publish() returns, the image and all it refers to survive power loss of the store.
/// Registers a session (vault/session.h) until it has published, so that prune spares what it builds on.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "vault/image.h"
#include "vault/image_reader.h"
#include "vault/types.h"

namespace lifeboat::vault {

/// The blocks a delta is computed from. Called with block numbers inside one chunk; the views need to live until the
/// next call of the same function.
struct ChunkSource {
  std::function<ByteView(std::uint32_t block)> current;  ///< content now, kBlockBytes
  std::function<ByteView(std::uint32_t block)>
      previous;  ///< content in the previous image; empty function: not at hand
};

struct WriterOptions {
  int compression_level = 1;
  bool use_dedup_index = true;  ///< the bounded local index of content stored elsewhere
  std::size_t pack_bytes = std::size_t{32} << 20U;
};

class ImageWriter {
 public:
  /// `parent` may be null. Content equal to the parent's at the same place is stored once.
  ImageWriter(Vault& vault, ImageReader* parent, WriterOptions options = {});
  ~ImageWriter();
  ImageWriter(const ImageWriter&) = delete;
  ImageWriter& operator=(const ImageWriter&) = delete;

  /// Stores a whole chunk's content (kChunkBytes, zero padded) unless it is zeros, equal to `previous` (the chunk at
  /// the same place in the parent), or found in the index. Stored as a delta where that is much smaller than plain.
  ChunkRef store_chunk(ByteView content, const ChunkRef& previous);

  /// As store_chunk where only the blocks in `dirty` may differ from `previous`: reads those blocks, and more only as
  /// needed. Costs what changed.
  ChunkRef update_chunk(BlockMask dirty, const ChunkSource& source, const ChunkRef& previous);

  /// Adds or replaces an entry. Entries not touched stay as in the parent if `publish` is told to inherit.
  void put_entry(FileEntry entry);
  void remove_entry(std::string_view path);

  /// `info.name`, `new_bytes`, `bytes`, `files` and `parent` are filled in here. With `inherit`, the parent's entries
  /// that were not replaced or removed are kept; without, only the entries put exist.
  ImageInfo publish(ImageInfo info, bool inherit);

  std::uint64_t bytes_stored() const;  ///< sealed bytes added so far

 private:
  friend class ChunkMapEditor;
  struct State;
  std::unique_ptr<State> state_;
};

/// Builds a file's chunk map from a previous one (or none), rewriting only the nodes that change.
/// Goes from left to right: set() and clear() take ascending indexes, each at most once. Memory: one node per level.
class ChunkMapEditor {
 public:
  /// `previous` belongs to the writer's parent image (or is empty).
  ChunkMapEditor(ImageWriter& writer, ChunkMap previous, std::uint64_t previous_chunks);
  ~ChunkMapEditor();
  /// The chunk at the same place before (a hole if none).
  ChunkRef previous(std::uint64_t index);
  void set(std::uint64_t index, const ChunkRef& ref);
  /// As setting every chunk from `first` up to and not including `last` to a hole; costs what was there.
  void clear(std::uint64_t first, std::uint64_t last);
  /// Everything set, and of the previous map the rest; nothing at or beyond `chunks`, where nothing may have been set.
  ChunkMap finish(std::uint64_t chunks);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lifeboat::vault
