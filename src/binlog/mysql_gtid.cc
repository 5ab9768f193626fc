#include "binlog/mysql_gtid.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/error.h"
#include "binlog/wire.h"

namespace lifeboat::binlog {

namespace {

constexpr std::size_t kUuidText = 36;
constexpr std::uint64_t kMaxNumber = std::numeric_limits<std::int64_t>::max();
using Intervals = std::vector<GtidInterval>;

[[noreturn]] void not_a_set(std::string_view text) {
  fail(Code::kUsage, format("'{}' is not a MySQL GTID set", text),
       "MySQL writes uuid:number or uuid:first-last; separate several by colons, uuids by commas.");
}

bool valid_tag(std::string_view tag) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return !tag.empty() && tag.size() <= GtidSource::kMaxTag && letter(tag[0]) &&
         std::ranges::all_of(tag, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::string without_blanks(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') out += c;
  }
  return out;
}

/// Cuts the part up to `mark` off the front of `rest`; at the end, what is left.
std::string_view cut(std::string_view& rest, char mark) {
  const std::size_t at = rest.find(mark);
  const std::string_view part = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return part;
}

std::uint64_t parse_number(std::string_view text, std::string_view whole) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value >= kMaxNumber) not_a_set(whole);
  return value;
}

void parse_source(std::string_view part, std::string_view whole, GtidSet& set) {
  GtidSource source;
  source.uuid = parse_uuid(cut(part, ':'));
  while (!part.empty()) {
    std::string_view item = cut(part, ':');
    if (valid_tag(item)) {
      source.tag = item;
      continue;
    }
    const bool range = item.find('-') != std::string_view::npos;
    const std::uint64_t first = parse_number(cut(item, '-'), whole);
    const std::uint64_t last = range ? parse_number(item, whole) : first;
    if (first == 0) not_a_set(whole);
    if (first <= last) set.add(source, {first, last + 1});
  }
}

}  // namespace

std::string format_uuid(const Uuid& uuid) {
  std::string out = to_hex(uuid);
  for (const std::size_t at : {20U, 16U, 12U, 8U}) out.insert(at, "-");
  return out;
}

Uuid parse_uuid(std::string_view text) {
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash_place = i == 8 || i == 13 || i == 18 || i == 23;
    if (text.size() == kUuidText && dash_place && text[i] == '-') continue;
    digits += text[i];
  }
  constexpr std::size_t kDigits = 32;
  constexpr std::string_view kHex = "0123456789abcdefABCDEF";
  if (digits.size() != kDigits || digits.find_first_not_of(kHex) != std::string::npos) {
    fail(Code::kUsage, format("'{}' is not a UUID", text));
  }
  Uuid uuid;
  std::ranges::copy(from_hex(digits), uuid.begin());
  return uuid;
}

std::string format_gtid(const MysqlGtid& gtid) {
  const std::string_view colon = gtid.source.tag.empty() ? "" : ":";
  return format("{}{}{}:{}", format_uuid(gtid.source.uuid), colon, gtid.source.tag, gtid.number);
}

MysqlGtid parse_mysql_gtid(std::string_view text) {
  const GtidSet set = GtidSet::parse(text);
  if (set.count() != 1) fail(Code::kUsage, format("'{}' is not one MySQL GTID", text));
  const auto& [source, intervals] = *set.sources().begin();
  return {source, intervals.front().begin};
}

GtidSet GtidSet::parse(std::string_view text) {
  const std::string dense = without_blanks(text);
  std::string_view rest = dense;
  GtidSet set;
  while (!rest.empty()) parse_source(cut(rest, ','), text, set);
  return set;
}

std::string GtidSet::format() const {
  std::string out;
  const Uuid* previous = nullptr;
  for (const auto& [source, intervals] : sources_) {
    if (previous == nullptr || *previous != source.uuid) {
      if (previous != nullptr) out += ',';
      out += format_uuid(source.uuid);
    }
    previous = &source.uuid;
    if (!source.tag.empty()) out += ':' + source.tag;
    for (const GtidInterval& interval : intervals) {
      out += lifeboat::format(":{}", interval.begin);
      if (interval.end - interval.begin > 1) out += lifeboat::format("-{}", interval.end - 1);
    }
  }
  return out;
}

void GtidSet::add(const GtidSource& source, GtidInterval interval) {
  if (interval.begin >= interval.end) return;
  Intervals& all = sources_[source];
  // Everything from `first` to `last` touches the new interval and melts into it.
  const auto first = std::ranges::lower_bound(all, interval.begin, {}, &GtidInterval::end);
  auto last = first;
  for (; last != all.end() && last->begin <= interval.end; ++last) {
    interval.begin = std::min(interval.begin, last->begin);
    interval.end = std::max(interval.end, last->end);
  }
  if (first == last) {
    all.insert(first, interval);
    return;
  }
  *first = interval;
  all.erase(first + 1, last);
}

void GtidSet::add(const GtidSet& other) {
  for (const auto& [source, intervals] : other.sources_) {
    for (const GtidInterval& interval : intervals) add(source, interval);
  }
}

void GtidSet::subtract(const GtidSource& source, GtidInterval interval) {
  const auto found = sources_.find(source);
  if (found == sources_.end() || interval.begin >= interval.end) return;
  Intervals left;
  for (const GtidInterval& each : found->second) {
    const GtidInterval before{each.begin, std::min(each.end, interval.begin)};
    const GtidInterval after{std::max(each.begin, interval.end), each.end};
    if (before.begin < before.end) left.push_back(before);
    if (after.begin < after.end) left.push_back(after);
  }
  if (left.empty()) {
    sources_.erase(found);
  } else {
    found->second = std::move(left);
  }
}

void GtidSet::subtract(const GtidSet& other) {
  for (const auto& [source, intervals] : other.sources_) {
    for (const GtidInterval& interval : intervals) subtract(source, interval);
  }
}

namespace {
bool holds(const Intervals& all, const GtidInterval& wanted) {
  const auto found = std::ranges::upper_bound(all, wanted.begin, {}, &GtidInterval::end);
  return found != all.end() && found->begin <= wanted.begin && wanted.end <= found->end;
}
}  // namespace

bool GtidSet::contains(const MysqlGtid& gtid) const {
  const auto found = sources_.find(gtid.source);
  return found != sources_.end() && holds(found->second, {gtid.number, gtid.number + 1});
}

bool GtidSet::contains(const GtidSet& other) const {
  return std::ranges::all_of(other.sources_, [&](const auto& entry) {
    const auto found = sources_.find(entry.first);
    return found != sources_.end() &&
           std::ranges::all_of(entry.second, [&](const GtidInterval& each) { return holds(found->second, each); });
  });
}

std::uint64_t GtidSet::count() const {
  std::uint64_t total = 0;
  for (const auto& [source, intervals] : sources_) {
    for (const GtidInterval& interval : intervals) total += interval.end - interval.begin;
  }
  return total;
}

namespace {

GtidSource decode_source(Decoder& in, bool tagged) {
  GtidSource source;
  std::ranges::copy(in.raw(source.uuid.size()), source.uuid.begin());
  if (!tagged) return source;
  const std::uint64_t size = read_varlen(in);
  if (size > GtidSource::kMaxTag) in.bad("tag too long");
  source.tag = as_text(in.raw(static_cast<std::size_t>(size)));
  if (!source.tag.empty() && !valid_tag(source.tag)) in.bad("not a tag");
  return source;
}

}  // namespace

GtidSet GtidSet::decode(ByteView bytes) {
  Decoder in(bytes, "gtid set");
  const std::uint64_t head = in.u64();
  const bool tagged = head >> 56U == 1;
  if (head >> 56U > 1) in.bad("unknown form");
  const std::uint64_t count = tagged ? (head >> 8U) & 0xffffffffffffU : head;
  GtidSet set;
  for (std::uint64_t i = 0; i < count; ++i) {
    const GtidSource source = decode_source(in, tagged);
    constexpr std::size_t kIntervalSize = 16;
    const std::uint64_t intervals = in.u64();
    if (intervals > in.left() / kIntervalSize) in.bad("more intervals than bytes");
    std::uint64_t least = 1;
    for (std::uint64_t k = 0; k < intervals; ++k) {
      const std::uint64_t begin = in.u64();
      const std::uint64_t end = in.u64();
      // Ascending, which also makes adding them cheap.
      if (begin < least || end <= begin || end > kMaxNumber) in.bad("intervals out of order");
      set.add(source, {begin, end});
      least = end;
    }
  }
  in.expect_end();
  return set;
}

Bytes GtidSet::encode() const {
  const bool tagged = std::ranges::any_of(sources_, [](const auto& entry) { return !entry.first.tag.empty(); });
  Encoder out;
  out.u64(tagged ? std::uint64_t{1} << 56U | std::uint64_t{sources_.size()} << 8U | 1U : sources_.size());
  for (const auto& [source, intervals] : sources_) {
    out.raw(source.uuid);
    if (tagged) {
      append_varlen(out, source.tag.size());
      out.raw(source.tag);
    }
    out.u64(intervals.size());
    for (const GtidInterval& interval : intervals) {
      out.u64(interval.begin);
      out.u64(interval.end);
    }
  }
  return out.take();
}

}  // namespace lifeboat::binlog
