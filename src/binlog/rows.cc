#include "binlog/rows.h"

#include <algorithm>

#include "binlog/column_value.h"
#include "binlog/inflate.h"
#include "binlog/wire.h"

namespace lifeboat::binlog {

namespace {

RowsHeader read_header(Decoder& in, EventType type) {
  RowsHeader header;
  header.kind = rows_kind(type);
  if (header.kind == RowsKind::kNone) in.bad("not one");
  header.table_id = read_little(in, 6);
  header.flags = in.u16();
  return header;
}

}  // namespace

RowsHeader decode_rows_header(const Event& event) {
  Decoder in(event.body, "rows event");
  return read_header(in, event.header.type);
}

RowsReader::RowsReader(const Event& event, const TableMap& map, std::size_t max_size)
    : map_(map), partial_json_(event.header.type == EventType::kMysqlPartialUpdateRows), in_(event.body, "rows event") {
  header_ = read_header(in_, event.header.type);
  if (is_rows_v2(event.header.type)) {
    const std::uint16_t extra = in_.u16();
    if (extra < 2) in_.bad("extra data of impossible size");
    in_.raw(extra - 2U);
  }
  // A statement's end without a table has nothing more to say.
  if (header_.table_id == kDummyTableId && header_.has(RowsHeader::kStatementEnd) && map.table_id != kDummyTableId) {
    in_ = Decoder(ByteView(), "rows event");
    at_first_ = false;
    return;
  }
  if (header_.table_id != map.table_id) in_.bad("of another table than its table map");
  if (read_packed(in_) != map.columns.size()) in_.bad("other columns than its table map");
  const Bitmap first = read_bitmap(map.columns.size());
  if (header_.kind != RowsKind::kWrite) before_present_ = first;
  if (header_.kind == RowsKind::kWrite) after_present_ = first;
  if (header_.kind == RowsKind::kUpdate) after_present_ = read_bitmap(map.columns.size());
  if (is_compressed_rows(event.header.type)) {
    inflated_ = inflate_payload(in_.raw(in_.left()), max_size);
    in_ = Decoder(inflated_, "rows event");
  }
}

RowsReader::Bitmap RowsReader::read_bitmap(std::size_t bits) {
  const ByteView bytes = in_.raw((bits + 7) / 8);
  Bitmap bitmap(bits);
  for (std::size_t i = 0; i < bits; ++i) bitmap[i] = (bytes[i / 8] & (1U << (i % 8))) != 0;
  return bitmap;
}

bool RowsReader::next() {
  const std::size_t start = in_.left();
  if (start == 0) return false;
  if (header_.kind != RowsKind::kWrite) read_image(before_present_, false, before_);
  if (header_.kind != RowsKind::kDelete) read_image(after_present_, partial_json_, after_);
  if (in_.left() == start) in_.bad("rows without columns");
  return true;
}

void RowsReader::read_image(const Bitmap& present, bool may_be_partial, RowImage& image) {
  constexpr std::uint64_t kPartialJson = 1;
  Bitmap diffs;
  if (may_be_partial && (read_packed(in_) & kPartialJson) != 0) {
    const auto json = std::ranges::count(map_.columns, ColumnType::kJson, &Column::type);
    diffs = read_bitmap(static_cast<std::size_t>(json));
  }
  const Bitmap nulls = read_bitmap(static_cast<std::size_t>(std::ranges::count(present, true)));
  image.assign(map_.columns.size(), Cell{});
  std::size_t in_image = 0;
  std::size_t json = 0;
  for (std::size_t i = 0; i < image.size(); ++i) {
    const Column& column = map_.columns[i];
    const bool diff = column.type == ColumnType::kJson && json < diffs.size() && diffs[json];
    if (column.type == ColumnType::kJson) ++json;
    if (!present[i]) continue;
    if (nulls[in_image++]) {
      image[i].state = Cell::State::kNull;
      continue;
    }
    image[i] = {diff ? Cell::State::kJsonDiff : Cell::State::kValue, take_value(in_, column)};
  }
}

std::uint64_t count_rows(const Event& event, const TableMap& map, std::size_t max_size) {
  RowsReader rows(event, map, max_size);
  std::uint64_t count = 0;
  while (rows.next()) ++count;
  return count;
}

}  // namespace lifeboat::binlog
