#include "rescue/left_out_choice.h"

#include <algorithm>
#include <cctype>
#include <map>

namespace lifeboat::rescue {
namespace {

constexpr std::chrono::hours kOneSession{1};
/// What comes again sooner is of the same occasion: a loop that deletes a thousand rows at a time is one mistake.
constexpr std::chrono::minutes kOneOccasion{1};
constexpr int kOccasionsOfHabit = 3;

/// What statements have alike that differ by the values in them.
std::string shape_of(const FoundDanger& danger) {
  std::string kind = danger.danger_class;
  for (const std::string& object : danger.objects) kind += '\n' + object;
  kind += '\n';
  char quote = 0;
  for (const char c : danger.statement) {
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
      kind += '?';
    } else if (std::isdigit(static_cast<unsigned char>(c)) == 0) {
      kind += c;
    } else if (kind.back() != '?') {
      kind += '?';
    }
  }
  return kind;
}

class Habits {
 public:
  explicit Habits(const std::vector<FoundDanger>& dangers) {
    for (const FoundDanger& danger : dangers) {
      Kind& kind = kinds_[shape_of(danger)];
      if (kind.occasions == 0 || kind.oldest - danger.time > kOneOccasion) ++kind.occasions;
      kind.oldest = danger.time;
    }
  }
  bool is_habit(const FoundDanger& danger) const { return kinds_.at(shape_of(danger)).occasions >= kOccasionsOfHabit; }

 private:
  struct Kind {
    int occasions = 0;
    SystemTime oldest;
  };
  std::map<std::string, Kind> kinds_;
};

}  // namespace

std::vector<FoundDanger> choose_left_out(const std::vector<FoundDanger>& dangers) {
  std::vector<FoundDanger> out;
  std::ranges::copy_if(dangers, std::back_inserter(out), [](const FoundDanger& each) { return each.guard == "held"; });
  if (!out.empty() || dangers.empty()) return out;
  const Habits habits(dangers);
  const auto once = std::ranges::find_if(dangers, [&](const FoundDanger& each) { return !habits.is_habit(each); });
  const FoundDanger& newest = once == dangers.end() ? dangers.front() : *once;
  std::ranges::copy_if(dangers, std::back_inserter(out), [&](const FoundDanger& each) {
    if (each.gtid == newest.gtid) return true;
    const bool same_session =
        newest.thread != 0 && each.thread == newest.thread && each.gtid.server == newest.gtid.server;
    const bool before = each.place < newest.place && newest.time - each.time < kOneSession;
    return same_session && before && !habits.is_habit(each);
  });
  return out;
}

}  // namespace lifeboat::rescue
