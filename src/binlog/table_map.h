/// The Table_map event: which table the rows events after it speak of, and its columns' types.
/// Body: table id 6 bytes, flags u16; database: length u8, name NUL; table: the same; number of columns packed; a type
/// u8 each; size of the metadata packed, metadata by type; bitmap of nullable columns (lowest bit first); then optional
/// fields of (kind u8, size packed, value), of which servers write as many as binlog_row_metadata says (MariaDB: none
/// by default).
///
/// Threads: values. Errors: kCorruption; kUnsupported for a column type that is not in the list. Memory: a small
/// multiple of the event's size.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "binlog/format_description.h"

namespace lifeboat::binlog {

enum class ColumnType : std::uint8_t {
  kOldDecimal = 0,
  kTiny = 1,
  kShort = 2,
  kLong = 3,
  kFloat = 4,
  kDouble = 5,
  kNull = 6,
  kTimestamp = 7,
  kLongLong = 8,
  kInt24 = 9,
  kDate = 10,
  kTime = 11,
  kDatetime = 12,
  kYear = 13,
  kNewDate = 14,
  kVarchar = 15,
  kBit = 16,
  kTimestamp2 = 17,
  kDatetime2 = 18,
  kTime2 = 19,
  kBlobCompressed = 140,     ///< MariaDB: a column declared COMPRESSED
  kVarcharCompressed = 141,  ///< MariaDB, too
  kVector = 242,             ///< MySQL 9
  kJson = 245,               ///< MySQL: binary JSON. MariaDB's JSON is text in a blob
  kDecimal = 246,
  kEnum = 247,
  kSet = 248,
  kTinyBlob = 249,
  kMediumBlob = 250,
  kLongBlob = 251,
  kBlob = 252,
  kVarString = 253,
  kString = 254,
  kGeometry = 255,
};

/// "INT", "VARCHAR", …: the type's kind, without length.
std::string_view column_type_name(ColumnType type);

struct Column {
  ColumnType type = ColumnType::kNull;  ///< ENUM and SET are told apart from the CHAR that they travel as
  bool nullable = false;
  std::uint32_t length =
      0;  ///< text: bytes at most; blobs: width of the length; ENUM, SET: width of the value; BIT: bits
  std::uint8_t precision = 0;              ///< DECIMAL
  std::uint8_t decimals = 0;               ///< DECIMAL, and digits of a second's fraction
  std::optional<bool> is_unsigned;         ///< numbers; empty: the log does not tell
  std::optional<std::uint32_t> collation;  ///< text, ENUM and SET; 63 is binary
  std::string name;                        ///< empty: the log does not tell
  std::vector<std::string> labels;         ///< of ENUM and SET, if told
};

struct TableMap {
  std::uint64_t table_id = 0;
  std::uint16_t flags = 0;
  std::string database;
  std::string table;
  std::vector<Column> columns;
  std::vector<std::uint32_t> primary_key;  ///< indices of columns; empty: none, or not told
};

/// `flavour` is the log's: the flavours do not agree on which columns the optional fields speak of.
TableMap decode_table_map(const Event& event, Flavour flavour);

/// What a rows event with this table id and the statement-end flag means when no table map came before it: nothing but
/// the end of a statement.
inline constexpr std::uint64_t kDummyTableId = 0x00ffffff;

}  // namespace lifeboat::binlog
