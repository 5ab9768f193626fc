/// The index of a kept log file as bytes: one entry a group, in blocks that each stand alone and are checked by a CRC.
/// Layout: docs/internals/log-index.md. Pure functions of bytes; decoders take bytes of any origin.
/// Errors: kCorruption.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "binlog/danger.h"
#include "binlog/gtid.h"
#include "binlog/mysql_gtid.h"

namespace lifeboat::relay {

struct IndexEntry {
  std::uint64_t begin = 0;  ///< the group's bytes in its file
  std::uint64_t end = 0;
  std::uint32_t time = 0;  ///< of its first event, by the source's clock
  std::optional<binlog::Gtid> gtid;
  std::optional<binlog::MysqlGtid> mysql_gtid;
  binlog::Severity severity = binlog::Severity::kOrdinary;
  binlog::DangerClass danger = binlog::DangerClass::kOrdinary;  ///< the worst; unless kOrdinary
  std::uint64_t rows = 0;                                       ///< that it changes, as far as the log tells

  bool dangerous() const { return severity != binlog::Severity::kOrdinary; }
  /// "0-1-42", or MySQL's; empty: anonymous.
  std::string gtid_text() const;
  bool operator==(const IndexEntry&) const = default;
};

inline constexpr std::size_t kIndexBlockBytesMax = 4096;
inline constexpr std::size_t kIndexHeadBytes = 16;

/// Which log file an index is of: a file of the same name made at another time is another file.
struct IndexOwner {
  std::uint32_t made_at = 0;
  std::uint32_t server_id = 0;
  bool operator==(const IndexOwner&) const = default;
};
Bytes encode_index_head(const IndexOwner& owner);
/// Nothing if the bytes are no head of this version.
std::optional<IndexOwner> decode_index_head(ByteView bytes);

/// Collects entries and makes a block of them.
class IndexBlockBuilder {
 public:
  /// True if the block has grown to its size, and is to be taken.
  bool add(const IndexEntry& entry);
  bool empty() const { return !last_; }
  /// The block as it goes to the file; then the builder begins a new one.
  Bytes take();

 private:
  Encoder out_;
  std::optional<IndexEntry> last_;
};

/// One block at the beginning of `bytes`: appends its entries and returns its size; 0 if there is no whole one, as
/// where a writer was killed.
std::size_t decode_index_block(ByteView bytes, std::vector<IndexEntry>& entries);

}  // namespace lifeboat::relay
