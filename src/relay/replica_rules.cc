#include "relay/replica_rules.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/log.h"
#include "base/units.h"

namespace lifeboat::relay {
namespace {

constexpr std::size_t kFileSizeMax = std::size_t{4} << 20U;

std::vector<std::string> split_words(std::string_view line) {
  constexpr std::string_view kSpace = " \t\r";
  std::vector<std::string> words;
  line = line.substr(0, line.find('#'));
  for (;;) {
    const std::size_t from = line.find_first_not_of(kSpace);
    if (from == std::string_view::npos) return words;
    line.remove_prefix(from);
    const std::size_t end = std::min(line.find_first_of(kSpace), line.size());
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

std::string read_rules(const Path& file) {
  return file.empty() ? std::string() : std::string(as_text(read_file(file, kFileSizeMax)));
}

}  // namespace

RuleSet::Line RuleSet::parse_line(const std::vector<std::string>& words) {
  Line line;
  const std::string& who = words[0];
  if (who.starts_with("user:") && who.size() > 5) {
    line.user = who.substr(5);
  } else if (who.starts_with("id:")) {
    std::uint32_t id = 0;
    const char* const end = who.data() + who.size();
    if (const auto parsed = std::from_chars(who.data() + 3, end, id); parsed.ec != std::errc{} || parsed.ptr != end) {
      fail(Code::kUsage, format("\"{}\" is no server id", who));
    }
    line.server_id = id;
  } else if (who != "*") {
    fail(Code::kUsage, format("\"{}\" names no replica", who), "Write *, user:ACCOUNT or id:SERVER_ID.");
  }
  const std::string rule = words.size() > 1 ? words[1] : "";
  const bool has_value = words.size() == 3;
  if (rule == "hold" && words.size() == 2) {
    line.rules.hold = true;
  } else if (rule == "delay" && has_value) {
    line.rules.delay = parse_duration(words[2]);
  } else if (rule == "stop-after" && has_value) {
    line.rules.stop_after = binlog::parse_gtid(words[2]);
  } else if (rule == "skip" && has_value) {
    const std::vector<binlog::Gtid> gtids = binlog::parse_gtid_list(words[2]);
    line.rules.skip.insert(gtids.begin(), gtids.end());
  } else {
    fail(Code::kUsage, lifeboat::format("\"{}\" is no rule", fmt::join(words.begin() + 1, words.end(), " ")),
         "Write hold, delay DURATION, stop-after GTID or skip GTID,GTID….");
  }
  return line;
}

RuleSet RuleSet::parse(std::string_view text) {
  RuleSet out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::vector<std::string> words = split_words(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words.empty()) continue;
    try {
      out.lines_.push_back(parse_line(words));
    } catch (Exception& exception) {
      exception.add_context(format("in line {} of the replica rules", number));
      throw;
    }
  }
  return out;
}

ReplicaRules RuleSet::of(const ReplicaName& replica) const {
  ReplicaRules out;
  for (const Line& line : lines_) {
    if (!line.user.empty() && line.user != replica.user) continue;
    if (line.server_id && *line.server_id != replica.server_id) continue;
    out.hold = out.hold || line.rules.hold;
    out.delay = std::max(out.delay, line.rules.delay);
    if (line.rules.stop_after) out.stop_after = line.rules.stop_after;
    out.skip.insert(line.rules.skip.begin(), line.rules.skip.end());
  }
  return out;
}

RuleBook::RuleBook(Path file, std::chrono::milliseconds look_every)
    : file_(std::move(file)), look_every_(look_every), text_(read_rules(file_)) {
  rules_ = RuleSet::parse(text_);
  looked_ = std::chrono::steady_clock::now();
}

ReplicaRules RuleBook::of(const ReplicaName& replica) {
  const std::scoped_lock lock(mutex_);
  reload_if_changed();
  return rules_.of(replica);
}

void RuleBook::reload_if_changed() {
  const auto now = std::chrono::steady_clock::now();
  if (file_.empty() || now - looked_ < look_every_) return;
  looked_ = now;
  try {
    std::string text = read_rules(file_);
    problem_.clear();
    if (text == text_) return;
    text_ = std::move(text);
    rules_ = RuleSet::parse(text_);
    ++version_;
    log::info("replica rules: read again from {}", file_.string());
  } catch (const Exception& exception) {
    if (problem_ == exception.what()) return;  // said already
    problem_ = exception.what();
    log::error("replica rules: {}; the rules read before stay in force", problem_);
  }
}

}  // namespace lifeboat::relay
