// `lifeboat vault prune`: hides what the retention policy lets go, removes what was hidden long enough.

#include "base/cancel.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/housekeeping.h"
#include "rescue/image_position.h"
#include "vault/prune.h"

namespace lifeboat::cli {
namespace {

struct Options {
  std::string keep{vault::kDefaultRetention};
  std::string log_window = "35d";
  std::string grace = "7d";
  bool dry_run = false;
};

json::object to_json(const vault::PruneReport& report, bool dry_run) {
  json::array kept;
  json::array marked;
  for (const vault::Verdict& verdict : report.verdicts) {
    (verdict.keep ? kept : marked).push_back(json::object{{"image", verdict.name}, {"reason", verdict.reason}});
  }
  json::array sweeps;
  for (const vault::SweptMark& swept : report.sweeps) {
    json::object object = mark_to_json(swept.mark);
    object["swept"] = swept.swept;
    object["waits_for"] = swept.waits_for;
    object["images_removed"] = swept.images_removed;
    object["packs_removed"] = swept.packs_removed;
    object["packs_spared"] = swept.packs_spared;
    object["log_parts_removed"] = swept.log_parts_removed;
    object["log_parts_spared"] = swept.log_parts_spared;
    object["bytes_removed"] = swept.bytes_removed;
    sweeps.push_back(std::move(object));
  }
  return {{"dry_run", dry_run},
          {"mark", report.mark ? json::value(vault::id_text(report.mark->id)) : json::value()},
          {"kept", std::move(kept)},
          {"marked", std::move(marked)},
          {"marked_packs", report.packs.size()},
          {"marked_bytes", report.pack_bytes},
          {"young_packs", report.young_packs},
          {"marked_log_parts", report.log_parts.size()},
          {"log_kept_from", format_time(report.log.keep_from)},
          {"log_kept_reason", report.log.reason},
          {"kept_log_parts", report.log.kept},
          {"kept_log_bytes", report.log.kept_bytes},
          {"marks", std::move(sweeps)},
          {"kept_packs", report.kept_packs},
          {"kept_bytes", report.kept_bytes},
          {"wasted_bytes", report.wasted_bytes},
          {"wasted_is_estimate", report.wasted_is_estimate},
          {"unfinished_bytes_removed", report.unfinished_bytes},
          {"damaged_marks", json::array(report.damaged.begin(), report.damaged.end())}};
}

std::string sweeps_text(const vault::PruneReport& report, bool dry_run) {
  std::string text;
  for (const vault::SweptMark& swept : report.sweeps) {
    const std::string id = vault::id_text(swept.mark.id);
    if (swept.swept) {
      text +=
          format("mark {} swept: {} images, {} packs and {} log parts removed, {} freed\n", id, swept.images_removed,
                 swept.packs_removed, swept.log_parts_removed, format_size(swept.bytes_removed));
    } else if (swept.waits_for.empty()) {
      text += format("mark {} would be swept: {} images, {} packs, {} log parts\n", id, swept.mark.images.size(),
                     swept.mark.packs.size(), swept.mark.log_parts.size());
    } else if (!dry_run || swept.mark.state == vault::MarkState::kPending) {
      text += format("mark {} waits for {}\n", id, swept.waits_for);
    }
  }
  return text;
}

std::string to_text(const vault::PruneReport& report, bool dry_run) {
  std::vector<std::vector<std::string>> rows{{"IMAGE", "", "WHY"}};
  for (const vault::Verdict& verdict : report.verdicts) {
    rows.push_back({verdict.name, verdict.keep ? "keep" : "remove", verdict.reason});
  }
  std::string text = format_table(rows);
  text += format("{} {} images and {} packs ({}) that nothing refers to\n", dry_run ? "would mark" : "marked",
                 report.images.size(), report.packs.size(), format_size(report.pack_bytes));
  if (report.young_packs > 0) text += format("{} packs may be of a writer at work: left alone\n", report.young_packs);
  text += format("log kept from {} on: {}; {} {} log parts\n", format_time(report.log.keep_from), report.log.reason,
                 dry_run ? "would mark" : "marked", report.log_parts.size());
  text += sweeps_text(report, dry_run);
  text += format("{} packs stay ({}), {}{} of it unused\n", report.kept_packs, format_size(report.kept_bytes),
                 report.wasted_is_estimate ? "about " : "", format_size(report.wasted_bytes));
  for (const std::string& damaged : report.damaged) text += format("damaged: {}\n", damaged);
  return text;
}

/// An image whose position makes no sense says nothing.
std::string source_of(const vault::ImageInfo& image) {
  try {
    const auto position = rescue::position_of(image);
    return position ? position->source : std::string();
  } catch (const Exception& e) {
    if (e.code() != Code::kCorruption) throw;
    return {};
  }
}

void run(Context& context, const Options& options) {
  stop_on_signals();
  const vault::PruneOptions prune{.policy = vault::parse_retention(options.keep),
                                  .log_window = parse_duration(options.log_window),
                                  .history_of = source_of,
                                  .grace = parse_duration(options.grace),
                                  .dry_run = options.dry_run};
  const auto vault = context.open_vault();
  const vault::PruneReport report = [&] {
    Progress progress(context.progress_style(), "walk images", 0);
    vault::PruneOptions shown = prune;
    shown.progress = &progress;
    return vault::prune(*vault, shown);
  }();
  context.print(to_json(report, options.dry_run), to_text(report, options.dry_run));
}

}  // namespace

void add_vault_prune(CLI::App& noun, Context& context) {
  add_command<Options>(
      noun, context, "prune", "Hide what the policy lets go; remove what was hidden longer than the grace period",
      "lifeboat vault prune --keep 'all=2d hourly=7d daily=35d monthly=12' --dry-run",
      [](Command& command, Options& options) {
        command.add_option("--keep", options.keep, "the retention policy, per origin").show_default();
        command
            .add_option("--log-window", options.log_window,
                        "the log is kept from the newest image of each origin before this window")
            .show_default();
        command.add_option("--grace", options.grace, "how long a removal can be taken back (undelete)").show_default();
        command.add_flag("--dry-run", options.dry_run, "only say what would go, and why");
      },
      run);
}

}  // namespace lifeboat::cli
