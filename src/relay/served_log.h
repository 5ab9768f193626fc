/// What a dump needs to know of a log that is kept and maybe still growing. Everything it tells is durable and ends
/// between two groups: what it calls readable may be served.
///
/// Threads: safe from any. Errors: Exception, and where it says so SqlFailure (sql_error.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "binlog/event.h"
#include "binlog/gtid.h"

namespace lifeboat::relay {

class ServedLog {
 public:
  struct File {
    std::string name;  ///< as the source named it
    Path path;
    std::optional<std::vector<binlog::Gtid>> head;  ///< the Gtid_list that it begins with, if it has one
    bool here = true;                               ///< on the disk; else it comes, and has a path, when it is held
  };
  struct End {
    std::uint64_t readable = 0;  ///< in this file
    bool closed = false;         ///< it will not grow: there is a next file
    bool coming = false;         ///< it was written long ago, and more of it is being brought
  };
  struct Held {
    Path path;
  };

  /// Of the server that wrote the log, as its last file tells.
  struct Source {
    std::string version;  ///< "10.11.6-MariaDB-log"
    std::uint32_t server_id = 0;
    binlog::Checksum checksum = binlog::Checksum::kNone;
  };

  virtual ~ServedLog() = default;
  /// Nothing until the source was reached for the first time.
  virtual std::optional<Source> source() const = 0;
  /// On the disk, oldest first.
  virtual std::vector<File> files() const = 0;
  /// Also what is to be had from elsewhere, without a hole. Throws SqlFailure if that cannot be told within a while.
  virtual std::vector<File> all_files() { return files(); }
  /// Of one of `files`, or one that is held.
  virtual End end_of(const std::string& name) const = 0;
  /// Everything that is kept.
  virtual binlog::GtidState state() const = 0;
  /// What a replica that has read up to there in that file has, as gtid_slave_pos; nothing if there is no such place.
  virtual std::optional<std::string> gtid_position_at(const std::string& name, std::uint64_t position) const = 0;
  /// While it lives, the file is not removed. Nothing if there is no such file.
  virtual std::shared_ptr<const Held> hold(const std::string& name) = 0;
  /// Returns when there is more after `position` in that file, or a next file, or `patience` has passed. Throws
  /// SqlFailure if what is coming does not come.
  virtual void wait_beyond(const std::string& name, std::uint64_t position, std::chrono::milliseconds patience) = 0;
};

}  // namespace lifeboat::relay
