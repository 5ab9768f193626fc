// `lifeboat image ls`: every image in the vault, oldest first.

#include "base/log.h"
#include "cli/commands.h"
#include "vault/image.h"
#include "vault/proofs.h"

namespace lifeboat::cli {
namespace {

void run(Context& context, const NoOptions&) {
  const auto vault = context.open_vault();
  std::vector<std::string> damaged;
  const std::vector<vault::ImageInfo> images = vault::list_images(*vault, &damaged);
  const auto proven = vault::proven_images(*vault, vault::names_of(images));
  json::array list;
  std::vector<std::vector<std::string>> rows{{"IMAGE", "TIME", "BYTES", "NEW", "FILES", "PROVEN", "ORIGIN"}};
  for (const vault::ImageInfo& image : images) {
    const auto proof = proven.find(image.name);
    const std::string when = proof == proven.end() ? "" : format_time(proof->second);
    json::object object = vault::image_to_json(image);
    object["proven"] = when.empty() ? json::value(nullptr) : json::value(when);
    list.push_back(std::move(object));
    rows.push_back({image.name, format_time(image.time), format_size(image.bytes), format_size(image.new_bytes),
                    format("{}", image.files), when.empty() ? "-" : when, image.origin});
  }
  for (const std::string& problem : damaged) log::error("damaged: {}", problem);
  context.print(list, images.empty() ? "no images" : format_table(rows));
}

}  // namespace

void add_image_ls(CLI::App& noun, Context& context) {
  add_command<NoOptions>(
      noun, context, "ls", "List the images, oldest first", "lifeboat image ls", [](Command&, NoOptions&) {}, run);
}

}  // namespace lifeboat::cli
