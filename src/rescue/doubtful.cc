#include "rescue/doubtful.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/cancel.h"
#include "base/error.h"
#include "base/printable.h"
#include "binlog/control_events.h"
#include "binlog/rows.h"
#include "binlog/statement_reads.h"
#include "relay/event_file_reader.h"

namespace lifeboat::rescue {
namespace {

using binlog::DangerClass;
using binlog::kFirstEvent;
using binlog::TableName;

constexpr std::size_t kEventMax = std::size_t{16} << 20U;
constexpr std::size_t kStatementSaid = 200;

bool is_update(DangerClass danger) {
  return danger == DangerClass::kUpdateRows || danger == DangerClass::kUpdateRange ||
         danger == DangerClass::kUpdateAll || danger == DangerClass::kMassUpdate;
}

/// What was saved, and where the values of an UPDATE that is left out may come back.
class SavedTables {
 public:
  void add(const binlog::GroupDanger& group) {
    for (const binlog::Effect& effect : group.effects) {
      for (const TableName& object : effect.objects) add(object, is_update(effect.danger));
    }
    for (const auto& [table, rows] : group.rows) add(table, rows.updated > 0);
  }
  const std::vector<TableName>& all() const { return all_; }
  bool was_updated(const TableName& table) const { return updated_.contains(table); }

 private:
  void add(const TableName& table, bool updated) {
    if (table.name.empty()) return;
    if (std::ranges::find(all_, table) == all_.end()) all_.push_back(table);
    if (updated) updated_.insert(table);
  }

  std::vector<TableName> all_;
  std::set<TableName> updated_;
};

/// The transactions of one file, one after the other.
class DoubtReader {
 public:
  explicit DoubtReader(const Path& path) : reader_(path, kFirstEvent) {}

  /// Why a transaction is doubtful; empty: it is not.
  std::string judge(const relay::IndexEntry& entry, const SavedTables& saved) {
    if (!has_format_) {
      reader_.seek(kFirstEvent);
      if (const auto item = reader_.next(entry.begin)) read_format(*item);
    }
    reader_.seek(entry.begin);
    maps_.clear();
    while (const auto item = reader_.next(entry.end)) {
      std::string why = judge_event(*item, saved);
      if (!why.empty()) return why;
    }
    return {};
  }

 private:
  void read_format(const relay::EventFileReader::Item& item) {
    checksum_ = binlog::decode_format_description(binlog::split_event(item.bytes, checksum_)).checksum;
    has_format_ = true;
  }

  std::string judge_event(const relay::EventFileReader::Item& item, const SavedTables& saved) {
    const binlog::EventType type = item.header.type;
    const bool rows = binlog::rows_kind(type) == binlog::RowsKind::kUpdate;
    const bool text = binlog::is_query(type) || type == binlog::EventType::kAnnotateRows;
    if (!rows && !text && type != binlog::EventType::kTableMap) return {};
    if (rows) return judge_rows(item, saved);
    if (item.header.size > kEventMax) return text ? "its statement is too long to be looked into" : "";
    const binlog::Event event = binlog::split_event(whole(item), checksum_);
    if (type == binlog::EventType::kTableMap) {
      const binlog::TableMap map = binlog::decode_table_map(event, binlog::Flavour::kMariadb);
      maps_[map.table_id] = {.database = map.database, .name = map.table};
      return {};
    }
    if (type == binlog::EventType::kAnnotateRows) {
      return judge_text(binlog::decode_annotate_rows(event), {}, {}, saved);
    }
    const binlog::QueryEvent query = binlog::decode_query(event, kEventMax);
    return judge_text(query.text(), binlog::dialect_of(query.status), query.database, saved);
  }

  /// A row is found by its key and gets all columns that the event brings.
  std::string judge_rows(const relay::EventFileReader::Item& item, const SavedTables& saved) {
    const binlog::Event event{.header = item.header,
                              .whole = item.bytes,
                              .body = item.bytes.subspan(binlog::kEventHeaderSize),
                              .checksum = binlog::Checksum::kNone};
    const auto map = maps_.find(binlog::decode_rows_header(event).table_id);
    if (map == maps_.end() || !saved.was_updated(map->second)) return {};
    return format("changes rows of {} to what they were behind what is left out", map->second.text());
  }

  static std::string judge_text(std::string_view text, const binlog::SqlDialect& dialect, std::string_view database,
                                const SavedTables& saved) {
    const auto table = binlog::table_read(text, dialect, database, saved.all());
    if (!table) return {};
    return format("depends on {}: {}", table->text(), printable(std::string(text.substr(0, kStatementSaid))));
  }

  ByteView whole(const relay::EventFileReader::Item& item) {
    if (item.whole()) return item.bytes;
    assembled_.assign(item.bytes.begin(), item.bytes.end());
    for (ByteView more = reader_.more(); !more.empty(); more = reader_.more()) {
      assembled_.insert(assembled_.end(), more.begin(), more.end());
    }
    return assembled_;
  }

  relay::EventFileReader reader_;
  Bytes assembled_;
  binlog::Checksum checksum_ = binlog::Checksum::kNone;
  bool has_format_ = false;
  std::map<std::uint64_t, TableName> maps_;
};

class DoubtFinder {
 public:
  DoubtFinder(RescueLog& log, const std::vector<std::string>& left_out, const binlog::GtidPosition& until)
      : log_(log), index_(*log.log()), end_(log.place_of(until)) {
    for (const std::string& gtid : left_out) {
      if (const auto place = log.find(binlog::parse_gtid(gtid))) left_out_[*place] = gtid;
    }
  }

  std::vector<RescueNote> find() {
    if (left_out_.empty() || !end_) return {};
    for (const relay::ServedLog::File& file : log_.log()->files()) {
      const std::uint64_t number = relay::log_file_number(file.name);
      if (number < left_out_.begin()->first.file || number > end_->file) continue;
      DoubtReader reader(file.path);
      index_.visit(file, [&](const relay::IndexEntry& entry) { return take(file, number, entry, reader); });
    }
    return std::move(found_);
  }

 private:
  bool take(const relay::ServedLog::File& file, std::uint64_t number, const relay::IndexEntry& entry,
            DoubtReader& reader) {
    throw_if_cancelled();
    const LogPlace place{.file = number, .begin = entry.begin, .end = entry.end};
    if (*end_ < place || found_.size() >= kDoubtfulMost) return false;
    if (left_out_.contains(place)) {
      saved_.add(relay::LogIndex::load({.file = file, .entry = entry}).danger);
      return true;
    }
    if (saved_.all().empty()) return true;
    const std::string why = reader.judge(entry, saved_);
    if (why.empty()) return true;
    const bool last = found_.size() + 1 == kDoubtfulMost;
    found_.push_back({.subject = entry.gtid_text(), .said = last ? "there are more behind this one; " + why : why});
    return true;
  }

  RescueLog& log_;
  relay::LogIndex index_;
  std::optional<LogPlace> end_;
  std::map<LogPlace, std::string> left_out_;
  SavedTables saved_;
  std::vector<RescueNote> found_;
};

}  // namespace

std::vector<RescueNote> find_doubtful(RescueLog& log, const std::vector<std::string>& left_out,
                                      const binlog::GtidPosition& until) {
  return DoubtFinder(log, left_out, until).find();
}

}  // namespace lifeboat::rescue
