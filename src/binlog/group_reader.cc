#include "binlog/group_reader.h"

#include "binlog/mysql_gtid_event.h"
#include "binlog/query_event.h"

namespace lifeboat::binlog {

namespace {

/// A file or stream begins or ends with it: no group goes on across it.
bool cuts_groups(EventType type) {
  return type == EventType::kFormatDescription || type == EventType::kRotate || type == EventType::kStop;
}

/// Whether a Query's text begins with `words`, compared as MySQL writes it into the log.
bool text_begins_with(const Event& event, std::string_view words) {
  constexpr std::size_t kNoInflating = 0;
  if (event.header.type != EventType::kQuery) return false;
  return decode_query(event, kNoInflating).text().starts_with(words);
}

}  // namespace

void GroupReader::reset() {
  inside_ = false;
  torn_ = false;
}

Place GroupReader::next(const Event& event) {
  const EventType type = event.header.type;
  torn_ = false;
  if (is_control(type)) {
    if (cuts_groups(type) && inside_) {
      torn_ = true;
      inside_ = false;
    }
    return Place::kOutside;
  }
  const bool starts = type == EventType::kGtid || is_mysql_gtid(type);
  const bool begins = starts || !inside_;
  if (begins) begin(event);
  group_.size += event.whole.size();
  ++group_.events;
  const bool ended = !starts && ends(event);
  inside_ = !ended;
  if (begins) return ended ? Place::kWhole : Place::kBegins;
  return ended ? Place::kEnds : Place::kInside;
}

void GroupReader::begin(const Event& event) {
  torn_ = inside_;
  group_ = {};
  group_.timestamp = event.header.timestamp;
  group_.server_id = event.header.server_id;
  transaction_ = false;
  if (event.header.type == EventType::kGtid) {
    group_.gtid = decode_gtid(event);
    group_.standalone = group_.gtid->has(GtidEvent::kStandalone);
    group_.ddl = group_.gtid->has(GtidEvent::kDdl);
    transaction_ = !group_.standalone;
  } else if (is_mysql_gtid(event.header.type)) {
    const MysqlGtidEvent gtid = decode_mysql_gtid(event);
    if (!gtid.anonymous) group_.mysql_gtid = gtid.gtid;
  }
}

bool GroupReader::ends(const Event& event) {
  const EventType type = event.header.type;
  const Verb verb = query_verb(event);
  if (transaction_) {
    return type == EventType::kXid || type == EventType::kXaPrepare || verb == Verb::kCommit || verb == Verb::kRollback;
  }
  const bool padding = !is_known(type) && event.header.has(kFlagIgnorable);
  if (is_part_of_group(type) || padding) return false;
  if (!group_.gtid && (verb == Verb::kBegin || text_begins_with(event, "XA START"))) {
    transaction_ = true;
    return false;
  }
  group_.standalone = type != EventType::kMysqlTransactionPayload;
  if (!group_.gtid) group_.ddl = is_query(type) && verb == Verb::kOther && !text_begins_with(event, "XA ");
  return true;
}

}  // namespace lifeboat::binlog
