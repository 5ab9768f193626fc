/// Finds groups in a kept log by GTID, time or danger: from the index as far as it goes, and from the log itself where
/// it does not, so that answers never depend on the index being there.
///
/// Ownership: borrows the log. Threads: one at a time. Errors: errno's; kCorruption for a log that is damaged where it
/// is not indexed. Memory: constant; entries are handed out one by one.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "relay/group_stream.h"
#include "relay/index_file.h"
#include "relay/log_directory.h"

namespace lifeboat::relay {

/// Which log file this is; nothing if it has no whole Format_description.
std::optional<IndexOwner> index_owner(const Path& log_file);

class LogIndex {
 public:
  explicit LogIndex(const LogDirectory& log) : log_(log) {}

  struct Found {
    ServedLog::File file;
    IndexEntry entry;
  };
  using OnEntry = std::function<bool(const IndexEntry&)>;

  /// Every group of one file, in order, until `on_entry` says false.
  void visit(const ServedLog::File& file, const OnEntry& on_entry) const;
  /// The group with this GTID ("0-1-42", or MySQL's). Files that their heads tell to hold it are searched first.
  std::optional<Found> find(const std::string& gtid) const;
  /// The first group whose time is at or after this (seconds, the source's clock). Times may go back a little in a log;
  /// what is found is the first in the log's order.
  std::optional<Found> find_time(std::uint32_t time) const;
  /// A group with what it destroys, read from the log.
  static LogGroup load(const Found& found);

 private:
  const LogDirectory& log_;
};

}  // namespace lifeboat::relay
