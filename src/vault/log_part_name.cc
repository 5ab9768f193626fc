#include "vault/log_part_name.h"

#include <charconv>

#include "base/error.h"
#include "base/random.h"
#include "vault/format.h"

namespace lifeboat::vault {
namespace {

constexpr std::size_t kDigits = 16;

/// Takes one number of 16 lower-case hex digits and what follows it.
std::optional<std::uint64_t> take_number(std::string_view& text, std::string_view separator) {
  if (text.size() < kDigits + separator.size()) return std::nullopt;
  std::uint64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + kDigits, value, 16);
  if (error != std::errc{} || rest != text.data() + kDigits) return std::nullopt;
  if (text.substr(kDigits, separator.size()) != separator) return std::nullopt;
  text.remove_prefix(kDigits + separator.size());
  return value;
}

std::optional<LogPartName> parse(std::string_view text) {
  if (!text.starts_with(kLogsPrefix)) return std::nullopt;
  text.remove_prefix(kLogsPrefix.size());
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto stream = find_id(text.substr(0, slash));
  text.remove_prefix(slash + 1);
  const auto file = take_number(text, "-");
  const auto begin = file ? take_number(text, "-") : std::nullopt;
  const auto end = begin ? take_number(text, "-") : std::nullopt;
  if (!stream || !end || text.empty()) return std::nullopt;
  const bool closes = text.front() == 'c';
  text.remove_prefix(1);
  const auto unique = take_number(text, "");
  if (!unique || !text.empty()) return std::nullopt;
  return LogPartName{*stream, *file, *begin, *end, closes, *unique};
}

}  // namespace

LogPartName new_log_part(LogPartName name) {
  name.unique = random_number();
  return name;
}

std::string log_stream_prefix(const Id& stream) {
  return format("{}{}/", kLogsPrefix, id_text(stream));
}

std::string log_part_object(const LogPartName& name) {
  return format("{}{:016x}-{:016x}-{:016x}-{}{:016x}", log_stream_prefix(name.stream), name.file, name.begin, name.end,
                name.closes ? 'c' : 'o', name.unique);
}

std::optional<LogPartName> parse_log_part_object(std::string_view name) {
  const auto parsed = parse(name);
  // There is one spelling of each.
  if (!parsed || parsed->end < parsed->begin || log_part_object(*parsed) != name) return std::nullopt;
  return parsed;
}

}  // namespace lifeboat::vault
