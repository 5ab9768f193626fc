/// Whether a column's new type holds all that its old one could. Inside of danger.h.
#pragma once

#include <optional>
#include <string>

#include "binlog/table_memory.h"

namespace lifeboat::binlog {

/// Why values are lost by MODIFY from `from` (empty: not known) to `to`; empty if none are, or if the server would have
/// refused. With a strict sql_mode a server refuses what does not fit, but rounds numbers and cuts times without a
/// word.
std::optional<std::string> why_narrower(const std::optional<DeclaredType>& from, const DeclaredType& to, bool strict);

}  // namespace lifeboat::binlog
