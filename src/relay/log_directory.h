/// The kept log of one incarnation of a source: one directory with the source's files, byte-true, under their own
/// names. A new incarnation begins where the source's log does not continue what is kept: RESET MASTER, another server.
///
/// What it tells is durable and ends between two groups. While a relay writes, its LogWriter publishes here; anyone
/// else sees the state at the time of opening.
///
/// Threads: safe from any. Errors: errno's; kCorruption if the newest file is no log.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include "relay/file_progress.h"
#include "relay/log_scan.h"
#include "relay/served_log.h"

namespace lifeboat::relay {

struct LogPosition {
  std::string file;
  std::uint64_t position = 4;
  friend bool operator==(const LogPosition&, const LogPosition&) = default;
};

class LogDirectory : public ServedLog {
 public:
  /// Reads every file's head and its last event, and of the newest file what its index does not cover.
  explicit LogDirectory(Path path);

  const Path& path() const { return path_; }
  Path file_path(const std::string& name) const { return path_ / name; }
  /// Nothing if no file is kept.
  std::optional<LogPosition> end() const;
  std::uint64_t bytes() const;
  std::optional<Source> source() const override;
  std::vector<File> files() const override;
  End end_of(const std::string& name) const override;
  binlog::GtidState state() const override;
  std::optional<std::string> gtid_position_at(const std::string& name, std::uint64_t position) const override;
  void wait_beyond(const std::string& name, std::uint64_t position, std::chrono::milliseconds patience) override;
  std::shared_ptr<const Held> hold(const std::string& name) override;

  /// For the one writer, once: how far the newest file was good when it was read. Nothing if there was none.
  std::optional<LogScan> take_newest() { return std::exchange(newest_, std::nullopt); }
  /// For the one writer. A new newest file, empty but for its magic.
  void add_file(const std::string& name);
  /// For who keeps the disk from filling. Removes the oldest file, which is not the newest, too; returns its size. 0,
  /// and nothing is removed, if `name` is another file or somebody holds it.
  std::uint64_t remove_oldest(const std::string& name);
  /// The newest file is durable up to the boundary.
  void publish(const FileProgress::Boundary& boundary, const std::optional<FileIdentity>& identity,
               const std::optional<std::vector<binlog::Gtid>>& head);

 private:
  struct Kept {
    File file;
    std::uint64_t end = 0;
    std::optional<FileIdentity> identity;
    std::shared_ptr<const Held> users = std::make_shared<const Held>(file.path);  ///< shared by who holds the file
  };
  const Kept* find(const std::string& name) const;
  static bool listed(const Kept& kept);
  bool has_successor(const Kept* kept) const;

  Path path_;
  std::optional<LogScan> newest_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable grown_;
  std::vector<Kept> files_;
  binlog::GtidState state_;
};

}  // namespace lifeboat::relay
