/// Events as JSON, for people and tests: what `lifeboat log show` prints.
///
/// Every event gives {"position", "type", "timestamp", "server_id", "size", "end_position", "flags"} and what its type
/// says; one that cannot be decoded has "error" in its place. Rows have {"before", "after"}, objects of values by
/// column name, or "@1", "@2", … where the log tells none; columns that the image lacks are left out. Values: numbers;
/// text for DECIMAL, dates and times, JSON; ENUM and SET by label, or by number where the labels are not told; BIT as
/// "b'0101'"; bytes as a string if they are UTF-8, else {"hex": …}.
#pragma once

#include <map>
#include <string_view>

#include "base/json.h"
#include "binlog/event.h"
#include "binlog/format_description.h"
#include "binlog/table_map.h"

namespace lifeboat::binlog {

/// Follows one file, whose table maps it keeps. Threads: one at a time. Errors: none but a lack of memory.
class Describer {
 public:
  /// `max_inflated` bounds every compressed text, rows event and transaction.
  explicit Describer(std::size_t max_inflated) : max_inflated_(max_inflated) {}

  /// The next event of the file, which begins at `position`.
  json::object describe(const Event& event, std::uint64_t position);

 private:
  json::object describe_header(const Event& event) const;
  void describe_body(const Event& event, json::object& out);
  void describe_rows(const Event& event, json::object& out) const;
  void describe_payload(const Event& event, json::object& out);
  void keep(TableMap map);

  std::size_t max_inflated_;
  Flavour flavour_ = Flavour::kMariadb;
  std::map<std::uint64_t, TableMap> maps_;
};

/// Bytes of a column or a statement as JSON: a string if they are UTF-8, else {"hex": …}.
json::value bytes_to_json(std::string_view bytes);

}  // namespace lifeboat::binlog
