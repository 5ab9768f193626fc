/// How fast a seed reads its source. Where nobody has set a rate, it reads as fast as it can while the source has
/// nothing else to do, and slowly while it has: a copy at full speed costs the source's users a multiple of their
/// usual waiting time, whatever its priority, since it takes the disk and the processor's caches from them.
///
/// What else comes of a backup is not waited for: neither what is copied while the source's writes, DDL or commits are
/// held back, nor the redo log, which the source writes over. mariadb-backup writes table files and redo log to one
/// pipe in turns of ten megabytes, so its redo log waits behind a paced table file: where much of it comes, table files
/// go twice as fast as it.
///
/// Threads: one. Errors: none of the source's: one that does not answer is taken to be at work.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "net/cancel.h"
#include "relay/source_connection.h"

namespace lifeboat::rescue {

/// What a source has done since it started.
struct SourceCounters {
  std::uint64_t questions = 0;
  std::uint64_t rows_changed = 0;  ///< what a replica applies is in no question
};

/// Whether so much in such a time is work for somebody; our own questions are not.
bool is_work(const SourceCounters& before, const SourceCounters& after, std::chrono::nanoseconds between);

/// Whether a source is at work, asked a few times a second.
class SourceWork {
 public:
  /// Borrows the login.
  explicit SourceWork(const relay::SourceLogin& login) : login_(login) {}
  bool working();

 private:
  using Clock = std::chrono::steady_clock;
  void look(Clock::time_point now);
  SourceCounters ask();

  const relay::SourceLogin& login_;
  net::Cancel cancel_;
  std::optional<relay::SourceConnection> connection_;
  std::optional<SourceCounters> last_;
  bool worked_before_ = false;  ///< one look alone may have met what the tool asks as it starts
  Clock::time_point looked_;
  Clock::time_point next_look_;
  Clock::time_point busy_until_ = Clock::time_point::max();  ///< until it is known
};

class SeedPace {
 public:
  /// `bytes_per_second`: at most so much; 0: as fast as can be; empty: by the source's work. Borrows the login.
  SeedPace(std::optional<std::uint64_t> bytes_per_second, const relay::SourceLogin& login)
      : fixed_(bytes_per_second), work_(login) {}
  /// Waits as long as `bytes` of table files, or of a dump, take.
  void pass(std::uint64_t bytes);
  /// Does not wait; but where nobody has set a rate, what follows waits less.
  void pass_redo(std::uint64_t bytes);
  double waited_seconds() const { return std::chrono::duration<double>(waited_).count(); }

 private:
  std::uint64_t rate();
  bool behind_redo(std::uint64_t bytes);

  std::optional<std::uint64_t> fixed_;
  SourceWork work_;
  bool said_ = false;        ///< that it waits
  std::int64_t behind_ = 0;  ///< bytes of table files, to twice the redo log's
  std::chrono::steady_clock::time_point due_;
  std::chrono::nanoseconds waited_{0};
};

}  // namespace lifeboat::rescue
