/// The index of one kept log file on disk. It can be made again from the log at any time, so it is never synced: what
/// is torn, damaged or of another file is cut off and written anew. Layout: docs/internals/log-index.md.
///
/// Threads: one at a time. Errors: errno's; damage is none. Memory: a few blocks.
#pragma once

#include <functional>

#include "base/file.h"
#include "relay/index_block.h"

namespace lifeboat::relay {

/// Where the index of a log file lies.
Path index_path(const Path& log_file);

/// Calls `on_entry` for every entry of an index that is of `owner`, in order, while it returns true; returns where the
/// last good block ends in the index file, 0 if there is no index of it.
std::uint64_t read_index(const Path& index, const IndexOwner& owner,
                         const std::function<bool(const IndexEntry&)>& on_entry);

class IndexFileWriter {
 public:
  /// Takes up what there is, as far as it is good and within the log's first `limit` bytes.
  IndexFileWriter(const Path& index, const IndexOwner& owner, std::uint64_t limit);

  /// Groups up to there are indexed.
  std::uint64_t end() const { return end_; }
  /// In order; what lies before `end` is passed over.
  void add(const IndexEntry& entry);
  /// What was added goes to the file; survives the death of this process.
  void flush();

 private:
  Path path_;
  UniqueFd file_;
  std::uint64_t written_ = 0;  ///< size of the index file
  std::uint64_t end_ = 0;
  IndexBlockBuilder builder_;
};

}  // namespace lifeboat::relay
