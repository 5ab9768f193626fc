// `lifeboat image pin|unpin|rm`: what people decide about single images.

#include "cli/commands.h"
#include "cli/housekeeping.h"
#include "vault/pins.h"
#include "vault/prune.h"

namespace lifeboat::cli {
namespace {

struct Options {
  std::string image;
};

void add_image(Command& command, std::string& image) {
  command.add_option("IMAGE", image, "its name, a unique beginning, or latest").required();
}

void pin(Context& context, const Options& options) {
  const auto vault = context.open_vault();
  const vault::ImageName image = vault::resolve_image(*vault, options.image);
  vault::pin_image(*vault, image);
  context.print(json::object{{"image", image}, {"pinned", true}}, format("image {} is pinned", image));
}

void unpin(Context& context, const Options& options) {
  const auto vault = context.open_vault();
  const vault::ImageName image = vault::resolve_image(*vault, options.image);
  const bool was = vault::unpin_image(*vault, image);
  context.print(json::object{{"image", image}, {"pinned", false}},
                format("image {} {}", image, was ? "is not pinned any more" : "was not pinned"));
}

struct RemoveOptions {
  std::string image;
  std::string keep{vault::kDefaultRetention};
  std::string reason = "removed by hand";
  bool dry_run = false;
};

void remove(Context& context, const RemoveOptions& options) {
  const vault::RetentionPolicy policy = vault::parse_retention(options.keep);
  const auto vault = context.open_vault();
  const vault::ImageName image = vault::resolve_image(*vault, options.image);
  if (options.dry_run) {
    vault::check_removable(*vault, image, policy);
    context.print(json::object{{"image", image}, {"removed", false}}, format("image {} would be hidden", image));
    return;
  }
  const vault::Mark mark = vault::remove_image(*vault, image, policy, options.reason);
  context.print(json::object{{"image", image}, {"removed", true}, {"mark", vault::id_text(mark.id)}},
                format("image {} is hidden, and removed by prune after the grace period; take it back with: lifeboat "
                       "vault undelete {}",
                       image, image));
}

}  // namespace

void add_image_pin(CLI::App& noun, Context& context) {
  add_command<Options>(
      noun, context, "pin", "Keep an image whatever the retention policy says", "lifeboat image pin latest",
      [](Command& command, Options& options) { add_image(command, options.image); }, pin);
  add_command<Options>(
      noun, context, "unpin", "Let the retention policy decide about an image again",
      "lifeboat image unpin 20261122-185434-3f9a2c",
      [](Command& command, Options& options) { add_image(command, options.image); }, unpin);
}

void add_image_rm(CLI::App& noun, Context& context) {
  add_command<RemoveOptions>(
      noun, context, "rm", "Hide an image now and let prune remove it after the grace period",
      "lifeboat image rm 20261122-185434-3f9a2c --reason 'wrong directory'",
      [](Command& command, RemoveOptions& options) {
        add_image(command, options.image);
        command
            .add_option("--keep", options.keep,
                        "the retention policy that prune is given: nothing inside its window (all) is removed")
            .show_default();
        command.add_option("--reason", options.reason, "kept with the removal mark").show_default();
        command.add_flag("--dry-run", options.dry_run, "only say whether it may be removed");
      },
      remove);
}

}  // namespace lifeboat::cli
