// `lifeboat drill ls` and `show`: the drills on record in the vault.

#include "base/log.h"
#include "cli/branch_options.h"
#include "cli/drill_commands.h"
#include "rescue/drill_record.h"
#include "rescue/drill_state.h"
#include "vault/proofs.h"

namespace lifeboat::cli {
namespace {

struct ListOptions {
  int last = 30;
  std::string state;
};

struct ShowOptions {
  std::string drill = "latest";
};

/// What a drill that was killed left on this host.
void clean_up(const Path& state_root) {
  if (const auto lock = rescue::try_lock_drills(state_root)) {
    static_cast<void>(rescue::remove_dead_drills(state_root));
  }
}

std::string result_of(const vault::Proof& proof) {
  if (proof.passed) return "passed";
  const json::object& failure = proof.said.at("failures").as_array().at(0).as_object();
  return format("FAILED: {}: {}", json_string(failure, "check"), json_string(failure, "what"));
}

std::string back_in(const vault::Proof& proof) {
  const json::value* back = proof.said.if_contains("back_seconds");
  return back != nullptr && back->is_number() ? format("{:.1f} s", back->to_number<double>()) : "-";
}

void list(Context& context, const ListOptions& options) {
  clean_up(branch_state_root(options.state));
  const auto vault = context.open_vault();
  std::vector<vault::ProofName> names = vault::list_proofs(*vault);
  const auto shown = std::min(names.size(), static_cast<std::size_t>(options.last));
  names.erase(names.begin(), names.end() - static_cast<std::ptrdiff_t>(shown));
  json::array drills;
  std::vector<std::vector<std::string>> rows{{"DRILL", "IMAGE", "LEVEL", "BACK IN", "RESULT"}};
  for (const vault::ProofName& name : names) {
    const auto proof = vault::find_proof(*vault, name);
    if (!proof) log::error("damaged: {}", proof.error().text());
    if (!proof) continue;
    json::object object = proof->said;
    object.erase("inventory");
    rows.push_back({name.id, name.image, json_string(proof->said, "level"), back_in(*proof), result_of(*proof)});
    drills.push_back(std::move(object));
  }
  context.print(drills, names.empty() ? "there is none; begin one: lifeboat drill run" : format_table(rows));
}

void show(Context& context, const ShowOptions& options) {
  const auto vault = context.open_vault();
  const vault::Proof proof = vault::read_proof(*vault, vault::resolve_proof(*vault, options.drill));
  json::object object = proof.said;
  object["signature"] = to_hex(proof.signature);
  object["public_key"] = to_hex(proof.key);
  context.print(object, format("{}signed by  {}\n", rescue::describe_drill(proof.said), to_hex(proof.key)));
}

}  // namespace

void add_drill_ls(CLI::App& noun, Context& context) {
  add_command<ListOptions>(
      noun, context, "ls", "List the drills on record in the vault, the newest last", "lifeboat drill ls",
      [](Command& command, ListOptions& options) {
        command.add_option("--last", options.last, "so many of them").between(1, 100'000).show_default();
        add_branch_state_option(command, options.state);
      },
      list);
  add_command<ShowOptions>(
      noun, context, "show", "Show what a drill found", "lifeboat drill show latest",
      [](Command& command, ShowOptions& options) {
        command.add_option("DRILL", options.drill, "its name, a unique beginning of it, or latest").show_default();
      },
      show);
}

}  // namespace lifeboat::cli
