/// Names of tables and columns in SQL, whatever is in them. Threads: free functions. Errors: none.
#pragma once

#include <string>
#include <string_view>

namespace lifeboat::rescue {

/// `a`
std::string quote_name(std::string_view name);
/// `a`.`b`
std::string quote_table(std::string_view database, std::string_view table);

}  // namespace lifeboat::rescue
