// `lifeboat volume ls`: every volume of this host.

#include "cli/commands.h"
#include "cli/volume_options.h"

namespace lifeboat::cli {
namespace {

struct Options {
  std::string state;
};

std::vector<std::string> to_row(const json::object& status) {
  const std::int64_t bound = status.contains("space_max") ? json_integer(status, "space_max") : 0;
  return {json_string(status, "volume"),
          json_string(status, "state"),
          json_string(status, "image"),
          hydrated_text(status),
          size_text(status, "local_bytes"),
          size_text(status, "dirty_bytes"),
          bound == 0 ? "the disk" : format_size(static_cast<std::uint64_t>(bound)),
          json_string(status, "mountpoint")};
}

void run(Context& context, const Options& options) {
  say_if_absent(state_root(options.state));
  json::array list;
  std::vector<std::vector<std::string>> rows{
      {"VOLUME", "STATE", "IMAGE", "HYDRATED", "LOCAL", "DIRTY", "BOUND", "MOUNTPOINT"}};
  for (const volume::VolumeRecord& record : volume::find_volumes(state_root(options.state))) {
    json::object status = volume_to_json(record);
    rows.push_back(to_row(status));
    list.emplace_back(std::move(status));
  }
  context.print(list, format_table(rows));
}

}  // namespace

void add_volume_ls(CLI::App& noun, Context& context) {
  add_command<Options>(
      noun, context, "ls", "List the volumes of this host", "lifeboat volume ls",
      [](Command& command, Options& options) {
        command.add_option("--state", options.state, "directory of local state");
      },
      run);
}

}  // namespace lifeboat::cli
