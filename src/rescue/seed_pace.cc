#include "rescue/seed_pace.h"

#include <algorithm>
#include <thread>

#include "base/error.h"
#include "base/log.h"

namespace lifeboat::rescue {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookEvery{250};
constexpr std::chrono::seconds kAskAgainAfter{5};
/// After the last work that was seen: what comes in bursts is not to meet a copy at full speed at each one's start.
constexpr std::chrono::seconds kStaysBusy{3};
/// Somebody who looks at a server's status, or a heartbeat, is no work; mariadb-backup itself asks ten times a second.
constexpr std::uint64_t kQuestionsPerSecond = 50;
constexpr std::uint64_t kRowsPerSecond = 20;
/// A terabyte takes 28 hours. mariadb-backup reads ten megabytes at a time, which the source's disk serves nobody else
/// for: beside a load of a third of what two cores and one disk can do, four such reads a second make its 95th
/// percentile more than twice what it is alone (bench/seed), and a copy at full speed a hundred times that.
constexpr std::uint64_t kGentleBytesPerSecond = 10'000'000;
/// Two turns of mariadb-backup's.
constexpr std::int64_t kBehindMax = 20 << 20;
/// Less redo log than half of what is read may come in bursts of so much.
constexpr std::int64_t kAheadMax = 32 << 20;
/// At its beginning every source is taken to be at work.
constexpr std::chrono::seconds kSaidAfter{2};
/// A pause of the tool gives no right to more than this at once.
constexpr milliseconds kBurst{5};

bool is_more(std::uint64_t before, std::uint64_t after, std::uint64_t per_second, std::chrono::nanoseconds between) {
  // Fewer than before: it was restarted, or somebody flushed its status.
  const std::uint64_t count = after >= before ? after - before : after;
  return static_cast<double>(count) > static_cast<double>(per_second) * std::chrono::duration<double>(between).count();
}

}  // namespace

bool is_work(const SourceCounters& before, const SourceCounters& after, std::chrono::nanoseconds between) {
  return is_more(before.questions, after.questions, kQuestionsPerSecond, between) ||
         is_more(before.rows_changed, after.rows_changed, kRowsPerSecond, between);
}

bool SourceWork::working() {
  const Clock::time_point now = Clock::now();
  if (now >= next_look_) {
    next_look_ = now + kLookEvery;
    try {
      look(now);
    } catch (const Exception& e) {
      log::debug("whether the source has other work: {}", e.error().text());
      connection_.reset();
      last_.reset();
      busy_until_ = Clock::time_point::max();
      next_look_ = Clock::now() + kAskAgainAfter;
    }
  }
  return now < busy_until_;
}

void SourceWork::look(Clock::time_point now) {
  const SourceCounters counters = ask();
  const bool worked = last_ && is_work(*last_, counters, now - looked_);
  if (worked && worked_before_) {
    busy_until_ = now + kStaysBusy;
  } else if (last_ && !worked && busy_until_ == Clock::time_point::max()) {
    busy_until_ = now;
  }
  worked_before_ = worked;
  last_ = counters;
  looked_ = now;
}

SourceCounters SourceWork::ask() {
  if (!connection_) connection_.emplace(login_, cancel_);
  SourceCounters counters;
  for (const relay::TextRow& row : connection_
                                       ->query("SHOW GLOBAL STATUS WHERE Variable_name IN "
                                               "('Questions', 'Handler_write', 'Handler_update', 'Handler_delete')")
                                       .rows) {
    if (row.size() != 2 || !row[0] || !row[1]) continue;
    (*row[0] == "Questions" ? counters.questions : counters.rows_changed) += relay::told_number(*row[1]);
  }
  return counters;
}

std::uint64_t SeedPace::rate() {
  if (fixed_) return *fixed_;
  return work_.working() ? kGentleBytesPerSecond : 0;
}

void SeedPace::pass_redo(std::uint64_t bytes) {
  behind_ = std::min(behind_ + 2 * static_cast<std::int64_t>(bytes), kBehindMax);
}

bool SeedPace::behind_redo(std::uint64_t bytes) {
  const bool behind = behind_ > 0;
  behind_ = std::max(behind_ - static_cast<std::int64_t>(bytes), -kAheadMax);
  return behind;
}

void SeedPace::pass(std::uint64_t bytes) {
  if (bytes == 0) return;
  const bool behind = behind_redo(bytes);
  const std::uint64_t bytes_per_second = rate();
  if (bytes_per_second == 0 || (behind && !fixed_)) return;
  const auto now = std::chrono::steady_clock::now();
  due_ = std::max(due_, now - kBurst) + std::chrono::nanoseconds(bytes * 1'000'000'000 / bytes_per_second);
  if (due_ <= now) return;
  std::this_thread::sleep_until(due_);
  waited_ += due_ - now;
  if (fixed_ || said_ || waited_ < kSaidAfter) return;
  said_ = true;
  log::info("the source has other work: {} MB/s are read while it has; --throttle none would not wait for it",
            kGentleBytesPerSecond / 1'000'000);
}

}  // namespace lifeboat::rescue
