#include "rescue/rescue_log.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <functional>
#include <set>

#include "base/error.h"
#include "relay/log_gaps.h"

namespace lifeboat::rescue {
namespace {

SystemTime time_of_entry(const relay::IndexEntry& entry) {
  return from_unix_ms(std::int64_t{entry.time} * 1000);
}

LogPlace place_in(const relay::ServedLog::File& file, const relay::IndexEntry& entry) {
  return {.file = relay::log_file_number(file.name), .begin = entry.begin, .end = entry.end};
}

constexpr std::string_view kWhichMoments =
    "A moment is a time (2026-11-28T22:40:00Z), a GTID (0-1-42) or FILE:POSITION.";

/// What is none may have been meant as any kind of moment.
binlog::GtidPosition parse_position(const std::string& text) {
  try {
    return binlog::GtidPosition::parse(text);
  } catch (const Exception&) {
    fail(Code::kUsage, format("'{}' is no moment of the log", text), std::string(kWhichMoments));
  }
}

}  // namespace

RescueLog::RescueLog(const Path& incarnation)
    : log_(std::make_shared<relay::LogDirectory>(incarnation)), index_(*log_) {
  if (log_->files().empty()) {
    fail(Code::kNotFound, format("{}: holds no log", incarnation.string()),
         "With the log in the vault: lifeboat rescue --standalone");
  }
}

binlog::GtidPosition RescueLog::begin() const {
  const auto files = log_->files();
  return files.front().head ? binlog::GtidState::from_list(*files.front().head).position() : binlog::GtidPosition();
}

std::optional<SystemTime> RescueLog::end_time() const {
  const auto files = log_->files();
  std::optional<SystemTime> last;
  for (auto file = files.rbegin(); file != files.rend() && !last; ++file) {
    index_.visit(*file, [&](const relay::IndexEntry& entry) {
      last = time_of_entry(entry);
      return true;
    });
  }
  return last;
}

std::vector<FoundDanger> RescueLog::newest_dangers(std::size_t most, const binlog::GtidPosition& behind,
                                                   binlog::Severity least) {
  const auto place = place_of(behind);
  std::map<binlog::DangerClass, std::deque<relay::LogIndex::Found>> newest;
  for (const relay::ServedLog::File& file : files_from(place)) {
    index_.visit(file, [&](const relay::IndexEntry& entry) {
      if (entry.severity < least || !entry.gtid || (place && place_in(file, entry) <= *place)) return true;
      auto& of_class = newest[entry.danger];
      of_class.push_back({.file = file, .entry = entry});
      if (of_class.size() > most) of_class.pop_front();
      return true;
    });
  }
  std::vector<FoundDanger> dangers;
  for (const auto& [_, of_class] : newest) {
    for (const relay::LogIndex::Found& found : of_class) dangers.push_back(describe(found));
  }
  std::ranges::sort(dangers, std::ranges::greater(), &FoundDanger::place);
  return dangers;
}

FoundDanger RescueLog::danger(const binlog::Gtid& gtid) const {
  const auto found = index_.find(format_gtid(gtid));
  if (found) return describe(*found);
  fail(Code::kNotFound,
       format("the log has no transaction {}: it goes from '{}' to '{}'", format_gtid(gtid), begin().format(),
              end().format()),
       format("See which there are: lifeboat log dangers --dir {}", log_->path().parent_path().parent_path().string()));
}

FoundDanger RescueLog::describe(const relay::LogIndex::Found& found) const {
  const binlog::GroupDanger group = relay::LogIndex::load(found).danger;
  FoundDanger danger{.gtid = found.entry.gtid.value_or(binlog::Gtid()),
                     .time = time_of_entry(found.entry),
                     .place = place_in(found.file, found.entry),
                     .danger_class = std::string(binlog::danger_class_name(found.entry.danger)),
                     .rows = found.entry.rows,
                     .statement = group.statement,
                     .thread = group.thread_id};
  if (!group.user.empty()) danger.account = format("{}@{}", group.user, group.user_host);
  std::set<std::string> objects;
  for (const binlog::Effect& effect : group.effects) {
    for (const binlog::TableName& object : effect.objects) objects.insert(object.text());
  }
  danger.objects.assign(objects.begin(), objects.end());
  return danger;
}

const std::optional<RescueLog::Known>& RescueLog::look_up(const binlog::Gtid& gtid) {
  const auto known = known_.find(gtid);
  if (known != known_.end()) return known->second;
  std::optional<Known> looked;
  if (log_->state().covers(gtid)) {
    if (const auto found = index_.find(format_gtid(gtid))) {
      looked = Known{.place = place_in(found->file, found->entry), .time = time_of_entry(found->entry)};
    }
  }
  return known_.emplace(gtid, looked).first->second;
}

std::optional<LogPlace> RescueLog::find(const binlog::Gtid& gtid) {
  const auto& known = look_up(gtid);
  return known ? std::optional(known->place) : std::nullopt;
}

std::optional<SystemTime> RescueLog::time_of(const binlog::Gtid& gtid) {
  const auto& known = look_up(gtid);
  return known ? std::optional(known->time) : std::nullopt;
}

bool RescueLog::has(const binlog::GtidPosition& position, const binlog::Gtid& gtid) {
  const auto last = position.find(gtid.domain);
  if (!last) return false;
  if (*last == gtid) return true;
  const auto of_last = find(*last);
  const auto of_gtid = find(gtid);
  return of_last && of_gtid ? *of_gtid <= *of_last : position.reached(gtid);
}

bool RescueLog::knows(const binlog::GtidPosition& position) const {
  const binlog::GtidState state = log_->state();
  return std::ranges::all_of(position.gtids(),
                             [&](const binlog::Gtid& gtid) { return !state.last(gtid.domain) || state.covers(gtid); });
}

RescueLog::Rest RescueLog::rest_behind(const binlog::GtidPosition& position) {
  std::map<std::uint32_t, LogPlace> reached;
  for (const binlog::Gtid& gtid : position.gtids()) {
    if (const auto place = find(gtid)) reached[gtid.domain] = *place;
  }
  Rest rest;
  for (const relay::ServedLog::File& file : log_->files()) {
    index_.visit(file, [&](const relay::IndexEntry& entry) {
      if (!entry.gtid) return true;
      const auto place = reached.find(entry.gtid->domain);
      const bool has = place == reached.end() ? position.reached(*entry.gtid) : place_in(file, entry) <= place->second;
      if (has) return true;
      rest.last = time_of_entry(entry);
      if (++rest.transactions == 1) rest.first = rest.last;
      return true;
    });
  }
  return rest;
}

std::optional<LogPlace> RescueLog::place_of(const binlog::GtidPosition& position) {
  std::optional<LogPlace> last;
  for (const binlog::Gtid& gtid : position.gtids()) {
    const auto place = find(gtid);
    if (place && (!last || *last < *place)) last = place;
  }
  return last;
}

std::uint64_t RescueLog::bytes_behind(const std::optional<LogPlace>& place) const {
  std::uint64_t bytes = 0;
  for (const auto& file : files_from(place)) bytes += log_->end_of(file.name).readable;
  return place ? bytes - std::min(bytes, place->end) : bytes;
}

std::vector<relay::ServedLog::File> RescueLog::files_from(const std::optional<LogPlace>& place) const {
  std::vector<relay::ServedLog::File> files = log_->files();
  std::erase_if(files, [&](const auto& file) { return place && relay::log_file_number(file.name) < place->file; });
  return files;
}

std::vector<relay::ServedLog::File> RescueLog::files_from(const binlog::GtidPosition& position) {
  return files_from(place_of(position));
}

std::uint64_t RescueLog::bytes_after(const binlog::GtidPosition& position) {
  return bytes_behind(place_of(position));
}

std::uint64_t RescueLog::bytes_since(SystemTime time) const {
  const auto found = index_.find_time(static_cast<std::uint32_t>(unix_ms(time) / 1000));
  return found ? bytes_behind(place_in(found->file, found->entry)) : 0;
}

binlog::GtidPosition RescueLog::position_at(const relay::ServedLog::File& file, std::uint64_t bound) const {
  if (!file.head) {
    fail(Code::kUnsupported, format("{}: does not tell which transactions lie before it", file.name),
         "Name the moment by a GTID position: --to 0-1-42");
  }
  binlog::GtidState state = binlog::GtidState::from_list(*file.head);
  index_.visit(file, [&](const relay::IndexEntry& entry) {
    if (entry.end > bound) return false;
    if (entry.gtid) state.update(*entry.gtid);
    return true;
  });
  return state.position();
}

binlog::GtidPosition RescueLog::position_in_file(const std::string& text) const {
  const std::size_t colon = text.rfind(':');
  const std::string name = text.substr(0, colon);
  std::uint64_t position = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + colon + 1, end, position);
  if (read.ec != std::errc{} || read.ptr != end) {
    fail(Code::kUsage, format("'{}' is no moment of the log", text), std::string(kWhichMoments));
  }
  for (const auto& file : log_->files()) {
    if (file.name == name) return position_at(file, position);
  }
  fail(Code::kNotFound, format("the log has no file {}", name),
       "Its files: lifeboat log ls --dir " + path().parent_path().parent_path().string());
}

std::optional<SystemTime> RescueLog::time_in(const std::string& text) {
  if (text.find('T') == std::string::npos || !text.ends_with('Z')) return std::nullopt;
  return parse_time(text);
}

binlog::GtidPosition RescueLog::moment(const std::string& text) const {
  if (text.empty()) return end();
  if (const auto time = time_in(text)) {
    const auto found = index_.find_time(static_cast<std::uint32_t>(unix_ms(*time) / 1000));
    return found ? position_at(found->file, found->entry.begin) : end();
  }
  const std::size_t colon = text.rfind(':');
  if (colon != std::string::npos && relay::is_log_file_name(text.substr(0, colon))) return position_in_file(text);
  const binlog::GtidPosition position = parse_position(text);
  const auto gtids = position.gtids();
  if (gtids.size() != 1) return position;
  const auto found = index_.find(format_gtid(gtids.front()));
  if (found) return position_at(found->file, found->entry.end);
  if (end().gtids() == gtids) return end();  // its file may be in the vault alone
  fail(Code::kNotFound,
       format("the log has no transaction {}: it goes from '{}' to '{}'", text, begin().format(), end().format()),
       std::string(kWhichMoments));
}

std::optional<RescueLog::Gap> RescueLog::gap_behind(const std::optional<binlog::GtidPosition>& position,
                                                    const binlog::GtidPosition& until) const {
  for (const relay::LogGap& gap : relay::judge_continuity(path().parent_path()).gaps) {
    if (!gap.lost || gap.incarnation != path().filename().string()) continue;
    const auto kept = binlog::GtidPosition::parse(gap.kept_to);
    const bool before = !position || kept.reached(*position);
    if (!before || kept.reached(until)) continue;
    return Gap{
        .kept_to = kept,
        .loss = format("all after {}: the log has a gap from there to {} ({})", gap.kept_to, gap.begins, gap.file)};
  }
  return std::nullopt;
}

bool is_of_log(const relay::HoldSubject& subject, const Path& incarnation) {
  return subject.source == incarnation.parent_path().filename() && subject.incarnation == incarnation.filename();
}

}  // namespace lifeboat::rescue
