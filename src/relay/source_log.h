/// Everything kept of one source: a directory with one LogDirectory for each incarnation, named by number ("000001").
/// The newest is the one being written. `incarnation.json` in each says why it began and after which transactions.
///
/// Threads: one at a time. Errors: errno's; kBusy if another process writes it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "relay/log_directory.h"

namespace lifeboat::relay {

class SourceLog {
 public:
  /// For the one that writes: takes the lock.
  explicit SourceLog(Path directory);

  const Path& directory() const { return directory_; }
  std::uint32_t server_id();
  /// The newest incarnation; the first is made if there is none.
  std::shared_ptr<LogDirectory> open_newest();
  std::shared_ptr<LogDirectory> begin(const std::string& why, const std::string& after_gtid);

 private:
  Path directory_;
  FileLock lock_;
};

/// Incarnations of the source kept in `directory`, oldest first.
std::vector<Path> list_incarnations(const Path& directory);

}  // namespace lifeboat::relay
