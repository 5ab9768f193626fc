// `lifeboat volume hydrate`: lets the fetching of the rest go on, pauses it, or waits for its end.

#include <thread>

#include "base/error.h"
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

void wait_for_the_end(Context& context, const Path& state_dir) {
  Progress progress(context.progress_style(), "hydrate", 0);
  for (;;) {
    const json::object status = volume::control_call(state_dir, "status");
    progress.set_total(static_cast<std::uint64_t>(json_integer(status, "bytes")));
    const auto done = static_cast<std::uint64_t>(json_integer(status, "hydrated_bytes"));
    progress.add(done - std::min(done, progress.done()));
    const json::object& hydration = status.at("hydration").as_object();
    if (status.at("hydrated").as_bool() || json_string(hydration, "state") == "complete") return;
    if (hydration.contains("error")) {
      fail(Code::kUnavailable, format("hydration: {}", json_string(hydration, "error")),
           "It is tried again by itself; see: lifeboat volume status");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

void run(Context& context, const Options& options) {
  const volume::VolumeRecord record = open_volume_record(options.which);
  require_mounted(record);
  volume::control_call(record.state_dir, "hydrate", {{"pause", options.pause}, {"hurry", options.wait}});
  if (options.wait) wait_for_the_end(context, record.state_dir);
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
