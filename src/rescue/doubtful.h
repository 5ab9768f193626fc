/// Which transactions behind those that a rescue leaves out may have come out otherwise than on their source. None of
/// them has failed, so no server tells: a statement that read what was saved, a changed row that brings along what an
/// UPDATE that is left out had put into its other columns.
///
/// Threads: a free function. Errors: the log's. Memory: kDoubtfulMost notes, and one event of up to 16 MiB.
/// Limits: those of binlog/statement_reads.h; log that is in the vault alone is not looked through.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "rescue/rescue_log.h"
#include "rescue/rescue_record.h"

namespace lifeboat::rescue {

/// The last note of so many says that there are more.
inline constexpr std::size_t kDoubtfulMost = 10'000;

/// In the log's order, up to and with `until`. `left_out`: GTIDs.
std::vector<RescueNote> find_doubtful(RescueLog& log, const std::vector<std::string>& left_out,
                                      const binlog::GtidPosition& until);

}  // namespace lifeboat::rescue
