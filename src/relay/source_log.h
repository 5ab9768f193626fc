/// Everything kept of one source: a directory with one LogDirectory for each incarnation, named by number ("000001").
/// The newest is the one being written. `incarnation.json` in each says why it began and after which transactions,
/// `stream-id` under which id its parts lie in the vault.
///
/// Threads: one at a time. Errors: errno's; kBusy if another process writes it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "relay/log_directory.h"
#include "vault/types.h"

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
  /// A directory that holds a source's files, of the same file system, becomes the newest incarnation, or nothing does.
  std::shared_ptr<LogDirectory> take(const Path& files, const std::string& why, const std::string& after_gtid);

 private:
  Path next_path() const;

  Path directory_;
  FileLock lock_;
};

/// From the upper half, where people choose none.
std::uint32_t random_server_id();

/// Incarnations of the source kept in `directory`, oldest first.
std::vector<Path> list_incarnations(const Path& directory);

/// What directories are called: "000001", and "db1.example-3306".
bool is_incarnation_name(std::string_view name);
bool is_source_name(std::string_view name);
/// Why an incarnation began, as JSON text; empty if nothing says so.
std::string incarnation_note(const Path& incarnation);
void write_incarnation_note(const Path& incarnation, std::string_view note);

/// Under which id this incarnation's parts lie in a vault: random, made and kept when first asked for. kCorruption if
/// what is kept is none.
vault::Id stream_id(const Path& incarnation);
void write_stream_id(const Path& incarnation, const vault::Id& id);

}  // namespace lifeboat::relay
