/// Decides how a chunk's content is stored, and stores it: not at all (zeros, equal to the previous image's, known
/// elsewhere), as a delta against the previous image's plain chunk, or plain. The work behind ImageWriter's store_chunk
/// and update_chunk, which describe the contract.
///
/// Ownership: borrows everything. Threads: safe from any thread.
#pragma once

#include <optional>

#include "codec/hash.h"
#include "vault/chunk_reader.h"
#include "vault/dedup_index.h"
#include "vault/image_writer.h"
#include "vault/records.h"
#include "vault/reusable_packs.h"

namespace lifeboat::vault {

class ChunkStore {
 public:
  struct Parts {
    const codec::BlockPrf& prf;
    RecordWriter& writer;
    ChunkReader& reader;
    ReusablePacks& packs;
    DedupIndex* index;  ///< may be null
    int compression_level;
  };
  explicit ChunkStore(const Parts& parts) : parts_(parts) {}

  ChunkRef store(ByteView content, const ChunkRef& previous);
  ChunkRef update(BlockMask dirty, const ChunkSource& source, const ChunkRef& previous);

 private:
  struct Update;
  std::optional<ChunkRef> find_elsewhere(const Digest& digest);
  ChunkRef store_plain(ByteView content, const Digest& digest);
  /// Empty if a delta would not be much smaller than plain, or its base cannot be read.
  std::optional<ChunkRef> store_delta(ByteView content, const Digest& digest, const ChunkRef& previous);
  std::optional<ChunkRef> add_delta(BlockMask mask, ByteView content, ByteView base_content, const RecordRef& base,
                                    const Digest& digest);
  ChunkRef update_hole(BlockMask dirty, const ChunkSource& source);

  Parts parts_;
};

}  // namespace lifeboat::vault
