// `lifeboat image import`: a data directory as an image.

#include "base/cancel.h"
#include "base/log.h"
#include "cli/commands.h"
#include "server/inspect.h"
#include "vault/import.h"

namespace lifeboat::cli {
namespace {

struct Options {
  std::string directory;
  std::string defaults_file;
  std::string parent;
  std::vector<std::string> exclude;
  bool allow_empty = false;
  int threads = 2;
};

void add_options(Command& command, Options& options) {
  command.add_option("DIR", options.directory, "data directory of a stopped server, or a copy or snapshot of one")
      .required();
  command.add_option("--defaults-file", options.defaults_file, "the server's option file, kept with the image");
  command.add_option("--parent", options.parent, "image to compare with (else the last import of the same directory)");
  command.add_option("--exclude", options.exclude, "leave out paths that fit this glob; may be repeated");
  command.add_flag("--allow-empty", options.allow_empty, "make an image even if the directory holds no file");
  command.add_option("--threads", options.threads, "threads that hash, compress and seal").between(1, 64);
}

/// What a boot will need. A directory that is no server's becomes an image all the same.
void describe(const Options& options, vault::ImageInfo& info) {
  const std::optional<Path> defaults =
      options.defaults_file.empty() ? std::nullopt : std::optional<Path>(options.defaults_file);
  try {
    server::Description description = server::describe_directory(options.directory, defaults);
    info.server = std::move(description.server);
    info.attachments = std::move(description.attachments);
    for (const std::string& warning : description.warnings) log::warn("{}", warning);
  } catch (const Exception& e) {
    if (e.code() != Code::kNotFound || defaults) throw;
    log::warn("{}: the image will hold the files but will not boot", e.what());
  }
}

void run(Context& context, const Options& options) {
  stop_on_signals();
  const Stopwatch watch;
  const auto vault = context.open_vault();
  vault::ImportOptions import;
  import.directory = options.directory;
  import.parent = options.parent;
  import.exclude = options.exclude;
  import.allow_empty = options.allow_empty;
  import.threads = options.threads;
  if (!std::filesystem::is_directory(import.directory)) {
    fail(Code::kNotFound, format("{} is not a directory", options.directory),
         "Name the server's data directory: its option datadir says where, often /var/lib/mysql.");
  }
  describe(options, import.describe);
  Progress progress(context.progress_style(), "import", 0);
  import.progress = &progress;
  const vault::ImageInfo image = vault::import_directory(*vault, import);
  const double seconds = watch.seconds();
  context.print(
      json::object{{"image", image.name}, {"bytes", image.bytes}, {"new_bytes", image.new_bytes}, {"seconds", seconds}},
      format("image {} ({}, {} new) in {:.1f} s", image.name, format_size(image.bytes), format_size(image.new_bytes),
             seconds));
}

}  // namespace

void add_image_import(CLI::App& noun, Context& context) {
  add_command<Options>(noun, context, "import", "Make an image of a stopped server's data directory",
                       "lifeboat image import /var/lib/mysql --defaults-file /etc/mysql/my.cnf", add_options, run);
}

}  // namespace lifeboat::cli
