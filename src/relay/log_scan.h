/// Reads kept log files from the disk and judges them as what comes from the wire is judged.
///
/// Threads: free functions from any thread. Memory: one buffer of 1 MiB. Errors: errno's; damage is a result, not an
/// error.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "relay/file_progress.h"

namespace lifeboat::relay {

struct LogScan {
  FileProgress progress;    ///< how far the file is good
  std::uint64_t size = 0;   ///< of the file
  bool is_log = true;       ///< it begins as a binary log does
  std::string why_stopped;  ///< what was found where the good part ends; empty: it is good to its end
};

/// Called after each whole event; false ends the scan.
using OnEvent = std::function<bool(const FileProgress& progress)>;

/// `before`: what the log contains before this file. `limit`: how much of it counts.
LogScan scan_log_file(const Path& path, const binlog::GtidState& before, const OnEvent& on_event = nullptr,
                      std::uint64_t limit = ~std::uint64_t{0});

/// The same from where `progress` is.
LogScan continue_scan(const Path& path, FileProgress progress, const OnEvent& on_event = nullptr,
                      std::uint64_t limit = ~std::uint64_t{0});

/// Reads a file that grows, event by event, and goes on where it stopped.
class LogFileScan {
 public:
  /// `before`: what the log contains before this file.
  LogFileScan(Path path, const binlog::GtidState& before);

  /// All whole events before `limit`, which lies in the file. `on_event` as above; stopping before the limit is fine.
  void advance(std::uint64_t limit, const OnEvent& on_event = nullptr);
  const FileProgress& progress() const { return progress_; }
  /// Why it can't go on: damage. Empty if it can.
  const std::string& damage() const { return damage_; }

 private:
  Path path_;
  FileProgress progress_;
  std::string damage_;
};

/// What a file's first events say. Nothing if it has not even a whole Format_description.
struct LogHead {
  FileIdentity identity;
  std::optional<std::vector<binlog::Gtid>> gtids;
};
std::optional<LogHead> read_log_head(const Path& path);

/// The log files of a directory by their number, oldest first: names like "mariadb-bin.000042".
std::vector<std::string> list_log_files(const Path& directory);
bool is_log_file_name(std::string_view name);
/// 42 of "mariadb-bin.000042". One incarnation has each number once.
std::uint64_t log_file_number(std::string_view name);

}  // namespace lifeboat::relay
