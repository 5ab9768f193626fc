// `lifeboat vault copy`: keeps a second vault that either can be healed from.

#include "base/cancel.h"
#include "base/error.h"
#include "cli/commands.h"
#include "vault/copy.h"

namespace lifeboat::cli {
namespace {

struct Options {
  std::string to;
  bool dry_run = false;
};

json::object to_json(const vault::CopyReport& report, bool dry_run) {
  json::array failures;
  for (const auto& failure : report.failures) {
    failures.push_back(json::object{{"image", failure.image}, {"why", failure.why}});
  }
  return {{"dry_run", dry_run},
          {"images", json::array(report.images.begin(), report.images.end())},
          {"images_there", report.images_there},
          {"packs", report.packs},
          {"log_parts", report.log_parts},
          {"bytes", report.bytes},
          {"failures", std::move(failures)}};
}

std::string to_text(const vault::CopyReport& report, bool dry_run) {
  std::string text =
      format("{} {} images, {} packs and {} log parts ({}); {} images were there\n", dry_run ? "would copy" : "copied",
             report.images.size(), report.packs, report.log_parts, format_size(report.bytes), report.images_there);
  for (const auto& failure : report.failures) text += format("not copied: {} {}\n", failure.image, failure.why);
  return text;
}

void run(Context& context, const Options& options) {
  stop_on_signals();
  const auto vault = context.open_vault();
  const vault::CopyReport report = [&] {
    Progress progress(context.progress_style(), "copy", 0);
    return vault::copy_vault(*vault, store::open_store(options.to),
                             {.dry_run = options.dry_run, .progress = &progress});
  }();
  context.print(to_json(report, options.dry_run), to_text(report, options.dry_run));
  if (!report.failures.empty()) context.end_with(Code::kCorruption);
}

}  // namespace

void add_vault_copy(CLI::App& noun, Context& context) {
  add_command<Options>(
      noun, context, "copy", "Copy what is missing to a second vault of the same id and keys",
      "lifeboat vault copy --to 's3://bucket/vault?endpoint=https://s3.example.org'",
      [](Command& command, Options& options) {
        command.add_option("--to", options.to, "an empty place, or the copy made before").required();
        command.add_flag("--dry-run", options.dry_run, "only say what would be copied");
      },
      run);
}

}  // namespace lifeboat::cli
