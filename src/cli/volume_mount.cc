// `lifeboat volume mount`: an image as a writable file system, served by a background process.

#include <unistd.h>

#include "base/cancel.h"
#include "cli/branch_options.h"
#include "cli/commands.h"
#include "cli/volume_options.h"
#include "volume/mountpoint.h"
#include "volume/volume_process.h"

namespace lifeboat::cli {
namespace {

struct Options {
  std::string image;
  std::string mountpoint;
  std::string name;
  std::string state;
  std::string space;
  bool foreground = false;
  bool no_hydrate = false;
};

void add_options(Command& command, Options& options) {
  command.add_option("IMAGE", options.image, "image name, unique prefix, or \"latest\"").required();
  command.add_option("DIR", options.mountpoint, "new or empty directory to mount at").required();
  command.add_option("--name", options.name, "name of the volume (default: the last part of DIR)");
  command.add_option("--state", options.state, "directory of local state (default: LIFEBOAT_STATE, else the system's)");
  add_space_option(command, options.space);
  command.add_flag("--foreground", options.foreground, "serve in this process until unmounted or interrupted");
  add_no_hydrate_option(command, options.no_hydrate);
}

volume::MountRequest to_request(const Context& context, const Options& options) {
  const Globals& globals = context.globals();
  return {.image = options.image,
          .mountpoint = options.mountpoint,
          .state_root = options.state,
          .name = options.name,
          .space_max = options.space.empty() ? 0 : parse_size(options.space),
          .hydrate = !options.no_hydrate,
          .vault_url = globals.vault_url,
          .passphrase_file = globals.passphrase_file,
          .recovery_key_file = globals.recovery_key_file,
          .program = context.program()};
}

void print_mounted(const Context& context, const volume::MountedVolume& mounted) {
  context.print(json::object{{"volume", mounted.name},
                             {"mountpoint", mounted.mountpoint.string()},
                             {"image", mounted.image},
                             {"pid", mounted.pid}},
                format("volume {}: image {} mounted at {} (process {})", mounted.name, mounted.image,
                       mounted.mountpoint.string(), mounted.pid));
}

/// Only a branch's volume is mounted in the state directory, and nowhere else.
void check_place(const volume::MountRequest& request) {
  const std::string name = request.name.empty() ? volume::volume_name_for(request.mountpoint) : request.name;
  const Path state_root = branch_state_root(request.state_root);
  if (const auto branch = server::find_branch(state_root, name)) {
    server::check_mountpoint(*branch, request.mountpoint);
  } else {
    volume::check_outside_state(request.mountpoint, state_root);
  }
}

void run(Context& context, const Options& options) {
  const volume::MountRequest request = to_request(context, options);
  check_place(request);
  stop_on_signals();
  if (options.foreground) {
    volume::serve_volume(request, [&](const volume::MountedVolume& mounted) { print_mounted(context, mounted); });
  } else {
    print_mounted(context, volume::mount_volume(request));
  }
}

}  // namespace

void add_volume_mount(CLI::App& noun, Context& context) {
  add_command<Options>(noun, context, "mount",
                       "Mount an image as a writable volume; a volume that exists goes on where it was",
                       "lifeboat volume mount latest /mnt/rescue", add_options, run);
}

}  // namespace lifeboat::cli
