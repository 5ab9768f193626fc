/// A column's value out of the bytes that a rows event has for it.
/// Layouts: as the servers store them in rows; the temporal types of MySQL 5.6 ("2") are big-endian and biased, DECIMAL
/// packs nine digits into four bytes, BIT is big-endian, everything else little-endian.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "binlog/rows.h"
#include "binlog/table_map.h"

namespace lifeboat::binlog {

struct ColumnValue {
  enum class Kind : std::uint8_t {
    kNull,
    kSigned,    ///< `integer`. If the log does not tell signedness, an integer is read as signed
    kUnsigned,  ///< `number`
    kReal,      ///< `real`: FLOAT, DOUBLE
    kText,      ///< `text`: DECIMAL "-1.50", DATE "2026-11-22", TIME, DATETIME, YEAR, TIMESTAMP (seconds since 1970 UTC
                ///< with fraction, "1795342000.25"), JSON, MySQL's VECTOR as "[1,2]"
    kBits,      ///< `number`: BIT
    kEnum,      ///< `number`: from 1; 0 is the wrong value. `text`: the label, if known
    kSet,       ///< `number`: one bit per label. `text`: the labels, if known
    kBytes,  ///< `bytes`: CHAR, BINARY, VARCHAR, BLOB, GEOMETRY, UUID, INET6; the column's collation says what they are
    kJsonDiff,  ///< `text`: an array of {"op","path","value"}
  };
  Kind kind = Kind::kNull;
  std::int64_t integer = 0;
  std::uint64_t number = 0;
  double real = 0;
  std::string text;
  ByteView bytes;  ///< borrowed from the cell, or from `storage` of a column that was stored compressed
  Bytes storage;
};

/// A cell that is a value or NULL. kCorruption naming the type; kOutOfSpace if a compressed column's value is larger
/// than `max_size`.
ColumnValue decode_value(const Column& column, const Cell& cell, std::size_t max_size);

/// Cuts the value of a column off `in`: for rows.cc.
ByteView take_value(Decoder& in, const Column& column);

/// Bytes that a DECIMAL takes.
std::size_t decimal_size(const Column& column);
/// The parts of decode_value that have a file of their own.
std::string decimal_text(const Column& column, ByteView bytes);
std::string temporal_text(const Column& column, ByteView bytes);

}  // namespace lifeboat::binlog
