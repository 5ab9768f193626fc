/// The optional fields at a Table_map event's end: signedness, collations, names, labels, primary key.
#pragma once

#include "binlog/table_map.h"

namespace lifeboat::binlog {

/// Reads `in` to its end into `map`, whose columns have their types. Fields of unknown kind are passed over.
void read_table_metadata(Decoder& in, Flavour flavour, TableMap& map);

}  // namespace lifeboat::binlog
