// `lifeboat branch rm`: deletes a stopped branch with what it changed.

#include "base/error.h"
#include "cli/branch_options.h"
#include "cli/commands.h"
#include "server/branch.h"

namespace lifeboat::cli {
namespace {

struct Options : BranchOptions {
  bool yes = false;
  bool discard = false;
  bool dry_run = false;
};

void run(Context& context, const Options& options) {
  const server::BranchRecord record = server::open_branch(branch_state_root(options.state), options.branch);
  if (!options.yes && !options.dry_run) {
    fail(Code::kRefused, format("branch {}: would be removed from {}", record.name, record.directory.string()),
         "Pass --yes if that is meant.");
  }
  if (options.dry_run) {
    server::check_removable(record, options.discard);
  } else {
    server::remove_branch(record, options.discard);
  }
  const std::string_view verb = options.dry_run ? "would remove" : "removed";
  context.print(json::object{{"branch", record.name}, {"removed", !options.dry_run}},
                format("{} branch {} (image {}) and {}", verb, record.name, record.image, record.directory.string()));
}

}  // namespace

void add_branch_rm(CLI::App& noun, Context& context) {
  add_command<Options>(
      noun, context, "rm", "Delete a stopped branch and its volume's local state", "lifeboat branch rm rescue --yes",
      [](Command& command, Options& options) {
        add_branch_options(command, options);
        command.add_flag("--yes", options.yes, "do it");
        command.add_flag("--discard", options.discard, "even if it holds changes that are in no image");
        command.add_flag("--dry-run", options.dry_run, "only say what would go");
      },
      run);
}

}  // namespace lifeboat::cli
