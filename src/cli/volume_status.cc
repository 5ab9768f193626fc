// `lifeboat volume status`: one volume in full, hydration and its forecast included.

#include "cli/commands.h"
#include "cli/volume_options.h"

namespace lifeboat::cli {
namespace {

std::string hydration_text(const json::object& status) {
  const json::value* found = status.if_contains("hydration");
  if (found == nullptr || !found->is_object()) return "";
  const json::object& hydration = found->get_object();
  std::string text = ", " + json_string(hydration, "state");
  if (const std::int64_t rate = json_integer(hydration, "bytes_per_second"); rate > 0) {
    text += format(", {}/s", format_size(static_cast<std::uint64_t>(rate)));
  }
  const json::value& left = hydration.at("seconds_left");
  if (left.is_null()) return text + ", time left not known";
  const std::int64_t seconds = json_integer(hydration, "seconds_left");
  if (seconds > 0) text += format(", about {} left", format_duration(std::chrono::seconds(seconds)));
  if (hydration.contains("error")) text += "\n            " + json_string(hydration, "error");
  return text;
}

void run(Context& context, const VolumeOptions& options) {
  const json::object status = volume_to_json(open_volume_record(options));
  std::string text =
      format("volume      {}\nstate       {}\nmountpoint  {}\nimage       {}\n", json_string(status, "volume"),
             json_string(status, "state"), json_string(status, "mountpoint"), json_string(status, "image"));
  text += format("size        {}\nlocal       {}\ndirty       {}\nhydrated    {}{}\n", size_text(status, "bytes"),
                 size_text(status, "local_bytes"), size_text(status, "dirty_bytes"), hydrated_text(status),
                 hydration_text(status));
  if (status.contains("problem")) text += format("problem     {}\n", json_string(status, "problem"));
  context.print(status, text);
}

}  // namespace

void add_volume_status(CLI::App& noun, Context& context) {
  add_command<VolumeOptions>(noun, context, "status", "Show one volume: space, changes, hydration and its forecast",
                             "lifeboat volume status rescue", add_volume_options, run);
}

}  // namespace lifeboat::cli
