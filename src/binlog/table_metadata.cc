#include "binlog/table_metadata.h"

#include "binlog/wire.h"

namespace lifeboat::binlog {

namespace {

enum class Field : std::uint8_t {
  kSignedness = 1,
  kDefaultCollation = 2,
  kCollations = 3,
  kNames = 4,
  kSetLabels = 5,
  kEnumLabels = 6,
  kGeometryTypes = 7,
  kPrimaryKey = 8,
  kPrimaryKeyWithPrefix = 9,
  kLabelsDefaultCollation = 10,
  kLabelsCollations = 11,
};

/// YEAR counts among the numbers.
bool is_number(const Column& column, Flavour /*flavour*/) {
  switch (column.type) {
    case ColumnType::kTiny:
    case ColumnType::kShort:
    case ColumnType::kInt24:
    case ColumnType::kLong:
    case ColumnType::kLongLong:
    case ColumnType::kDecimal:
    case ColumnType::kFloat:
    case ColumnType::kDouble:
    case ColumnType::kYear:
      return true;
    default:
      return false;
  }
}

/// GEOMETRY has a collation for MariaDB.
bool is_text(const Column& column, Flavour flavour) {
  switch (column.type) {
    case ColumnType::kString:
    case ColumnType::kVarString:
    case ColumnType::kVarchar:
    case ColumnType::kVarcharCompressed:
    case ColumnType::kTinyBlob:
    case ColumnType::kMediumBlob:
    case ColumnType::kLongBlob:
    case ColumnType::kBlob:
    case ColumnType::kBlobCompressed:
      return true;
    case ColumnType::kGeometry:
      return flavour == Flavour::kMariadb;
    default:
      return false;
  }
}

bool is_enum(const Column& column, Flavour /*flavour*/) {
  return column.type == ColumnType::kEnum;
}
bool is_set(const Column& column, Flavour /*flavour*/) {
  return column.type == ColumnType::kSet;
}
bool has_labels(const Column& column, Flavour /*flavour*/) {
  return column.type == ColumnType::kEnum || column.type == ColumnType::kSet;
}

using Columns = std::vector<Column*>;

Columns select(TableMap& map, Flavour flavour, bool (*wanted)(const Column&, Flavour)) {
  Columns out;
  for (Column& column : map.columns) {
    if (wanted(column, flavour)) out.push_back(&column);
  }
  return out;
}

/// One bit per number, highest bit of the first byte first.
void read_signedness(Decoder& in, const Columns& numbers) {
  std::uint8_t bits = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i % 8 == 0) bits = in.u8();
    numbers[i]->is_unsigned = (bits & (0x80U >> (i % 8))) != 0;
  }
}

/// The collation that most have, then pairs of index (within `texts`) and collation for the others.
void read_default_collation(Decoder& in, const Columns& texts) {
  const auto most = static_cast<std::uint32_t>(read_packed(in));
  for (Column* column : texts) column->collation = most;
  while (in.left() > 0) {
    const std::uint64_t index = read_packed(in);
    const std::uint64_t collation = read_packed(in);
    if (index >= texts.size()) in.bad("collation of no column");
    texts[static_cast<std::size_t>(index)]->collation = static_cast<std::uint32_t>(collation);
  }
}

void read_collations(Decoder& in, const Columns& texts) {
  for (Column* column : texts) column->collation = static_cast<std::uint32_t>(read_packed(in));
}

void read_labels(Decoder& in, const Columns& columns) {
  for (Column* column : columns) {
    const std::uint64_t count = read_packed(in);
    if (count > in.left()) in.bad("more labels than bytes");
    column->labels.reserve(static_cast<std::size_t>(count));
    for (std::uint64_t i = 0; i < count; ++i) column->labels.emplace_back(as_text(read_packed_bytes(in)));
  }
}

void read_primary_key(Decoder& in, TableMap& map, bool with_prefix) {
  while (in.left() > 0) {
    const std::uint64_t index = read_packed(in);
    if (with_prefix) read_packed(in);
    if (index >= map.columns.size()) in.bad("a key on no column");
    map.primary_key.push_back(static_cast<std::uint32_t>(index));
  }
}

void read_field(Field field, Decoder& in, Flavour flavour, TableMap& map) {
  switch (field) {
    case Field::kSignedness:
      return read_signedness(in, select(map, flavour, is_number));
    case Field::kDefaultCollation:
      return read_default_collation(in, select(map, flavour, is_text));
    case Field::kCollations:
      return read_collations(in, select(map, flavour, is_text));
    case Field::kNames:
      for (Column& column : map.columns) column.name = as_text(read_packed_bytes(in));
      return;
    case Field::kSetLabels:
      return read_labels(in, select(map, flavour, is_set));
    case Field::kEnumLabels:
      return read_labels(in, select(map, flavour, is_enum));
    case Field::kPrimaryKey:
      return read_primary_key(in, map, false);
    case Field::kPrimaryKeyWithPrefix:
      return read_primary_key(in, map, true);
    case Field::kLabelsDefaultCollation:
      return read_default_collation(in, select(map, flavour, has_labels));
    case Field::kLabelsCollations:
      return read_collations(in, select(map, flavour, has_labels));
    default:
      return;
  }
}

}  // namespace

void read_table_metadata(Decoder& in, Flavour flavour, TableMap& map) {
  while (in.left() > 0) {
    const auto field = static_cast<Field>(in.u8());
    Decoder value(read_packed_bytes(in), "table metadata");
    read_field(field, value, flavour, map);
  }
}

}  // namespace lifeboat::binlog
