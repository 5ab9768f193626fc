// `lifeboat volume rm`: deletes the local state of a volume that is not mounted.

#include "base/error.h"
#include "cli/commands.h"
#include "cli/volume_options.h"
#include "server/branch_record.h"
#include "volume/volume_process.h"

namespace lifeboat::cli {
namespace {

struct Options {
  VolumeOptions which;
  bool yes = false;
  bool discard = false;
  bool dry_run = false;
};

/// A branch without its volume could never be started again.
void refuse_branch(const volume::VolumeRecord& record) {
  if (!server::find_branch(record.state_dir.parent_path().parent_path(), record.name)) return;
  fail(Code::kRefused, format("volume {} is branch {}'s", record.name, record.name),
       format("Remove them together: lifeboat branch rm {} --yes", record.name));
}

void run(Context& context, const Options& options) {
  if (options.which.volume.empty()) {
    fail(Code::kUsage, "which volume?", "Name the volume to remove; see: lifeboat volume ls");
  }
  const volume::VolumeRecord record = open_volume_record(options.which);
  refuse_branch(record);
  if (!options.yes && !options.dry_run) {
    fail(Code::kRefused, format("volume {}: would be removed from {}", record.name, record.state_dir.string()),
         "Pass --yes if that is meant.");
  }
  if (options.dry_run) {
    volume::check_removable(record, options.discard);
  } else {
    volume::remove_volume(record, options.discard);
  }
  const std::string_view verb = options.dry_run ? "would remove" : "removed";
  context.print(json::object{{"volume", record.name}, {"removed", !options.dry_run}},
                format("{} volume {} (image {}) and {}", verb, record.name, record.image, record.state_dir.string()));
}

}  // namespace

void add_volume_rm(CLI::App& noun, Context& context) {
  add_command<Options>(
      noun, context, "rm", "Delete an unmounted volume's local state", "lifeboat volume rm rescue --yes",
      [](Command& command, Options& options) {
        add_volume_options(command, options.which);
        command.add_flag("--yes", options.yes, "do it");
        command.add_flag("--discard", options.discard, "even if it holds changes that are in no image");
        command.add_flag("--dry-run", options.dry_run, "only say what would go");
      },
      run);
}

}  // namespace lifeboat::cli
