// A table map and a rows event of any bytes: rows and values are found within their bytes, or refused. Input: flavour,
// type of the rows event, size of the table map's body u16, that body, the rows event's body.
#include "binlog/column_value.h"
#include "binlog/fuzzing.h"
#include "binlog/rows.h"

namespace {

using namespace lifeboat;

Bytes event_of(binlog::EventType type, ByteView body) {
  Bytes out(binlog::kEventHeaderSize);
  out.insert(out.end(), body.begin(), body.end());
  binlog::encode_header({.type = type, .size = static_cast<std::uint32_t>(out.size())}, out);
  return out;
}

void read_values(const binlog::TableMap& map, const binlog::RowImage& image) {
  for (std::size_t i = 0; i < image.size(); ++i) {
    binlog::may_refuse([&] { binlog::decode_value(map.columns[i], image[i], binlog::kFuzzLimit); });
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  binlog::may_refuse([&] {
    Decoder in(ByteView(data, size), "fuzz input");
    const auto flavour = in.u8() % 2 == 0 ? binlog::Flavour::kMariadb : binlog::Flavour::kMysql;
    const auto type = static_cast<binlog::EventType>(in.u8());
    const Bytes map_event = event_of(binlog::EventType::kTableMap, in.raw(in.u16()));
    const Bytes rows_event = event_of(type, in.raw(in.left()));
    const binlog::TableMap map =
        binlog::decode_table_map(binlog::split_event(map_event, binlog::Checksum::kNone), flavour);
    const binlog::Event event = binlog::split_event(rows_event, binlog::Checksum::kNone);
    binlog::RowsReader rows(event, map, binlog::kFuzzLimit);
    while (rows.next()) {
      read_values(map, rows.before());
      read_values(map, rows.after());
    }
  });
  return 0;
}
