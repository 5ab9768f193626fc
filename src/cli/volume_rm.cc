// `lifeboat volume rm`: deletes the local state of a volume that is not mounted.

#include "base/error.h"
#include "cli/commands.h"
#include "cli/volume_options.h"
#include "volume/volume_process.h"

namespace lifeboat::cli {
namespace {

struct Options {
  VolumeOptions which;
  bool yes = false;
  bool discard = false;
};

void run(Context& context, const Options& options) {
  if (options.which.volume.empty()) {
    fail(Code::kUsage, "which volume?", "Name the volume to remove; see: lifeboat volume ls");
  }
  const volume::VolumeRecord record = open_volume_record(options.which);
  if (!options.yes) {
    fail(Code::kRefused, format("volume {}: would be removed from {}", record.name, record.state_dir.string()),
         "Pass --yes if that is meant.");
  }
  volume::remove_volume(record, options.discard);
  context.print(json::object{{"volume", record.name}, {"removed", true}}, format("volume {}: removed", record.name));
}

}  // namespace

void add_volume_rm(CLI::App& noun, Context& context) {
  add_command<Options>(
      noun, context, "rm", "Delete an unmounted volume's local state", "lifeboat volume rm rescue --yes",
      [](Command& command, Options& options) {
        add_volume_options(command, options.which);
        command.add_flag("--yes", options.yes, "do it");
        command.add_flag("--discard", options.discard, "even if it holds changes that are in no image");
      },
      run);
}

}  // namespace lifeboat::cli
