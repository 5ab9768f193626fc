// `lifeboat rescue ls`: the rescues of this host, and how far each is.

#include "cli/rescue_commands.h"
#include "rescue/cut_over.h"
#include "rescue/homecoming.h"

namespace lifeboat::cli {
namespace {

struct ListOptions {
  std::string state;
};

std::string place_of(const rescue::RescueRecord& record) {
  switch (finish_state(record)) {
    case rescue::FinishState::kHome:
      return "home";
    case rescue::FinishState::kOpening:
      return "coming home";
    case rescue::FinishState::kBegun:
      return replaced_by_another(record) ? "replaced" : "coming home";
    case rescue::FinishState::kNone:
      break;
  }
  return replaced_by_another(record) ? "replaced" : "in place";
}

std::string state_of(const rescue::RescueRecord& record) {
  switch (cut_over_state(record)) {
    case rescue::CutOverState::kSwitched:
      return place_of(record);
    case rescue::CutOverState::kBegun:
      return "cutting over";
    case rescue::CutOverState::kUndone:
      return "undone";
    case rescue::CutOverState::kNone:
      break;
  }
  return record.ready ? "ready" : "begun";
}

std::string origin_of(const rescue::RescueRecord& record) {
  if (!record.standby.empty()) return format("standby {}", record.standby);
  return record.images.empty() ? "" : record.images.front();
}

void list(Context& context, const ListOptions& options) {
  json::array rescues;
  std::vector<std::vector<std::string>> table{{"NAME", "STATE", "FROM", "UNTIL", "LEFT OUT"}};
  for (const rescue::RescueRecord& record : rescue::find_rescues(branch_state_root(options.state))) {
    table.push_back({record.name, state_of(record), origin_of(record), record.until,
                     lifeboat::format("{}", fmt::join(record.skip, ", "))});
    json::object object = to_json(record);
    object.erase("instead");
    object["state"] = state_of(record);
    rescues.push_back(std::move(object));
  }
  context.print(rescues, rescues.empty() ? "there is none; begin one: lifeboat rescue\n" : format_table(table));
}

}  // namespace

void add_rescue_ls(CLI::App& rescue, Context& context) {
  add_command<ListOptions>(
      rescue, context, "ls", "List the rescues of this host", "lifeboat rescue ls",
      [](Command& command, ListOptions& options) { add_branch_state_option(command, options.state); }, list);
}

}  // namespace lifeboat::cli
