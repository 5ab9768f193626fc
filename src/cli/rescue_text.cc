// What `lifeboat rescue` says: for a person in the middle of the night, and for machines.

#include <algorithm>
#include <ctime>
#include <iterator>

#include "base/printable.h"
#include "cli/rescue_commands.h"

namespace lifeboat::cli {
namespace {

constexpr std::size_t kDangersShown = 4;
constexpr std::size_t kStatementShown = 90;
constexpr std::string_view kLeftOut = "LEFT OUT";

/// "2026-11-28T22:41:07Z (23:41:07 CET)".
std::string both_times(SystemTime time) {
  const std::time_t seconds = unix_ms(time) / 1000;
  std::tm local{};
  ::localtime_r(&seconds, &local);
  char text[64] = {};
  std::strftime(text, sizeof text, "%H:%M:%S %Z", &local);
  return format("{} ({})", format_time(time), text);
}

std::string joined_words(const std::vector<std::string>& words) {
  return printable(lifeboat::format("{}", fmt::join(words, ", ")));
}

std::string first_words(const std::string& statement) {
  const std::string text = printable(statement);
  return text.size() > kStatementShown ? text.substr(0, kStatementShown) + "…" : text;
}

std::string_view fate_of(const rescue::RescuePicture& picture, const rescue::FoundDanger& danger) {
  const bool now = std::ranges::any_of(picture.left_out, [&](const auto& each) { return each.gtid == danger.gtid; });
  if (now) return kLeftOut;
  return danger.guard == "skipped" ? "left out before" : "kept";
}

std::string danger_lines(const rescue::FoundDanger& danger, std::string_view fate) {
  std::string text = format("  {}  {} {}", both_times(danger.time), danger.danger_class, joined_words(danger.objects));
  if (danger.rows > 0) text += format(", {} rows", danger.rows);
  text += format("  [{}{}] {}\n", format_gtid(danger.gtid), danger.guard.empty() ? "" : ", " + danger.guard, fate);
  return text + format("    {}\n", first_words(danger.statement));
}

std::string seconds_text(const std::optional<double>& seconds) {
  return seconds ? format("about {:.0f} s (a guess; what drills tell: lifeboat forecast)", *seconds)
                 : std::string("how long is not known");
}

json::object danger_json(const rescue::FoundDanger& danger) {
  return {{"gtid", format_gtid(danger.gtid)},
          {"time", format_time(danger.time)},
          {"class", danger.danger_class},
          {"rows", danger.rows},
          {"objects", json::array(danger.objects.begin(), danger.objects.end())},
          {"statement", danger.statement},
          {"account", danger.account},
          {"guard", danger.guard}};
}

json::array dangers_json(const std::vector<rescue::FoundDanger>& dangers) {
  json::array out;
  for (const rescue::FoundDanger& danger : dangers) out.push_back(danger_json(danger));
  return out;
}

/// What people had decided before, or that nobody knows what.
std::string skipped_before_line(const rescue::RescueRecord& record) {
  if (record.guard.empty()) {
    return "not known   whether people had the guard skip something in earlier nights: its record is not in the vault. "
           "If "
           "they had, name it with --skip, or what is left of the relay's directory with --dir\n";
  }
  const std::size_t count = record.skipped_before.size();
  if (count == 0) return {};
  return format("left out    as people had the guard do before: {}{}\n", record.skipped_before.front(),
                count == 1 ? "" : format(" and {} more (skipped_before, in --json)", count - 1));
}

/// Newer images than the one that is taken, which are of another history.
std::string foreign_lines(const rescue::RescuePicture& picture) {
  std::string text;
  std::size_t more = 0;
  for (const rescue::ImageChoice& choice : picture.images) {
    if (choice.why_not.empty()) break;
    if (choice.foreign && text.empty()) {
      text = format("not taken   image {}: {}", choice.info.name, choice.why_not);
    } else if (choice.foreign) {
      ++more;
    }
  }
  if (text.empty()) return text;
  return text + (more == 0 ? std::string("\n") : format("; {} more like it\n", more));
}

/// What was looked at, the server first; of very many objects the first ones.
std::string found_line(const rescue::RescueRecord& record) {
  constexpr std::size_t kChecksShown = 6;
  std::string text;
  for (std::size_t i = 0; i < std::min(record.checks.size(), kChecksShown); ++i) {
    text += format("{}{} {}", i == 0 ? "" : "; ", record.checks[i].subject, printable(record.checks[i].said));
  }
  const std::size_t more = record.checks.size() - std::min(record.checks.size(), kChecksShown);
  return format("it has      {}{}\n", text, more == 0 ? "" : format("; and {} more (checks, in --json)", more));
}

/// What can be done with it.
std::string next_lines(const rescue::RescueRecord& record, const server::BranchRecord& branch,
                       const RescueBranchOptions& options) {
  std::string text = format("look at it  mariadb --socket={}{}\n", shell_word(branch.socket.string()),
                            options.user.empty() ? "" : format(" --user={} --password", shell_word(options.user)));
  if (record.cut_over.contains("has_writes")) {
    text +=
        "take it     not this one: it had writes, which were given up. A fresh one: as this command, with --name "
        "ANOTHER\n";
  } else {
    text +=
        format("take it     lifeboat rescue cut-over {} --fence mysql://ADMIN@DAMAGED:3306 --password-file FILE{}\n",
               record.name, account_words(options));
  }
  return text + format("give it up  lifeboat branch stop {} && lifeboat branch rm {} --yes --discard\n",
                       record.branch(), record.branch());
}

/// Who may follow the promoted standby with its own position, and who may not.
std::string replica_lines(const rescue::RescueRecord& record) {
  constexpr std::size_t kHolesShown = 4;
  std::string text =
      "replicas    that lack the mistake, too, may follow it from where they stand (MASTER_USE_GTID=slave_pos)\n";
  if (record.holes.empty()) return text;
  const std::size_t shown = std::min(record.holes.size(), kHolesShown);
  std::vector<std::string> holes(record.holes.begin(), record.holes.begin() + static_cast<std::ptrdiff_t>(shown));
  text += format("  but none that stands at {}", joined_words(holes));
  if (shown < record.holes.size()) text += format(" and {} more (holes, in --json)", record.holes.size() - shown);
  return text + ": skipped before, and not in its binary log. Such a replica is made anew: see docs/guide/rescue.md\n";
}

}  // namespace

std::string describe_picture(const rescue::RescuePicture& picture, const rescue::RescueLog& log) {
  std::string text = "what happened\n";
  if (picture.dangers.empty()) text += "  nothing in the log destroys\n";
  std::vector<rescue::FoundDanger> shown = picture.left_out;
  std::ranges::copy_if(picture.dangers, std::back_inserter(shown),
                       [&](const auto& each) { return fate_of(picture, each) != kLeftOut; });
  for (std::size_t i = 0; i < std::min(shown.size(), kDangersShown); ++i) {
    text += danger_lines(shown[i], fate_of(picture, shown[i]));
  }
  if (picture.dangers.size() > kDangersShown) {
    text += format("  all of them: lifeboat log dangers --dir {}\n",
                   shell_word(log.path().parent_path().parent_path().string()));
  }
  text += skipped_before_line(picture.record);
  const auto end = log.end_time();
  text += format("still safe  all in the log of {}, up to {}{}\n", log.source(), log.end().format(),
                 end ? " of " + both_times(*end) : "");
  const rescue::RescueWay& way = picture.ways.front();
  text += format("way back    {}: {}\n", way.what, seconds_text(way.seconds));
  text += foreign_lines(picture);
  return text +
         format("it loses    {}\n", way.loss.empty() ? "nothing that the log has, but what is left out" : way.loss);
}

std::string describe_ways(const rescue::RescuePicture& picture, const std::string& as_given) {
  std::string text = "all ways\n";
  for (const rescue::RescueWay& way : picture.ways) {
    if (!way.why_not.empty()) {
      text += format("  {:<8}  not possible: {}\n", way.name, way.why_not);
      continue;
    }
    const bool is_rescue = way.command.starts_with("lifeboat rescue");
    const std::string seconds = way.seconds ? format("about {:.0f} s, a guess", *way.seconds) : "how long is not known";
    text += format("  {:<8}  {}: {}; it loses {}\n            {}{}\n", way.name, way.what, seconds,
                   way.loss.empty() ? "what is left out" : way.loss, way.command, is_rescue ? as_given : "");
  }
  return text;
}

std::string describe_rescue(const rescue::RescueRecord& record, const server::BranchRecord& branch,
                            const RescueBranchOptions& options) {
  std::string text = "done       ";
  for (const rescue::RescuePhase& phase : record.phases) {
    if (phase.seconds) text += format(" {} {:.1f} s,", phase.name, *phase.seconds);
  }
  text.back() = '\n';
  if (!record.phases.empty()) {
    text += format("stands at   {}, by a rescue begun {}\n", record.until, format_time(record.phases.front().begun));
  }
  for (const rescue::RescueNote& passed : record.passed_over) {
    text += format("passed over {}: {}\n", passed.subject, printable(passed.said));
  }
  for (const rescue::RescueNote& conflict : record.conflicts) {
    text += format("left out, too: {}: {}\n", conflict.subject, first_words(conflict.said));
  }
  if (!record.doubtful.empty()) {
    const rescue::RescueNote& first = record.doubtful.front();
    text += format("doubtful    {} later transactions may have come out otherwise than on their source, {} first: {}\n",
                   record.doubtful.size(), first.subject, first_words(first.said));
    text += format("  all of them: lifeboat rescue --name {} --json\n", record.name);
  }
  text += skipped_before_line(record);
  text += found_line(record);
  if (!record.loss.empty()) text += format("it has lost {}\n", record.loss);
  if (!record.rest.empty()) text += format("it leaves   {}\n", record.rest);
  if (!record.standby.empty()) text += replica_lines(record);
  return text + next_lines(record, branch, options);
}

json::object picture_to_json(const rescue::RescuePicture& picture, const rescue::RescueLog& log) {
  json::array images;
  for (const rescue::ImageChoice& choice : picture.images) {
    const std::string gtid = choice.position ? choice.position->gtid.format() : "";
    images.push_back(json::object{{"image", choice.info.name}, {"gtid", gtid}, {"why_not", choice.why_not}});
  }
  json::array ways;
  for (const rescue::RescueWay& way : picture.ways) {
    json::object object{{"way", way.name},        {"what", way.what}, {"possible", way.why_not.empty()},
                        {"why_not", way.why_not}, {"loss", way.loss}, {"command", way.command},
                        {"evidence", "a guess"}};
    object["seconds"] = way.seconds ? json::value(*way.seconds) : json::value(nullptr);
    ways.push_back(std::move(object));
  }
  return {{"rescue", picture.record.name},
          {"dangers", dangers_json(picture.dangers)},
          {"left_out", dangers_json(picture.left_out)},
          {"skipped_before", json::array(picture.record.skipped_before.begin(), picture.record.skipped_before.end())},
          {"guard", picture.record.guard.string()},
          {"source", log.source()},
          {"log_end", log.end().format()},
          {"until", picture.record.until},
          {"images", std::move(images)},
          {"ways", std::move(ways)}};
}

json::object rescue_result(const rescue::RescueRecord& record, const server::BranchRecord& branch) {
  json::object out = to_json(record);
  out.erase("instead");
  double total = 0;
  for (const rescue::RescuePhase& phase : record.phases) total += phase.seconds.value_or(0);
  out["branch"] = record.branch();
  out["image"] = record.images.empty() ? "" : record.images.front();
  out["socket"] = branch.socket.string();
  out["port"] = branch.port;
  out["seconds"] = total;
  return out;
}

}  // namespace lifeboat::cli
