/// Row for row: what came back against the living source. Chunks are summed up on the source in snapshots that live at
/// most a minute, then the branch is brought to each snapshot's place in the log and asked the same.
///
/// Threads: one. Errors: those of both servers and of bringing the branch along; what differs is no error.
/// Load: one statement at a time on the source; those of a chunk take a second or so, and behind them is a pause as
/// long as they took, at most two seconds.
#pragma once

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "rescue/drill_chunks.h"
#include "rescue/drill_record.h"
#include "rescue/drill_source.h"

namespace lifeboat::rescue {

struct EqualityMeans {
  DrillSource& source;
  AskRows branch;
  /// Until the branch has all that the source had there, and nothing behind it.
  std::function<void(const relay::LogPosition&)> bring_to;
  std::function<void(std::string what)> differs;
  std::vector<std::string> left_out;  ///< objects that the source lost, and the branch did not
  int sample_percent = 100;           ///< of the tables, chosen at random
};

DrillCoverage compare_with_source(const EqualityMeans& means);

}  // namespace lifeboat::rescue
