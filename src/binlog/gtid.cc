#include "binlog/gtid.h"

#include <charconv>

#include "base/error.h"

namespace lifeboat::binlog {

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

[[noreturn]] void not_a_gtid(std::string_view text) {
  fail(Code::kUsage, format("'{}' is not a GTID", text),
       "MariaDB writes domain-server-sequence, for example 0-1-42; separate several by commas.");
}

/// The number up to `end_mark` (or to the end); removes both from `rest`.
template <typename Number>
Number take_number(std::string_view& rest, bool last, std::string_view whole) {
  Number value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  const auto used = static_cast<std::size_t>(end - rest.data());
  const bool ends_well = last ? used == rest.size() : used < rest.size() && rest[used] == '-';
  if (error != std::errc() || !ends_well) not_a_gtid(whole);
  rest.remove_prefix(last ? used : used + 1);
  return value;
}

}  // namespace

std::string format_gtid(const Gtid& gtid) {
  return format("{}-{}-{}", gtid.domain, gtid.server, gtid.sequence);
}

Gtid parse_gtid(std::string_view text) {
  std::string_view rest = trimmed(text);
  Gtid gtid;
  gtid.domain = take_number<std::uint32_t>(rest, false, text);
  gtid.server = take_number<std::uint32_t>(rest, false, text);
  gtid.sequence = take_number<std::uint64_t>(rest, true, text);
  return gtid;
}

std::vector<Gtid> parse_gtid_list(std::string_view text) {
  std::vector<Gtid> gtids;
  std::string_view rest = trimmed(text);
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    gtids.push_back(parse_gtid(rest.substr(0, comma)));
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
    if (rest.empty()) not_a_gtid(text);
  }
  return gtids;
}

std::string format_gtid_list(const std::vector<Gtid>& gtids) {
  std::string out;
  for (const Gtid& gtid : gtids) {
    if (!out.empty()) out += ',';
    out += format_gtid(gtid);
  }
  return out;
}

GtidPosition GtidPosition::parse(std::string_view text) {
  GtidPosition position;
  for (const Gtid& gtid : parse_gtid_list(text)) {
    if (position.find(gtid.domain)) {
      fail(Code::kUsage, lifeboat::format("'{}' names domain {} twice", text, gtid.domain),
           "A position has one GTID per replication domain.");
    }
    position.update(gtid);
  }
  return position;
}

std::string GtidPosition::format() const {
  return format_gtid_list(gtids());
}

std::optional<Gtid> GtidPosition::find(std::uint32_t domain) const {
  const auto found = last_.find(domain);
  if (found == last_.end()) return std::nullopt;
  return found->second;
}

std::vector<Gtid> GtidPosition::gtids() const {
  std::vector<Gtid> out;
  out.reserve(last_.size());
  for (const auto& [domain, gtid] : last_) out.push_back(gtid);
  return out;
}

bool GtidPosition::reached(const Gtid& gtid) const {
  const auto found = last_.find(gtid.domain);
  return found != last_.end() && found->second.sequence >= gtid.sequence;
}

bool GtidPosition::reached(const GtidPosition& other) const {
  for (const auto& [domain, gtid] : other.last_) {
    if (!reached(gtid)) return false;
  }
  return true;
}

GtidState GtidState::from_list(const std::vector<Gtid>& list) {
  GtidState state;
  for (const Gtid& gtid : list) state.update(gtid);
  return state;
}

std::vector<Gtid> GtidState::list() const {
  std::vector<Gtid> out;
  for (const auto& [number, domain] : domains_) {
    for (const auto& [server, sequence] : domain.sequences) {
      if (server != domain.last_server) out.push_back({number, server, sequence});
    }
    out.push_back({number, domain.last_server, domain.sequences.at(domain.last_server)});
  }
  return out;
}

void GtidState::update(const Gtid& gtid) {
  Domain& domain = domains_[gtid.domain];
  domain.sequences[gtid.server] = gtid.sequence;
  domain.last_server = gtid.server;
}

std::optional<Gtid> GtidState::last(std::uint32_t domain) const {
  const auto found = domains_.find(domain);
  if (found == domains_.end()) return std::nullopt;
  const std::uint32_t server = found->second.last_server;
  return Gtid{domain, server, found->second.sequences.at(server)};
}

std::optional<std::uint64_t> GtidState::sequence(std::uint32_t domain, std::uint32_t server) const {
  const auto found = domains_.find(domain);
  if (found == domains_.end()) return std::nullopt;
  const auto entry = found->second.sequences.find(server);
  if (entry == found->second.sequences.end()) return std::nullopt;
  return entry->second;
}

bool GtidState::covers(const Gtid& gtid) const {
  const std::optional<std::uint64_t> number = sequence(gtid.domain, gtid.server);
  return number && *number >= gtid.sequence;
}

GtidPosition GtidState::position() const {
  GtidPosition position;
  for (const auto& [domain, unused] : domains_) position.update(*last(domain));
  return position;
}

}  // namespace lifeboat::binlog
