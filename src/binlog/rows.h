/// Rows events: WRITE, UPDATE and DELETE of both forms, MariaDB's compressed ones, and MySQL's partial JSON updates.
/// Body: table id 6 bytes, flags u16; second form: size of extra data u16 (itself included), extra data; number of
/// columns packed; bitmap of the columns that the rows have (UPDATE: two bitmaps, before and after); then, perhaps
/// compressed, the rows: a bitmap of NULLs over the columns that are there, then the values. (Partial JSON: the
/// after-image begins with options packed, and, if bit 0 is set, a bitmap over the table's JSON columns: which of them
/// are diffs.)
///
/// A walk over the rows finds each value's bytes without interpreting them: counting rows costs little, and a value is
/// decoded (column_value.h) only where somebody wants it.
/// What no log tells: how wide a TIME, DATETIME or TIMESTAMP with a fraction is in MariaDB's format of before 10.1
/// (mysql56_temporal_format=OFF). Rows of such tables are refused as not fitting, or read wrongly, as by any other
/// reader. Errors: kCorruption; kOutOfSpace if compressed rows are larger than the limit given.
#pragma once

#include <vector>

#include "binlog/event.h"
#include "binlog/table_map.h"

namespace lifeboat::binlog {

struct RowsHeader {
  static constexpr std::uint16_t kStatementEnd = 1;  ///< the last rows event of its statement
  static constexpr std::uint16_t kNoForeignKeyChecks = 2;
  static constexpr std::uint16_t kNoUniqueChecks = 4;

  std::uint64_t table_id = 0;
  std::uint16_t flags = 0;
  RowsKind kind = RowsKind::kNone;
  bool has(std::uint16_t flag) const { return (flags & flag) != 0; }
};
/// The first eight bytes: which table map belongs to the event.
RowsHeader decode_rows_header(const Event& event);

/// One value of a row, where it lies.
struct Cell {
  enum class State : std::uint8_t {
    kAbsent,  ///< not in this image (binlog_row_image=minimal or noblob)
    kNull,
    kValue,
    kJsonDiff,  ///< MySQL: what changed within the document
  };
  State state = State::kAbsent;
  ByteView bytes;  ///< of the value, without its length; borrowed
};
/// One cell per column of the table; empty if this kind of event has no such image.
using RowImage = std::vector<Cell>;

class RowsReader {
 public:
  /// Borrows `event` and `map`, which must be the table map of the event's table id. `max_size` bounds compressed rows.
  RowsReader(const Event& event, const TableMap& map, std::size_t max_size);

  /// Goes to the next row; false at the end.
  bool next();
  /// UPDATE, DELETE: the row as it was. Valid until next().
  const RowImage& before() const { return before_; }
  /// WRITE, UPDATE: the row as it is now.
  const RowImage& after() const { return after_; }
  const RowsHeader& header() const { return header_; }

 private:
  using Bitmap = std::vector<bool>;

  Bitmap read_bitmap(std::size_t bits);
  void read_image(const Bitmap& present, bool may_be_partial, RowImage& image);

  const TableMap& map_;
  RowsHeader header_;
  bool partial_json_;
  Bytes inflated_;
  Decoder in_;
  Bitmap before_present_;
  Bitmap after_present_;
  RowImage before_;
  RowImage after_;
  bool at_first_ = true;
};

/// How many rows the event writes, updates or deletes.
std::uint64_t count_rows(const Event& event, const TableMap& map, std::size_t max_size);

}  // namespace lifeboat::binlog
