// `lifeboat volume commit`: the changes of a mounted volume as a new image.

#include <algorithm>

#include "cli/commands.h"
#include "cli/volume_options.h"
#include "volume/control_client.h"

namespace lifeboat::cli {
namespace {

void run(Context& context, const VolumeOptions& options) {
  const volume::VolumeRecord record = open_volume_record(options);
  require_mounted(record);
  // Its lines keep the call alive as well: a commit may take long, its process never stays silent.
  Progress progress(context.progress_style(), "commit", 0);
  const json::object made =
      volume::control_call(record.state_dir, "commit", {}, std::chrono::seconds(60), [&](const json::object& line) {
        progress.set_total(static_cast<std::uint64_t>(json_integer(line, "dirty_bytes")));
        const auto done = static_cast<std::uint64_t>(json_integer(line, "done_bytes"));
        progress.add(done - std::min(done, progress.done()));
      });
  context.print(made, format("image {} ({}, {} new) in {:.1f} s", json_string(made, "image"), size_text(made, "bytes"),
                             size_text(made, "new_bytes"), made.at("seconds").to_number<double>()));
}

}  // namespace

void add_volume_commit(CLI::App& noun, Context& context) {
  add_command<VolumeOptions>(noun, context, "commit", "Make a volume's changes a new image, while it is in use",
                             "lifeboat volume commit rescue", add_volume_options, run);
}

}  // namespace lifeboat::cli
