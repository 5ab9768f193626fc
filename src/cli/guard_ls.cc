// `lifeboat guard ls` and `show`: what the guard holds, and what became of what it held.

#include "base/printable.h"
#include "cli/guard_commands.h"
#include "cli/relay_directory.h"
#include "relay/hold_book.h"

namespace lifeboat::cli {
namespace {

struct ListOptions {
  std::string directory;
};

struct ShowOptions {
  std::string directory;
  std::string id;
};

std::string joined(const std::vector<std::string>& words) {
  return printable(lifeboat::format("{}", fmt::join(words, ", ")));
}

std::string age(SystemTime since) {
  return format_duration(std::max(now() - since, std::chrono::milliseconds(0)));
}

std::string streams_text(const relay::Hold& hold) {
  std::vector<std::string> words;
  words.reserve(hold.streams.size());
  for (const auto& [name, stream] : hold.streams) {
    words.push_back(stream.decision ? format("{} ({})", name, hold_state_name(*stream.decision)) : name);
  }
  return joined(words);
}

std::string state_text(const relay::Hold& hold) {
  std::string text(hold_state_name(hold.state));
  if (hold.covered > 0) text += format(" +{}", hold.covered);
  return text;
}

void list(Context& context, const ListOptions& options) {
  relay::HoldBook book(relay_directory(options.directory));
  book.refresh();
  json::array holds;
  std::vector<std::vector<std::string>> table{
      {"ID", "STATE", "SINCE", "GTID", "CLASS", "OBJECTS", "REPLICAS", "STATEMENT"}};
  std::size_t held = 0;
  for (const relay::Hold& each : book.list()) {
    constexpr std::size_t kShown = 60;
    held += each.open() ? 1 : 0;
    holds.push_back(hold_to_json(each, now()));
    table.push_back({each.subject.id, state_text(each), format_time(each.since), each.subject.gtid,
                     each.subject.danger_class, joined(each.subject.objects), streams_text(each),
                     printable(each.subject.statement.substr(0, kShown))});
  }
  std::string text = holds.empty() ? "nothing was ever held\n" : format_table(table);
  if (held > 0) {
    text += format(
        "{} held: production is untouched, and its replicas wait. lifeboat guard show ID says what can be done\n",
        held);
  }
  context.print(holds, text);
}

/// A purge in chunks: what one decision may cover, and did.
std::string run_text(const relay::Hold& hold) {
  if (!hold.subject.run_until) return {};
  std::string text = format("run        what is like it until {}: {}\n", format_time(*hold.subject.run_until),
                            printable(hold.subject.shape));
  if (hold.covered > 0) {
    text += format("followed   {} transactions of {} rows went the same way\n", hold.covered, hold.covered_rows);
  }
  return text;
}

/// What can be done, in words to paste.
std::string ways_out(const relay::Hold& hold) {
  const std::string& id = hold.subject.id;
  const std::string people = hold.approvals_needed() == 1 ? "one approver" : "two approvers, each of them";
  std::string text = format(
      "\nproduction is untouched: this stands in its log already. The replicas named above are as of {}.\n"
      "keep the data, and go on without it (one person):   lifeboat guard skip {}\n"
      "let it pass ({}):   lifeboat guard release {} --as NAME\n"
      "let it pass alone, from {} on, everybody is told:   lifeboat guard release {} --break-glass REASON\n",
      format_time(hold.subject.event_time), id, people, id, format_time(hold.since + relay::kBreakGlassAfter), id);
  if (hold.subject.run_until) {
    text +=
        format("it is a chunk of rows: with --run, skip and release --as decide on the chunks like it, too, until {}\n",
               format_time(*hold.subject.run_until));
  }
  return text;
}

void show(Context& context, const ShowOptions& options) {
  relay::HoldBook book(relay_directory(options.directory));
  book.refresh();
  const relay::Hold hold = book.get(options.id);
  const relay::HoldSubject& subject = hold.subject;
  std::string text = format("hold       {} ({})\nsince      {} ({} ago)\n", subject.id, hold_state_name(hold.state),
                            format_time(hold.since), age(hold.since));
  text += format("gtid       {}\nclass      {}\nobjects    {}\n", subject.gtid, subject.danger_class,
                 joined(subject.objects));
  if (subject.rows > 0) text += format("rows       {}\n", subject.rows);
  text += format("statement  {}\n", printable(subject.statement));
  if (!subject.account.empty()) text += format("account    {}\n", printable(subject.account));
  text += format("database   {}\nran at     {}\nsource     {}\nlog        {}/{} at {}\n", printable(subject.database),
                 format_time(subject.event_time), subject.source, subject.incarnation, printable(subject.file),
                 subject.position);
  text += format("held by    {}\n", subject.rule.empty() ? "its class" : "rule " + printable(subject.rule));
  if (!subject.why.empty()) text += format("because    {}\n", printable(subject.why));
  text += format("replicas   {}\n", streams_text(hold)) + run_text(hold);
  for (const relay::Approval& each : hold.approvals) {
    text += format("approved   by {} at {}, for {}{}\n", each.by, format_time(each.time), each.stream,
                   each.run ? ", with the run" : "");
  }
  if (hold.decided)
    text += format("{:<10} by {} at {}\n", hold_state_name(hold.state), hold.decided_by, format_time(*hold.decided));
  if (!hold.break_glass.empty()) text += format("reason     {}\n", printable(hold.break_glass));
  if (hold.open()) text += ways_out(hold);
  context.print(hold_to_json(hold, now()), text);
}

}  // namespace

void add_guard_ls(CLI::App& noun, Context& context) {
  add_command<ListOptions>(
      noun, context, "ls", "List what was held, and what became of it", "lifeboat guard ls",
      [](Command& command, ListOptions& options) {
        command.add_option("--dir", options.directory, "the relay's directory (default: of the one that runs)");
      },
      list);
  add_command<ShowOptions>(
      noun, context, "show", "Show one hold, and what can be done about it", "lifeboat guard show h1a2b3c4d5e",
      [](Command& command, ShowOptions& options) {
        command.add_option("--dir", options.directory, "the relay's directory (default: of the one that runs)");
        command.add_option("id", options.id, "the hold's id or its beginning, or a GTID").required();
      },
      show);
}

}  // namespace lifeboat::cli
