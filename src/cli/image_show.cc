// `lifeboat image show`: one image, and its files if asked for.

#include "cli/commands.h"
#include "server/server_info.h"
#include "vault/image_reader.h"

namespace lifeboat::cli {
namespace {

struct Options {
  std::string image;
  bool files = false;
};

void add_options(Command& command, Options& options) {
  command.add_option("IMAGE", options.image, "name, unique beginning of a name, or latest").required();
  command.add_flag("--files", options.files, "list what is in it");
}

std::string_view type_name(vault::FileType type) {
  switch (type) {
    case vault::FileType::kFile:
      return "file";
    case vault::FileType::kDirectory:
      return "directory";
    case vault::FileType::kSymlink:
      return "symlink";
  }
  return "?";
}

json::object entry_to_json(const vault::FileEntry& entry) {
  json::object object{
      {"path", entry.path}, {"type", type_name(entry.type)}, {"mode", entry.mode}, {"size", entry.size}};
  if (entry.type == vault::FileType::kSymlink) object["target"] = entry.link_target;
  return object;
}

std::string top_text(const std::optional<vault::TopDirectory>& top) {
  return top ? format("mode {:04o}, owner {}:{}", top->mode, top->uid, top->gid) : "not known";
}

/// "mariadb 10.11.19: 9 tables (1 encrypted), pages of 16 KiB, 320 B of redo to apply".
std::string server_text(const json::object& object) {
  const server::ServerInfo info = server::server_info_from_json(object);
  if (!server::is_data_directory(info)) return "none: no data directory";
  std::string text = format("{} {}: {} tables", server::flavour_name(info.flavour),
                            info.version.empty() ? "of unknown version" : info.version, info.tables);
  if (info.encrypted_tables > 0) text += format(" ({} encrypted)", info.encrypted_tables);
  if (info.page_bytes > 0) text += format(", pages of {}", format_size(info.page_bytes));
  text += info.redo_to_apply ? format(", {} of redo to apply", format_size(*info.redo_to_apply)) : ", redo not known";
  if (!info.replication_files.empty()) text += ", a replica";
  if (info.galera) text += ", of a Galera cluster";
  if (!info.outside.empty()) text += format(", {} files outside: cannot be booted", info.outside.size());
  for (const auto& [name, value] : info.settings) text += format("\n         {}={}", name, value);
  return text;
}

void run(Context& context, const Options& options) {
  const auto vault = context.open_vault();
  vault::ImageReader image(*vault, vault::resolve_image(*vault, options.image));
  const vault::ImageInfo& info = image.info();
  json::object object = vault::image_to_json(info);
  std::string text = format(
      "image    {}\ntime     {}\nbytes    {} ({} new)\nfiles    {}\nparent   {}\norigin   {}\ntop      {}\nserver   "
      "{}\n",
      info.name, format_time(info.time), format_size(info.bytes), format_size(info.new_bytes), info.files,
      info.parent.empty() ? "none" : info.parent, info.origin, top_text(info.top), server_text(info.server));
  if (options.files) {
    json::array entries;
    std::vector<std::vector<std::string>> rows{{"TYPE", "MODE", "SIZE", "PATH"}};
    image.for_each_entry([&](const vault::FileEntry& entry) {
      entries.emplace_back(entry_to_json(entry));
      rows.push_back(
          {std::string(type_name(entry.type)), format("{:04o}", entry.mode), format_size(entry.size), entry.path});
    });
    object["entries"] = std::move(entries);
    text += "\n" + format_table(rows);
  }
  context.print(object, text);
}

}  // namespace

void add_image_show(CLI::App& noun, Context& context) {
  add_command<Options>(noun, context, "show", "Describe an image", "lifeboat image show latest --files", add_options,
                       run);
}

}  // namespace lifeboat::cli
