#include "rescue/sql_names.h"

#include "base/bytes.h"
#include "base/format.h"

namespace lifeboat::rescue {

std::string quote_name(std::string_view name) {
  std::string out = "`";
  for (const char c : name) out += c == '`' ? std::string("``") : std::string(1, c);
  return out + '`';
}

std::string quote_table(std::string_view database, std::string_view table) {
  return quote_name(database) + '.' + quote_name(table);
}

std::string hex_literal(std::string_view value) {
  return format("x'{}'", to_hex(as_bytes(value)));
}

}  // namespace lifeboat::rescue
