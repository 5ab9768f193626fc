/// Reads a kept log in order and finds the groups that the guard has a say in, each whole, before anything of it is
/// served. What statements told of temporary tables and columns, and how many rows went lately, is carried from group
/// to group and from file to file.
///
/// Threads: one at a time. Errors: kCorruption, errno's; then the walk is over. Memory: GroupClassifier's; events of up
/// to kInMemoryMax are held whole, larger ones are mapped.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "binlog/group_danger.h"
#include "binlog/group_reader.h"
#include "relay/event_file_reader.h"
#include "relay/guard_rules.h"

namespace lifeboat::relay {

/// A group, and where it lies in its file.
struct FoundGroup {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  GroupFacts facts;
};

class GuardWalk {
 public:
  static constexpr std::uint64_t kInMemoryMax = std::uint64_t{16} << 20U;

  explicit GuardWalk(const GuardConfig& config);

  /// From the beginning of a file: the first, or the one that follows the file read so far.
  void open(const std::string& name, const Path& path);
  const std::string& file() const { return file_; }
  /// After the last event read; at most `wanted` of `step`.
  std::uint64_t position() const { return reader_ ? reader_->position() : 0; }

  using OnGroup = std::function<void(FoundGroup&& group)>;
  /// Reads events up to `bound`, which lies between two groups, while `go_on` says so. True if it reached it. Tells of
  /// every group that ended.
  bool step(std::uint64_t bound, const std::function<bool()>& go_on, const OnGroup& on_group);
  /// The file will not grow: a group that is open there will not end, and is told as it is.
  void end_file(const OnGroup& on_group);

 private:
  void read(const EventFileReader::Item& item, const OnGroup& on_group);
  void add(const binlog::Event& event, const EventFileReader::Item& item, const OnGroup& on_group);
  GroupFacts finish();
  void count_lately(GroupFacts& facts);

  MassRule mass_;
  std::vector<std::chrono::seconds> windows_;
  binlog::GroupClassifier classifier_;
  binlog::GroupReader groups_;
  RowWindow lately_;  ///< rows changed by transactions of mass_.window_from and more
  RowWindow all_;     ///< all rows changed, if rules ask
  std::string file_;
  Path path_;
  std::unique_ptr<EventFileReader> reader_;
  binlog::Checksum checksum_ = binlog::Checksum::kNone;
  std::uint64_t group_begin_ = 0;
  std::string group_gtid_;
};

}  // namespace lifeboat::relay
