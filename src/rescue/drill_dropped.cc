#include "rescue/drill_dropped.h"

#include <algorithm>
#include <map>
#include <set>

#include "rescue/drill_schema.h"

namespace lifeboat::rescue {
namespace {

using Kinds = std::set<std::string, std::less<>>;

/// What goes with each class.
const Kinds& kinds_dropped_by(const std::string& danger_class) {
  static const Kinds kNone;
  static const Kinds kInDatabase{"database", "table", "view", "trigger", "routine", "event"};
  static const Kinds kWithTable{"table", "trigger"};
  static const std::map<std::string, Kinds, std::less<>> kDroppedBy{
      {"drop_database", kInDatabase}, {"replace_database", kInDatabase},
      {"drop_table", kWithTable},     {"replace_table", kWithTable},
      {"move_partition", kWithTable}, {"rename_table", {"table", "view", "trigger"}},
      {"drop_view", {"view"}},        {"drop_routine", {"routine", "trigger", "event"}},
      {"account", {"user"}}};
  const auto found = kDroppedBy.find(danger_class);
  return found == kDroppedBy.end() ? kNone : found->second;
}

/// The name by which a statement would drop it.
std::string bare_name(const std::string& kind, std::string name) {
  if (kind == "user") return name.substr(0, name.rfind('@'));
  if (kind == "routine") name.resize(name.rfind(" ("));
  return name.substr(name.rfind('.') + 1);
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool is_of_word(char c) {
  const char small = lower(c);
  return (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// As a word of its own, in any case: triggers and routines are called by any.
bool names(const std::string& statement, const std::string& word) {
  if (word.empty()) return false;
  const auto same = [](char one, char other) { return lower(one) == lower(other); };
  for (auto at = statement.begin();; ++at) {
    at = std::search(at, statement.end(), word.begin(), word.end(), same);
    if (at == statement.end()) return false;
    const auto behind = at + static_cast<std::ptrdiff_t>(word.size());
    const bool begins = at == statement.begin() || !is_of_word(*std::prev(at)) || !is_of_word(word.front());
    const bool ends = behind == statement.end() || !is_of_word(*behind) || !is_of_word(word.back());
    if (begins && ends) return true;
  }
}

}  // namespace

bool may_be_dropped_by(const std::string& object, const FoundDanger& danger) {
  const std::string kind = kind_of(object);
  if (!kinds_dropped_by(danger.danger_class).contains(kind)) return false;
  return lies_in(object, danger.objects) || names(danger.statement, bare_name(kind, object.substr(kind.size() + 1)));
}

}  // namespace lifeboat::rescue
