#include "relay/group_stream.h"

#include <algorithm>

#include "base/error.h"
#include "base/units.h"
#include "binlog/format_description.h"

namespace lifeboat::relay {
namespace {

using binlog::kFirstEvent;

std::uint64_t rows_changed(const binlog::GroupDanger& danger) {
  std::uint64_t rows = 0;
  for (const auto& [table, counts] : danger.rows) rows += counts.updated + counts.deleted;
  return rows;
}

}  // namespace

GroupStream::GroupStream(const Path& path)
    : reader_(path, kFirstEvent), classifier_({.max_inflated = kWholeEventMax}) {}

std::optional<LogGroup> GroupStream::next(std::uint64_t bound) {
  while (const auto item = reader_.next(bound)) {
    if (take(*item)) return finish(item->end);
  }
  return std::nullopt;
}

void GroupStream::seek(std::uint64_t position, std::uint64_t bound) {
  reader_.seek(kFirstEvent);
  groups_.reset();
  classifier_ = binlog::GroupClassifier({.max_inflated = kWholeEventMax});
  if (position <= kFirstEvent) return;
  if (const auto item = reader_.next(bound)) take(*item);  // the Format_description
  reader_.seek(position);
}

bool GroupStream::read_again_if_beyond(std::uint64_t position, std::uint64_t bound) {
  seek(position, bound);
  if (!next(bound)) return false;
  seek(0, bound);
  return true;
}

ByteView GroupStream::whole(const EventFileReader::Item& item) {
  if (item.whole() || item.header.size > kWholeEventMax) return item.bytes;
  assembled_.assign(item.bytes.begin(), item.bytes.end());
  for (ByteView more = reader_.more(); !more.empty(); more = reader_.more()) {
    assembled_.insert(assembled_.end(), more.begin(), more.end());
  }
  return assembled_;
}

bool GroupStream::take(const EventFileReader::Item& item) {
  const ByteView bytes = whole(item);
  const bool complete = bytes.size() == item.header.size;
  const binlog::Event event = complete ? binlog::split_event(bytes, checksum_)
                                       : binlog::Event{.header = item.header,
                                                       .whole = bytes,
                                                       .body = bytes.subspan(binlog::kEventHeaderSize),
                                                       .checksum = checksum_};
  if (item.header.type == binlog::EventType::kFormatDescription) {
    checksum_ = binlog::decode_format_description(event).checksum;
  }
  const bool was_inside = groups_.inside();
  const binlog::Place place = groups_.next(event);
  if (groups_.torn()) classifier_.forget();
  if (place == binlog::Place::kBegins || place == binlog::Place::kWhole || !was_inside) {
    begin_ = item.begin;
    too_large_ = false;
  }
  if (complete) {
    classifier_.add(event);
  } else if (binlog::rows_kind(item.header.type) != binlog::RowsKind::kWrite) {
    too_large_ = true;
  }
  return place == binlog::Place::kEnds || place == binlog::Place::kWhole;
}

LogGroup GroupStream::finish(std::uint64_t end) {
  LogGroup group{.entry = {.begin = begin_, .end = end, .time = groups_.group().timestamp},
                 .danger = classifier_.finish()};
  if (too_large_) {
    group.danger.effects.insert(
        group.danger.effects.begin(),
        {.danger = binlog::DangerClass::kUnknown,
         .why = format("it holds an event of more than {}, which is not looked into", format_size(kWholeEventMax))});
    group.danger.severity = binlog::Severity::kUnknown;
  }
  if (groups_.group().gtid) group.entry.gtid = groups_.group().gtid->gtid;
  group.entry.mysql_gtid = groups_.group().mysql_gtid;
  group.entry.severity = group.danger.severity;
  group.entry.rows = rows_changed(group.danger);
  if (group.entry.dangerous() && !group.danger.effects.empty()) {
    group.entry.danger = group.danger.effects.front().danger;
  }
  return group;
}

}  // namespace lifeboat::relay
