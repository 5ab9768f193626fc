#include "relay/guard_walk.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/units.h"
#include "binlog/format_description.h"
#include "relay/gate.h"

namespace lifeboat::relay {
namespace {

using binlog::DangerClass;
using binlog::Place;

constexpr std::uint64_t kPage = 4096;

std::chrono::seconds longest(const std::vector<std::chrono::seconds>& windows) {
  return windows.empty() ? std::chrono::seconds(1) : windows.back();
}

/// The bytes of an event that is too large to hold: the kernel brings what is looked at.
class MappedEvent {
 public:
  MappedEvent(const Path& path, const EventFileReader::Item& item) : offset_(item.begin % kPage) {
    const UniqueFd file = open_file(path, O_RDONLY);
    size_ = offset_ + item.header.size;
    data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), static_cast<off_t>(item.begin - offset_));
    if (data_ == MAP_FAILED) fail_errno(format("map {}", path.string()), errno);
  }
  ~MappedEvent() { ::munmap(data_, size_); }
  MappedEvent(const MappedEvent&) = delete;
  MappedEvent& operator=(const MappedEvent&) = delete;

  ByteView bytes() const { return ByteView(static_cast<const std::uint8_t*>(data_), size_).subspan(offset_); }

 private:
  void* data_ = nullptr;
  std::size_t offset_;
  std::size_t size_ = 0;
};

}  // namespace

GuardWalk::GuardWalk(const GuardConfig& config)
    : mass_(config.mass),
      windows_(rule_windows(config)),
      classifier_({.mass = {.deleted = config.mass.deleted, .updated = config.mass.updated}}),
      lately_(config.mass.window),
      all_(longest(windows_)) {}

void GuardWalk::open(const std::string& name, const Path& path) {
  reader_ = std::make_unique<EventFileReader>(path, binlog::kFirstEvent);
  file_ = name;
  path_ = path;
  groups_.reset();
}

bool GuardWalk::step(std::uint64_t bound, const std::function<bool()>& go_on, const OnGroup& on_group) {
  while (reader_->position() < bound) {
    if (!go_on()) return false;
    if (const auto item = reader_->next(bound)) read(*item, on_group);
  }
  return true;
}

/// No log calls readable what its source's crash left without an end (find_closed_end). Should one, it is judged:
/// replicas would run it, and roll back what can be rolled back.
void GuardWalk::end_file(const OnGroup& on_group) {
  if (!groups_.inside()) return;
  on_group({.begin = group_begin_, .end = reader_->position(), .facts = finish()});
  groups_.reset();
}

void GuardWalk::read(const EventFileReader::Item& item, const OnGroup& on_group) {
  if (item.whole()) return add(split_event(item.bytes, checksum_), item, on_group);
  if (item.header.size > kInMemoryMax) {
    const MappedEvent mapped(path_, item);
    return add(split_event(mapped.bytes(), checksum_), item, on_group);
  }
  Bytes whole(item.bytes.begin(), item.bytes.end());
  for (ByteView part = reader_->more(); !part.empty(); part = reader_->more()) {
    whole.insert(whole.end(), part.begin(), part.end());
  }
  add(split_event(whole, checksum_), item, on_group);
}

void GuardWalk::add(const binlog::Event& event, const EventFileReader::Item& item, const OnGroup& on_group) {
  if (event.header.type == binlog::EventType::kFormatDescription) checksum_ = decode_format_description(event).checksum;
  const Place place = groups_.next(event);
  if (groups_.torn()) on_group({.begin = group_begin_, .end = item.begin, .facts = finish()});
  classifier_.add(event);
  if (place == Place::kBegins || place == Place::kWhole) {
    group_begin_ = item.begin;
    group_gtid_ = gtid_text(groups_.group());
  }
  if (place != Place::kEnds && place != Place::kWhole) return;
  on_group({.begin = group_begin_, .end = item.end, .facts = finish()});
}

GroupFacts GuardWalk::finish() {
  GroupFacts facts{.danger = classifier_.finish(), .gtid = group_gtid_, .windows = {}};
  count_lately(facts);
  return facts;
}

void GuardWalk::count_lately(GroupFacts& facts) {
  binlog::GroupDanger& danger = facts.danger;
  // A session may set its clock: what is of a time to come would make the window forget what went a moment ago.
  const std::int64_t time_s = std::min(danger.time_s, unix_ms(now()) / 1000);
  for (const auto& changed : changed_rows(danger)) {
    const auto& [table, rows] = changed;
    if (!windows_.empty()) {
      all_.add(table, rows, time_s);
      for (const auto window : windows_) facts.windows[table].push_back(all_.sum(table, window));
    }
    if (std::max(rows.deleted, rows.updated) < mass_.window_from) continue;
    lately_.add(table, rows, time_s);
    const ChangedRows sum = lately_.sum(table, mass_.window);
    const auto note = [&](DangerClass mass, std::uint64_t count, std::uint64_t now, std::string_view what) {
      if (now == 0 || count < mass_.window_rows) return;
      danger.effects.push_back(
          {mass, {changed.first}, count, format("{} rows {} in {}", count, what, format_duration(mass_.window))});
      danger.severity = worse(danger.severity, binlog::severity_of(mass));
    };
    note(DangerClass::kMassDelete, sum.deleted, rows.deleted, "deleted");
    note(DangerClass::kMassUpdate, sum.updated, rows.updated, "updated");
  }
}

}  // namespace lifeboat::relay
