// `lifeboat vault scrub`: finds damage and names the files and tables it touches.

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"
#include "cli/commands.h"
#include "vault/heal.h"
#include "vault/scrub.h"

namespace lifeboat::cli {
namespace {

struct Options {
  std::string budget;
  std::string heal_from;
};

struct Result {
  vault::ScrubReport report;
  vault::HealReport healing;
};

json::object to_json(const vault::Finding& finding) {
  json::array touched;
  for (const vault::Touched& place : finding.touched) {
    json::object object{{"image", place.image}, {"path", place.path}};
    if (place.is_file) {
      object["from"] = place.from;
      object["to"] = place.to;
    }
    if (!place.table.empty()) object["table"] = place.table;
    touched.push_back(std::move(object));
  }
  return {{"object", finding.object},
          {"what", finding.what},
          {"since", format_time(finding.since)},
          {"touched", std::move(touched)}};
}

json::object to_json(const Result& result) {
  const vault::ScrubReport& report = result.report;
  const vault::HealReport& healing = result.healing;
  json::array not_healed;
  for (const auto& failure : healing.failures) {
    not_healed.push_back(json::object{{"object", failure.object}, {"why", failure.why}});
  }
  json::array findings;
  for (const vault::Finding& finding : report.findings) findings.push_back(to_json(finding));
  return {{"small_objects", report.small_objects},
          {"images", report.images},
          {"packs", report.packs},
          {"packs_read", report.packs_read},
          {"bytes_read", report.bytes_read},
          {"packs_unproven", report.packs_unproven},
          {"log_parts", report.log_parts},
          {"log_parts_read", report.log_parts_read},
          {"log_parts_unproven", report.log_parts_unproven},
          {"oldest_proof",
           unix_ms(report.oldest_proof) == 0 ? json::value() : json::value(format_time(report.oldest_proof))},
          {"strangers", json::array(report.strangers.begin(), report.strangers.end())},
          {"damage", std::move(findings)},
          {"healed", json::array(healing.healed.begin(), healing.healed.end())},
          {"not_healed", std::move(not_healed)}};
}

std::string to_text(const vault::Finding& finding) {
  std::string text = format("damaged: {}: {}\n", finding.object, finding.what);
  for (const vault::Touched& place : finding.touched) {
    text += format("  image {}: {}", place.image, printable(place.path));
    text += place.is_file ? format(" bytes {} to {}", place.from, place.to) : " and what follows it in its directory";
    text += place.table.empty() ? "\n" : format(" (table {})\n", place.table);
  }
  return text;
}

std::string to_text(const Result& result) {
  const vault::ScrubReport& report = result.report;
  std::string text = format("{} small objects, {} images' trees and {} of {} packs read ({})\n", report.small_objects,
                            report.images, report.packs_read, report.packs, format_size(report.bytes_read));
  if (report.log_parts > 0) {
    text += format("{} of {} log parts read, {} not proven yet\n", report.log_parts_read, report.log_parts,
                   report.log_parts_unproven);
  }
  if (unix_ms(report.oldest_proof) != 0) {
    text += format("{} packs proven whole, the longest ago at {}; {} not yet\n", report.packs - report.packs_unproven,
                   format_time(report.oldest_proof), report.packs_unproven);
  }
  for (const std::string& stranger : report.strangers) text += format("not the vault's: {}\n", stranger);
  for (const vault::Finding& finding : report.findings) text += to_text(finding);
  for (const std::string& object : result.healing.healed) text += format("healed: {}\n", object);
  for (const auto& failure : result.healing.failures) {
    text += format("not healed: {}: {}\n", failure.object, failure.why);
  }
  return text;
}

vault::ScrubReport scrub_with_progress(Context& context, vault::Vault& vault, vault::ScrubOptions options) {
  Progress progress(context.progress_style(), "scrub", 0);
  options.progress = &progress;
  return vault::scrub(vault, options);
}

/// A vault whose config or key slots are damaged can't be opened: then its copy is, and those are healed first.
std::unique_ptr<vault::Vault> open_or_heal(Context& context, const Options& options, vault::HealReport& healing) {
  try {
    return context.open_vault();
  } catch (const Exception& e) {
    const bool damaged = e.code() == Code::kCorruption || e.code() == Code::kNotFound;
    if (!damaged || options.heal_from.empty()) throw;
    log::warn("{}", e.what());
  }
  const auto copy = vault::Vault::open(store::open_store(options.heal_from), context.credential());
  healing = vault::heal_way_in(context.open_store(), *copy);
  return context.open_vault();
}

void heal_findings(Context& context, vault::Vault& vault, const Options& options, Result& result) {
  const auto copy = vault::Vault::open_copy(store::open_store(options.heal_from), vault);
  std::vector<std::string> objects;
  std::uint64_t bytes = 0;
  for (const vault::Finding& finding : result.report.findings) {
    if (objects.empty() || objects.back() != finding.object) objects.push_back(finding.object);
  }
  vault::HealReport healing = vault::heal(vault, *copy, objects);
  for (const std::string& name : healing.healed) {
    if (const auto info = vault.store().find(name)) bytes += info->size;
  }
  result.healing.healed.insert(result.healing.healed.end(), healing.healed.begin(), healing.healed.end());
  result.healing.failures = std::move(healing.failures);
  // Objects known to be damaged are read first, so this proves the healed ones.
  result.report = scrub_with_progress(context, vault, {.budget = bytes});
}

void run(Context& context, const Options& options) {
  stop_on_signals();
  vault::ScrubOptions scrub;
  if (!options.budget.empty()) scrub.budget = parse_size(options.budget);
  Result result;
  const auto vault = open_or_heal(context, options, result.healing);
  result.report = scrub_with_progress(context, *vault, scrub);
  if (!result.report.findings.empty() && !options.heal_from.empty()) heal_findings(context, *vault, options, result);
  context.print(to_json(result), to_text(result));
  if (!result.report.findings.empty()) context.end_with(Code::kCorruption);
}

}  // namespace

void add_vault_scrub(CLI::App& noun, Context& context) {
  add_command<Options>(
      noun, context, "scrub", "Read objects again, find damage, name the files and tables it touches",
      "lifeboat vault scrub --budget 10GiB",
      [](Command& command, Options& options) {
        command.add_option("--budget", options.budget,
                           "bytes of packs and log to read, those proven longest ago first; default: all of them");
        command.add_option("--heal-from", options.heal_from,
                           "a copy of this vault: damaged and missing objects are replaced by its");
      },
      run);
}

}  // namespace lifeboat::cli
