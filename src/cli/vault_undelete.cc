// `lifeboat vault undelete`: lists what was marked for removal, or takes one mark back.

#include "cli/commands.h"
#include "cli/housekeeping.h"
#include "vault/prune.h"

namespace lifeboat::cli {
namespace {

struct Options {
  std::string which;
};

void list(Context& context, vault::Vault& vault) {
  std::vector<std::string> damaged;
  json::array marks;
  std::vector<std::vector<std::string>> rows{{"MARK", "SINCE", "STATE", "PACKS", "REASON", "IMAGES"}};
  for (const vault::Mark& mark : vault::read_marks(vault, damaged)) {
    if (!mark.in_force()) continue;
    marks.push_back(mark_to_json(mark));
    std::string images;
    for (const vault::ImageName& image : mark.images) images += images.empty() ? image : " " + image;
    rows.push_back({vault::id_text(mark.id), format_time(mark.time), std::string(vault::mark_state_name(mark.state)),
                    std::to_string(mark.packs.size()), mark.reason, images});
  }
  for (const std::string& what : damaged) log::warn("{}", what);
  context.print(marks, rows.size() > 1 ? format_table(rows) : "nothing is marked for removal");
}

void run(Context& context, const Options& options) {
  const auto vault = context.open_vault();
  if (options.which.empty()) return list(context, *vault);
  const vault::Mark mark = vault::undelete(*vault, options.which);
  context.print(mark_to_json(mark),
                format("mark {} taken back: {} images can be seen again", vault::id_text(mark.id), mark.images.size()));
}

}  // namespace

void add_vault_undelete(CLI::App& noun, Context& context) {
  add_command<Options>(
      noun, context, "undelete", "List what is marked for removal, or take a removal back",
      "lifeboat vault undelete 20261122-185434-3f9a2c",
      [](Command& command, Options& options) {
        command.add_option("MARK|IMAGE", options.which, "the mark, or an image it names; without it: list");
      },
      run);
}

}  // namespace lifeboat::cli
