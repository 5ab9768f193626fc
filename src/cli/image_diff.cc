// `lifeboat image diff`: what changed from one image to another.

#include "cli/commands.h"
#include "vault/diff.h"

namespace lifeboat::cli {
namespace {

struct Options {
  std::string before;
  std::string after;
};

void add_options(Command& command, Options& options) {
  command.add_option("BEFORE", options.before, "name, unique beginning of a name, or latest").required();
  command.add_option("AFTER", options.after, "the image to compare it with").required();
}

std::string_view kind_name(vault::DiffKind kind) {
  switch (kind) {
    case vault::DiffKind::kAdded:
      return "added";
    case vault::DiffKind::kRemoved:
      return "removed";
    case vault::DiffKind::kChanged:
      return "changed";
  }
  return "?";
}

void run(Context& context, const Options& options) {
  const auto vault = context.open_vault();
  vault::ImageReader before(*vault, vault::resolve_image(*vault, options.before));
  vault::ImageReader after(*vault, vault::resolve_image(*vault, options.after));
  json::array list;
  std::vector<std::vector<std::string>> rows{{"CHANGE", "BYTES", "PATH"}};
  vault::diff_images(before, after, [&](const vault::DiffEntry& entry) {
    list.emplace_back(json::object{{"change", kind_name(entry.kind)}, {"path", entry.path}, {"bytes", entry.bytes}});
    rows.push_back({std::string(kind_name(entry.kind)), format_size(entry.bytes), entry.path});
  });
  context.print(list, rows.size() == 1 ? "no differences" : format_table(rows));
}

}  // namespace

void add_image_diff(CLI::App& noun, Context& context) {
  add_command<Options>(noun, context, "diff", "Show which files changed from one image to another, and by how much",
                       "lifeboat image diff 20261122-03 latest", add_options, run);
}

}  // namespace lifeboat::cli
