/// Whether what a statement does depends on what is in given tables: whether it reads them, changes rows in them by a
/// condition, or puts a row in another's place.
///
/// Threads: free functions. Errors: none; text is untrusted. Rather too often than too seldom: a name counts wherever
/// it stands, and of what cannot be read to its end the first of the tables. Limits: views, and what routines, triggers
/// and foreign keys read.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "binlog/danger.h"
#include "binlog/query_event.h"

namespace lifeboat::binlog {

/// How the text beside this status is to be read, but for its writer's version.
SqlDialect dialect_of(const QueryStatus& status);

/// The first of `tables` ("shop.orders", "shop.*") that it depends on. `database`: the session's default one.
std::optional<TableName> table_read(std::string_view text, const SqlDialect& dialect, std::string_view database,
                                    const std::vector<TableName>& tables);

}  // namespace lifeboat::binlog
