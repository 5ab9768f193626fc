/// Names of tables and columns, and values, in SQL, whatever is in them. Threads: free functions. Errors: none.
#pragma once

#include <string>
#include <string_view>

namespace lifeboat::rescue {

/// Of information_schema.tables: what holds rows; also tables that keep their history.
inline constexpr std::string_view kHoldsRows = "table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')";

/// `a`
std::string quote_name(std::string_view name);
/// `a`.`b`
std::string quote_table(std::string_view database, std::string_view table);
/// x'6f6b': no character of a value means anything within a statement.
std::string hex_literal(std::string_view value);

}  // namespace lifeboat::rescue
