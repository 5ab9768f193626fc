/// The groups of one kept log file in order, each as its index entry and with what it destroys.
///
/// Threads: one at a time. Errors: kCorruption naming file and position; errno's. Memory: one buffer of 1 MiB, and an
/// event up to kWholeEventMax: larger ones are not looked into, and count as unknown unless they only add rows.
#pragma once

#include <optional>

#include "binlog/group_danger.h"
#include "binlog/group_reader.h"
#include "relay/event_file_reader.h"
#include "relay/index_block.h"

namespace lifeboat::relay {

struct LogGroup {
  IndexEntry entry;
  binlog::GroupDanger danger;
};

class GroupStream {
 public:
  static constexpr std::size_t kWholeEventMax = std::size_t{16} << 20U;

  explicit GroupStream(const Path& path);

  /// The next group that ends at or before `bound`, where one does; nothing if there is none yet.
  std::optional<LogGroup> next(std::uint64_t bound);
  /// Goes on there, where a group begins; 4 is the file's beginning. What earlier statements told is forgotten.
  void seek(std::uint64_t position, std::uint64_t bound);
  /// Where something lies behind `position`, goes on from the file's beginning: what its first statements tell matters
  /// to the later ones. Else false.
  bool read_again_if_beyond(std::uint64_t position, std::uint64_t bound);

 private:
  /// Whether a group ends with it.
  bool take(const EventFileReader::Item& item);
  ByteView whole(const EventFileReader::Item& item);
  LogGroup finish(std::uint64_t end);

  EventFileReader reader_;
  Bytes assembled_;
  binlog::Checksum checksum_ = binlog::Checksum::kNone;
  binlog::GroupReader groups_;
  binlog::GroupClassifier classifier_;
  std::uint64_t begin_ = 4;
  bool too_large_ = false;  ///< an event of the open group was not looked into
};

}  // namespace lifeboat::relay
