// `lifeboat image export`: an image as a plain directory.

#include "base/cancel.h"
#include "cli/commands.h"
#include "vault/export.h"
#include "vault/marks.h"
#include "vault/session.h"

namespace lifeboat::cli {
namespace {

struct Options {
  std::string image;
  std::string directory;
  int threads = 2;
};

void add_options(Command& command, Options& options) {
  command.add_option("IMAGE", options.image, "name, unique beginning of a name, or latest").required();
  command.add_option("DIR", options.directory, "a directory that is empty or does not exist yet").required();
  command.add_option("--threads", options.threads, "threads that fetch, open and write").between(1, 64);
}

void run(Context& context, const Options& options) {
  stop_on_signals();
  const Stopwatch watch;
  const auto vault = context.open_vault();
  const vault::ImageName name = vault::resolve_image(*vault, options.image);
  const vault::ReadSession in_use(*vault, name);
  vault::check_not_hidden(*vault, name);  // after the session: see there
  vault::ImageReader image(*vault, name);
  Progress progress(context.progress_style(), "export", 0);
  vault::ExportOptions export_options;
  export_options.directory = options.directory;
  export_options.threads = options.threads;
  export_options.progress = &progress;
  vault::export_image(image, export_options);
  const double seconds = watch.seconds();
  const vault::ImageInfo& info = image.info();
  context.print(
      json::object{{"image", info.name}, {"directory", options.directory}, {"bytes", info.bytes}, {"seconds", seconds}},
      format("image {} ({}) written to {} in {:.1f} s", info.name, format_size(info.bytes), options.directory,
             seconds));
}

}  // namespace

void add_image_export(CLI::App& noun, Context& context) {
  add_command<Options>(noun, context, "export", "Write an image out as a plain directory",
                       "lifeboat image export latest /var/lib/mysql-restored", add_options, run);
}

}  // namespace lifeboat::cli
