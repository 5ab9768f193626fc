/// MySQL's Transaction_payload event: the events of one transaction, without its Gtid event, as one zstd frame.
/// Body: fields of (kind packed, size packed, value): 1 size of the payload, 2 compression (0 zstd, 255 none), 3 its
/// size uncompressed; 0 ends them; then the payload. The events in it have no CRC.
#pragma once

#include <memory>

#include "binlog/event.h"
#include "codec/decompress_stream.h"

namespace lifeboat::binlog {

/// Hands out the inner events one by one; memory is that of the largest of them.
class PayloadReader {
 public:
  /// Borrows `event`. `max_size` bounds the sum of the inner events. kCorruption; kUnsupported for another compression.
  PayloadReader(const Event& event, std::size_t max_size);

  /// The next event; valid until the next call. False at the payload's end. kOutOfSpace past the bound.
  bool next(Event& event);

 private:
  std::size_t read(ByteSpan out);
  void read_all(ByteSpan out);

  ByteView plain_;  ///< what is left of an uncompressed payload
  std::unique_ptr<codec::DecompressStream> stream_;
  std::size_t left_;
  Bytes buffer_;
};

}  // namespace lifeboat::binlog
