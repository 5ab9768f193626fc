/// CHECK TABLE on every base table of a booted image, the server's own included: what names a corrupt page's table.
/// Threads: one at a time. Errors: the connection's; kCorruption naming the table on which the server died.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rescue/rescue_record.h"
#include "server/connection.h"

namespace lifeboat::rescue {

struct CheckedTables {
  std::uint64_t tables = 0;
  std::vector<RescueNote> damaged;  ///< tables, with the server's words
};

CheckedTables check_tables(server::Connection& connection);

/// What of the answer to a CHECK TABLE is bad news: an error, or a status that is not OK, with the warnings that say
/// why. A warning beside OK is none (a client had not closed the table); engines that cannot check say so in a note.
std::string bad_news(const std::vector<server::Row>& answer);

}  // namespace lifeboat::rescue
