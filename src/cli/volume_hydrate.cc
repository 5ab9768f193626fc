// `lifeboat volume hydrate`: lets the fetching of the rest go on, pauses it, or waits for its end.

#include "cli/commands.h"
#include "cli/volume_options.h"
#include "volume/control_client.h"

namespace lifeboat::cli {
namespace {

struct Options {
  VolumeOptions which;
  bool pause = false;
  bool wait = false;
};

void run(Context& context, const Options& options) {
  const volume::VolumeRecord record = open_volume_record(options.which);
  require_mounted(record);
  if (options.wait) {
    Progress progress(context.progress_style(), "hydrate", 0);
    volume::hydrate_whole(record.state_dir, progress);
  } else {
    volume::control_call(record.state_dir, "hydrate", {{"pause", options.pause}, {"hurry", false}});
  }
  const json::object status = volume_to_json(record);
  context.print(status, format("volume {}: {} local", record.name, hydrated_text(status)));
}

}  // namespace

void add_volume_hydrate(CLI::App& noun, Context& context) {
  add_command<Options>(
      noun, context, "hydrate", "Fetch the rest of a volume in the background; or pause that, or wait for its end",
      "lifeboat volume hydrate rescue --wait",
      [](Command& command, Options& options) {
        add_volume_options(command, options.which);
        const Option pause =
            command.add_flag("--pause", options.pause, "fetch only what is read, until told otherwise");
        command.add_flag("--wait", options.wait, "return when everything is local, which is fetched at full speed")
            .excludes(pause);
      },
      run);
}

}  // namespace lifeboat::cli
