// `lifeboat volume umount`: sync, unmount, end the process; local state stays.

#include "cli/commands.h"
#include "cli/volume_options.h"
#include "volume/volume_process.h"

namespace lifeboat::cli {
namespace {

void run(Context& context, const VolumeOptions& options) {
  const volume::VolumeRecord record = open_volume_record(options);
  volume::unmount_volume(record);
  context.print(json::object{{"volume", record.name}, {"unmounted", record.mountpoint.string()}},
                format("volume {}: unmounted from {}", record.name, record.mountpoint.string()));
}

}  // namespace

void add_volume_umount(CLI::App& noun, Context& context) {
  add_command<VolumeOptions>(noun, context, "umount",
                             "Unmount a volume and keep its changes; refused while files are open",
                             "lifeboat volume umount rescue", add_volume_options, run);
}

}  // namespace lifeboat::cli
