/// MySQL's binary JSON, as rows events carry it, to text; and the diffs of partial updates.
/// A document is a type byte and a value. Objects and arrays: counts and sizes (2 or 4 bytes wide), entries of key
/// offset and length, entries of type and value or offset, all relative to their own begin; scalars follow the servers'
/// own forms.
///
/// Errors: kCorruption for offsets that leave the document or nest deeper than 100 (the servers' own bound), and
/// kOutOfSpace if the text grows beyond `max_size`: offsets may point to the same bytes again and again.
#pragma once

#include <string>

#include "base/bytes.h"

namespace lifeboat::binlog {

/// As MySQL prints it: `{"a": 1, "b": [true, null]}`. An empty document is "null", as the server reads it.
std::string json_text(ByteView document, std::size_t max_size);

/// `[{"op": "replace", "path": "$.a", "value": 1}, {"op": "remove", "path": "$.b"}]`.
std::string json_diff_text(ByteView diffs, std::size_t max_size);

}  // namespace lifeboat::binlog
