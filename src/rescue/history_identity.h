/// Whether an image, or a standby, is of the history that a kept log tells. A GTID is three numbers: two servers may
/// give the same, and so may one before and after a RESET MASTER. What is found here speaks against it; that nothing is
/// found proves nothing.
///
/// Ownership: borrows the log. Threads: one at a time. Errors: errno's, kCorruption. What is told are half sentences
/// that begin with "it", for people; empty: nothing speaks against it.
#pragma once

#include <map>
#include <string>

#include "rescue/image_position.h"
#include "rescue/rescue_log.h"

namespace lifeboat::rescue {

/// What a clock may be off; and a source's of ours.
inline constexpr std::chrono::minutes kClockDoubt{10};

class HistoryIdentity {
 public:
  explicit HistoryIdentity(RescueLog& log) : log_(log) {}

  /// Against what is of `source`: "host:port"; empty: not known. Other sources of the same relay have one history with
  /// this one, as in a ring, if their server_id says which transactions are theirs.
  const std::string& another_source(const std::string& source);
  /// Against who was at a position at a time: the log has it from later.
  std::string later(const binlog::GtidPosition& position, SystemTime time);
  /// Proof against an image that was taken at a place in its source's binary log: the log has another position there.
  std::string another_place(const ImagePosition& position) const;

 private:
  std::string judge_source(const std::string& source) const;

  RescueLog& log_;
  std::map<std::string, std::string> sources_;  ///< what was found, by source
};

/// Proof against a data directory as it came at a time: its own binary logs are others than the log's of that name.
std::string other_files(const RescueLog& log, const Path& data_directory, SystemTime time);

/// Whether the logs of two sources may be put beside each other by their GTIDs: the servers give different ones, or are
/// the same.
bool share_numbers(const relay::LogDirectory& one, const relay::LogDirectory& other);

/// "db1.example:3306" as the directory of its log is called.
std::string log_name_of(const std::string& source);

}  // namespace lifeboat::rescue
