#include "rescue/drill_equal.h"

#include <algorithm>
#include <thread>

#include "base/cancel.h"
#include "base/error.h"
#include "base/random.h"

namespace lifeboat::rescue {
namespace {

/// After so long nothing more is begun in a snapshot; the last two statements may take 15 s each, and then comes a
/// pause.
constexpr double kSnapshotWorkSeconds = 25;
constexpr std::uint64_t kChunkRowsAtFirst = 10'000;
constexpr std::uint64_t kChunkRowsMin = 10;
constexpr std::uint64_t kChunkRowsMax = 2'000'000;
constexpr double kChunkSecondsWanted = 1;
constexpr double kPauseSecondsMax = 2;
constexpr std::uint64_t kDifferencesMax = 100;
constexpr std::uint16_t kStatementTimeout = 1969;

class Equality {
 public:
  explicit Equality(const EqualityMeans& means) : means_(means), source_(means.source.ask()) {}

  DrillCoverage run() {
    tables_ = list_compared_tables(source_, means_.left_out, coverage_.not_compared);
    sample();
    for (const ComparedTable& table : tables_) coverage_.compared.push_back({.name = table.name()});
    while (at_ < tables_.size()) take_snapshot();
    // What was given up in the middle is no table that was compared.
    std::erase_if(coverage_.compared, [&](const DrillCoverage::Table& table) {
      return std::ranges::find(coverage_.not_compared, table.name, &RescueNote::subject) !=
             coverage_.not_compared.end();
    });
    return std::move(coverage_);
  }

 private:
  struct Taken {
    std::size_t table;
    Chunk chunk;
    ChunkSum sum;
  };

  void sample() {
    if (means_.sample_percent >= 100 || tables_.empty()) return;
    std::mt19937_64 order(random_number());
    std::ranges::shuffle(tables_, order);
    const std::size_t percent = static_cast<std::size_t>(means_.sample_percent);
    const std::size_t chosen = std::max<std::size_t>(1, (tables_.size() * percent + 99) / 100);
    for (std::size_t i = chosen; i < tables_.size(); ++i) {
      coverage_.not_compared.push_back({.subject = tables_[i].name(), .said = "not in this drill's sample"});
    }
    tables_.resize(chosen);
  }

  void take_snapshot() {
    const relay::LogPosition place = means_.source.begin_snapshot();
    ++coverage_.snapshots;
    const Stopwatch age;
    std::vector<Taken> taken;
    while (at_ < tables_.size() && age.seconds() < kSnapshotWorkSeconds) {
      throw_if_cancelled();
      take_chunk(taken);
    }
    means_.source.end_snapshot();
    coverage_.longest_snapshot_seconds = std::max(coverage_.longest_snapshot_seconds, age.seconds());
    if (taken.empty()) return;
    means_.bring_to(place);
    for (const Taken& each : taken) compare(each);
  }

  /// The next one of the table at hand; or less of it, or the next table.
  void take_chunk(std::vector<Taken>& taken) {
    const ComparedTable& table = tables_[at_];
    const Stopwatch watch;
    try {
      const bool small = !must_cut_ && after_.empty() && table.rows < chunk_rows_ / 2;
      const Chunk chunk = small ? Chunk() : cut_chunk(source_, table, after_, chunk_rows_);
      taken.push_back({.table = at_, .chunk = chunk, .sum = sum_chunk(source_, table, chunk)});
      after_ = chunk.up_to;
      if (after_.empty()) {
        next_table();
      } else {
        adapt(watch.seconds());
      }
    } catch (const relay::ServerRefusal& e) {
      if (e.number() == kStatementTimeout && table.key && chunk_rows_ > kChunkRowsMin) {
        chunk_rows_ = std::max(kChunkRowsMin, chunk_rows_ / 8);
        must_cut_ = true;
      } else {
        give_up(e.number() == kStatementTimeout ? "a part of it takes too long on the source" : e.error().message);
      }
    }
    rest(watch.seconds());
  }

  void next_table() {
    ++at_;
    after_.clear();
    must_cut_ = false;
    chunk_rows_ = kChunkRowsAtFirst;
  }

  void give_up(std::string why) {
    coverage_.not_compared.push_back({.subject = tables_[at_].name(), .said = std::move(why)});
    next_table();
  }

  /// The next chunk as large as a second allows.
  void adapt(double seconds) {
    if (seconds < kChunkSecondsWanted / 2) chunk_rows_ = std::min(kChunkRowsMax, chunk_rows_ * 2);
    if (seconds > kChunkSecondsWanted * 2) chunk_rows_ = std::max(kChunkRowsMin, chunk_rows_ / 2);
  }

  /// The source has its time for others, after what was in vain as well.
  static void rest(double seconds) {
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(seconds, kPauseSecondsMax)));
  }

  void compare(const Taken& taken) {
    const ComparedTable& table = tables_[taken.table];
    DrillCoverage::Table& covered = coverage_.compared[taken.table];
    ++covered.chunks;
    covered.rows += taken.sum.rows;
    coverage_.rows += taken.sum.rows;
    const std::string what = difference(table, taken);
    if (what.empty() || differences_++ >= kDifferencesMax) return;
    means_.differs(format("table {}, chunk {}: {}", table.name(), describe_chunk(table, taken.chunk), what));
  }

  /// Empty: there is none.
  std::string difference(const ComparedTable& table, const Taken& taken) const {
    try {
      const ChunkSum here = sum_chunk(means_.branch, table, taken.chunk);
      if (here == taken.sum) return {};
      if (here.rows == taken.sum.rows) return format("{} rows on both sides, with other content", here.rows);
      return format("{} rows on the source, {} in what came back", taken.sum.rows, here.rows);
    } catch (const Exception& e) {
      if (e.code() != Code::kRefused) throw;
      return format("cannot be read in what came back: {}", e.error().message);
    }
  }

  const EqualityMeans& means_;
  AskRows source_;
  DrillCoverage coverage_;
  std::vector<ComparedTable> tables_;
  std::size_t at_ = 0;  ///< the table at hand
  std::string after_;   ///< its key up to which it was taken
  std::uint64_t chunk_rows_ = kChunkRowsAtFirst;
  bool must_cut_ = false;  ///< it is larger than the server estimates
  std::uint64_t differences_ = 0;
};

}  // namespace

DrillCoverage compare_with_source(const EqualityMeans& means) {
  return Equality(means).run();
}

}  // namespace lifeboat::rescue
