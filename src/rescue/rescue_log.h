/// The kept log as a rescue sees it: what in it destroys, where a moment lies, what it lacks. From the index as far as
/// it goes, so that a log of days is looked through in a moment.
///
/// Threads: one at a time. Errors: errno's, kCorruption; kNotFound for what is not in it; kUnsupported for a log
/// without MariaDB's GTIDs. What the log gets later is seen after it is opened again.
#pragma once

#include <compare>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "binlog/gtid.h"
#include "relay/hold.h"
#include "relay/log_directory.h"
#include "relay/log_index.h"

namespace lifeboat::rescue {

struct LogPlace {
  std::uint64_t file = 0;  ///< its number
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  friend auto operator<=>(const LogPlace&, const LogPlace&) = default;
};

struct FoundDanger {
  binlog::Gtid gtid;
  SystemTime time;  ///< by the source's clock
  LogPlace place;
  std::string danger_class;
  std::uint64_t rows = 0;
  std::vector<std::string> objects;
  std::string statement;
  std::string account;  ///< empty: the log does not tell
  std::uint32_t thread = 0;
  std::string guard;  ///< "held", "released", "skipped"; empty: no guard has met it
};

class RescueLog {
 public:
  explicit RescueLog(const Path& incarnation);

  const std::shared_ptr<relay::LogDirectory>& log() const { return log_; }
  const Path& path() const { return log_->path(); }
  /// "db1-3306", as the directory of its source is called.
  std::string source() const { return log_->path().parent_path().filename().string(); }
  binlog::GtidPosition end() const { return log_->state().position(); }
  /// What its oldest file on this disk begins after.
  binlog::GtidPosition begin() const;
  /// Of its last transaction; nothing if it has none.
  std::optional<SystemTime> end_time() const;

  /// The newest that destroy, of what lies behind a position of this log, the newest first: at most `most` of a class,
  /// so that what an application does all the time hides nothing else.
  /// `least`: kWarns finds also what only warns.
  std::vector<FoundDanger> newest_dangers(std::size_t most, const binlog::GtidPosition& behind = {},
                                          binlog::Severity least = binlog::Severity::kDestroys);
  FoundDanger danger(const binlog::Gtid& gtid) const;

  std::optional<LogPlace> find(const binlog::Gtid& gtid);
  /// By the source's clock.
  std::optional<SystemTime> time_of(const binlog::Gtid& gtid);
  /// Whether who is at `position` has it, by the order of the log; by numbers where the log does not hold them.
  bool has(const binlog::GtidPosition& position, const binlog::Gtid& gtid);
  /// Whether the log can lead on from there: it knows the last transaction of each of its domains.
  bool knows(const binlog::GtidPosition& position) const;
  /// Bytes of the log that lie behind a position.
  std::uint64_t bytes_after(const binlog::GtidPosition& position);
  /// The same from a time on, by the source's clock.
  std::uint64_t bytes_since(SystemTime time) const;
  struct Rest {
    std::uint64_t transactions = 0;
    SystemTime first;
    SystemTime last;
  };
  /// What of the log is not in a position.
  Rest rest_behind(const binlog::GtidPosition& position);
  /// From the last transaction that is behind none of a position's.
  std::optional<LogPlace> place_of(const binlog::GtidPosition& position);

  /// From the one in which a position lies; of an empty one all.
  std::vector<relay::ServedLog::File> files_from(const binlog::GtidPosition& position);

  /// A moment as a person names it: a time (all before it), a GTID or FILE:POSITION (up to it, and with it), a position
  /// of several domains; empty: all.
  binlog::GtidPosition moment(const std::string& text) const;
  /// The time up to which it reaches, as far as text names one.
  static std::optional<SystemTime> time_in(const std::string& text);

  /// How far one gets from a position (nothing: the beginning) who is to come to `until`, if the log lacks something in
  /// between, and what that loses, for people.
  struct Gap {
    binlog::GtidPosition kept_to;
    std::string loss;
  };
  std::optional<Gap> gap_behind(const std::optional<binlog::GtidPosition>& position,
                                const binlog::GtidPosition& until) const;

 private:
  struct Known {
    LogPlace place;
    SystemTime time;
  };
  const std::optional<Known>& look_up(const binlog::Gtid& gtid);
  binlog::GtidPosition position_at(const relay::ServedLog::File& file, std::uint64_t bound) const;
  binlog::GtidPosition position_in_file(const std::string& text) const;
  std::uint64_t bytes_behind(const std::optional<LogPlace>& place) const;
  std::vector<relay::ServedLog::File> files_from(const std::optional<LogPlace>& place) const;
  FoundDanger describe(const relay::LogIndex::Found& found) const;

  std::shared_ptr<relay::LogDirectory> log_;
  relay::LogIndex index_;
  std::map<binlog::Gtid, std::optional<Known>> known_;  ///< looked up so far
};

/// Whether a relay's guard, which has one book for all its logs, held it in this one.
bool is_of_log(const relay::HoldSubject& subject, const Path& incarnation);

}  // namespace lifeboat::rescue
