// `lifeboat guard audit`: every hold and every decision, and whether anybody changed the record.

#include "base/printable.h"
#include "cli/guard_commands.h"
#include "cli/relay_directory.h"
#include "relay/hold_book.h"

namespace lifeboat::cli {
namespace {

struct AuditOptions {
  std::string directory;
  bool verify = false;
};

std::string detail(const json::object& body) {
  std::string text;
  for (const auto& [key, value] : body) {
    if (key == "number" || key == "time" || key == "time_ms" || key == "event" || key == "signature") continue;
    text +=
        format("{}{}={}", text.empty() ? "" : " ", std::string_view(key.data(), key.size()), json::serialize(value));
  }
  return printable(text);
}

void audit(Context& context, const AuditOptions& options) {
  relay::AuditLog log(relay::guard_directory(relay_directory(options.directory)) / "audit.log");
  json::array entries;
  std::vector<std::vector<std::string>> table{{"NUMBER", "TIME", "EVENT", "WHAT"}};
  log.read_new([&](const relay::AuditEntry& entry) {
    if (options.verify) return;
    json::object body = entry.body;
    body["hash"] = entry.hash;
    entries.push_back(std::move(body));
    table.push_back({std::to_string(entry.number), format_time(entry.time), entry.event, detail(entry.body)});
  });
  if (!options.verify) return context.print(entries, format_table(table));
  context.print(json::object{{"entries", log.entries()}, {"head", log.head()}, {"whole", true}},
                format("{} entries, each fits the one before; the last is {}\n", log.entries(), log.head()));
}

}  // namespace

void add_guard_audit(CLI::App& noun, Context& context) {
  add_command<AuditOptions>(
      noun, context, "audit", "Show every hold and decision, or check that the record was not changed",
      "lifeboat guard audit --verify",
      [](Command& command, AuditOptions& options) {
        command.add_option("--dir", options.directory, "the relay's directory (default: of the one that runs)");
        command.add_flag("--verify", options.verify, "only check it; names the first line that does not fit");
      },
      audit);
}

}  // namespace lifeboat::cli
