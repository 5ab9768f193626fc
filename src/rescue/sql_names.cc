#include "rescue/sql_names.h"

namespace lifeboat::rescue {

std::string quote_name(std::string_view name) {
  std::string out = "`";
  for (const char c : name) out += c == '`' ? std::string("``") : std::string(1, c);
  return out + '`';
}

std::string quote_table(std::string_view database, std::string_view table) {
  return quote_name(database) + '.' + quote_name(table);
}

}  // namespace lifeboat::rescue
