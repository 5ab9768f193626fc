// `lifeboat relay status`: what the relay that runs in a directory last said of itself; exit status 7 if all is not
// well.

#include <filesystem>

#include "base/printable.h"
#include "base/process.h"
#include "cli/commands.h"
#include "relay/hold_book.h"
#include "relay/status_file.h"
#include "relay/succession.h"

namespace lifeboat::cli {
namespace {

struct StatusOptions {
  std::string directory;
};

/// The open exposed span's first transaction, or nothing.
std::string exposed_text(const json::object& source) {
  const json::object* span = relay::open_exposure(source);
  if (span == nullptr) return "none now";
  const std::string after = json_string(*span, "after_gtid");
  return format("{} since {}: {}", after.empty() ? "every commit" : format("commits after {}", after),
                json_string(*span, "since"), json_string(*span, "why"));
}

std::string durable_text(const json::object& source) {
  const std::string file = json_string(source, "file");
  if (file.empty()) return "nothing yet";
  return format("{} {}  {}", file, json_integer(source, "position"), json_string(source, "gtid"));
}

/// What is in the vault, or nothing if there is none.
std::string vault_text(const json::object& source) {
  const json::value* found = source.if_contains("vault");
  if (found == nullptr || !found->is_object()) return "";
  const json::object& vault = found->get_object();
  const std::string promised = format_duration(std::chrono::milliseconds(json_integer(vault, "promised_ms")));
  std::string text = "vault     nothing yet";
  if (const json::value* age = vault.if_contains("age_ms"); age != nullptr && age->is_int64()) {
    text = format("vault     up to {}:{}, {} ago", json_string(vault, "file"), json_integer(vault, "position"),
                  format_duration(std::chrono::milliseconds(age->get_int64())));
  }
  text += format(" (promised {}){}\n", promised, vault.at("within_promise").as_bool() ? "" : "  AT RISK");
  if (const std::string problem = json_string(vault, "problem"); !problem.empty()) {
    text += format("problem   {}\n", problem);
  }
  return text;
}

std::string source_text(const json::object& source) {
  std::string text =
      format("source    {}\nstate     {}\n", json_string(source, "source"), json_string(source, "state"));
  if (relay::is_retired(source)) {
    text += format("retired   by {}: another server has its place, and nothing depends on it\n",
                   json_string(source, "retired"));
  }
  text += format("durable   {}\n", durable_text(source));
  text += vault_text(source);
  text += format("exposed   {}\n", exposed_text(source));
  if (const std::string problem = json_string(source, "problem"); !problem.empty()) {
    text += format("problem   {}\n", problem);
    if (const std::string hint = json_string(source, "hint"); !hint.empty()) text += format("hint      {}\n", hint);
  }
  for (const json::value& alarm : source.at("alarms").as_array()) {
    text += format("alarm     {}\n", std::string(alarm.as_string()));
  }
  for (const json::value& warning : source.at("warnings").as_array()) {
    text += format("warning   {}\n", std::string(warning.as_string()));
  }
  return text;
}

/// What replicas wait for, and how old their data grows meanwhile.
std::string hold_text(const relay::Hold& hold) {
  std::vector<std::string> replicas;
  for (const auto& [name, stream] : hold.streams) {
    if (hold.state_of(name) == relay::HoldState::kHeld) replicas.push_back(name);
  }
  return lifeboat::format(
      "held      {} {} {} for {}: {} stands as of {}; production is untouched. lifeboat guard show {}\n",
      hold.subject.id, hold.subject.danger_class, printable(fmt::format("{}", fmt::join(hold.subject.objects, ", "))),
      format_duration(std::max(now() - hold.since, std::chrono::milliseconds(0))), fmt::join(replicas, ", "),
      format_time(hold.subject.event_time), hold.subject.id);
}

/// Of a relay that may not run: from the record of its guard. Before a source that was replaced nobody waits any more.
bool add_holds(const Path& directory, json::object& status, std::string& text) {
  relay::HoldBook book(directory);
  const relay::Succession succession = relay::read_succession(directory);
  json::array holds;
  book.refresh();
  for (const relay::Hold& each : book.list()) {
    if (!each.open() || succession.find_retired(each.subject.source) != nullptr) continue;
    holds.push_back(hold_to_json(each, now()));
    text += hold_text(each);
  }
  const bool none = holds.empty();
  status["holds"] = std::move(holds);
  return none;
}

void run(Context& context, const StatusOptions& options) {
  json::object status = relay::read_status(options.directory);
  bool well = relay::is_running(status);
  status["running"] = well;
  std::string text =
      well ? "" : format("the relay does not run; it last spoke at {}\n", json_string(status, "updated"));
  for (const json::value& source : status.at("sources").as_array()) {
    text += source_text(source.as_object());
    well = well && (relay::is_retired(source.as_object()) || relay::troubles_of(source.as_object()).empty());
  }
  if (const json::object& guard = status.at("guard").as_object(); !json_string(guard, "problem").empty()) {
    text += format("guard     {}\n", json_string(guard, "problem"));
    well = false;
  }
  well = add_holds(std::filesystem::absolute(options.directory), status, text) && well;
  status["well"] = well;
  context.print(status, text);
  if (!well) context.end_with(Code::kUnavailable);
}

}  // namespace

void add_relay_status(CLI::App& noun, Context& context) {
  add_command<StatusOptions>(
      noun, context, "status", "Show how a relay does: what is durable, what is exposed, what is wrong",
      "lifeboat relay status --dir relay.d",
      [](Command& command, StatusOptions& options) {
        command.add_option("--dir", options.directory, "the relay's directory").required();
      },
      run);
}

}  // namespace lifeboat::cli
