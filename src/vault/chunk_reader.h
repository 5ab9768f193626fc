/// Reads the content of chunks, one by one or many at once. What ImageReader and ImageWriter read chunks with.
///
/// Ownership: borrows the records. Threads: safe from any thread. Errors: kCorruption naming the record, kNotFound (its
/// pack is gone), and the store's. Memory: a buffer of up to kRangeBytesMax for each running fetch.
#pragma once

#include <chrono>
#include <functional>
#include <span>

#include "vault/image_reader.h"
#include "vault/records.h"

namespace lifeboat::vault {

class ChunkReader {
 public:
  ChunkReader(RecordReader& records, std::chrono::milliseconds store_latency)
      : records_(records), latency_(store_latency) {}

  /// Fills `out` (kChunkBytes); see ImageReader::read_chunk.
  void read(const ChunkRef& ref, ByteSpan out);
  /// As read, of the plain chunk in `record`.
  void read_plain(const RecordRef& record, ByteSpan out);
  /// Which blocks of its base the delta in `record` replaces.
  BlockMask read_delta_mask(const RecordRef& record);
  /// See ImageReader::read_chunks.
  void read_many(std::span<const ChunkRequest> wanted, int threads,
                 const std::function<void(const ChunkRequest&, ByteView content)>& deliver);

 private:
  RecordReader& records_;
  std::chrono::milliseconds latency_;
};

}  // namespace lifeboat::vault
