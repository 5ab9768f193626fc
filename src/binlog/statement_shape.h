/// What two statements have in common that differ in their values only: "DELETE FROM log WHERE day < ? LIMIT ?". For
/// people, and to tell the chunks of one purge from another change of the same table.
///
/// Threads: a free function. Errors: none; any bytes are taken. Memory: in the order of the text.
#pragma once

#include <string>
#include <string_view>

namespace lifeboat::binlog {

/// Strings and numbers become `?`, a list of them one `?`; comments go. A text that was cut has the shape of what is
/// there.
std::string statement_shape(std::string_view text);

}  // namespace lifeboat::binlog
