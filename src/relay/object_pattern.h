/// Which tables a rule speaks of: "shop.orders", "shop.*", "*.log_?", "*". A database is all of its tables.
///
/// What holds must not be slipped past, and what allows must not reach further than it says; so a pattern is asked in
/// two ways. `touches`: something of the object may be meant, capitals disregarded. `covers`: all of it is meant.
///
/// Threads: values. Errors: parse throws kUsage.
#pragma once

#include <string>
#include <string_view>

#include "binlog/table_memory.h"

namespace lifeboat::relay {

class ObjectPattern {
 public:
  static ObjectPattern parse(std::string_view text);

  bool touches(const binlog::TableName& object) const;
  bool covers(const binlog::TableName& object) const;

 private:
  std::string database_;
  std::string table_;
};

/// `*` is any text, `?` any one byte. Takes time in the order of both lengths' product at worst.
bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace lifeboat::relay
