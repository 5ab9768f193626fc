// `lifeboat log dangers`: what in the kept log destroys, found through the index.

#include "base/cancel.h"
#include "base/printable.h"
#include "cli/log_commands.h"
#include "cli/log_options.h"
#include "cli/relay_directory.h"

namespace lifeboat::cli {
namespace {

struct Options {
  LogOptions log;
  std::string since;
  std::string until;
  std::string danger;
  bool warnings = false;
};

struct Filter {
  explicit Filter(const Options& options) : warnings(options.warnings) {
    if (!options.since.empty()) since = parse_time(options.since);
    if (!options.until.empty()) until = parse_time(options.until);
    if (options.danger.empty()) return;
    danger = binlog::danger_class_of(options.danger);
    if (danger != binlog::DangerClass::kUnknown || options.danger == "unknown") return;
    fail(Code::kUsage, format("'{}' is no class of danger", options.danger),
         lifeboat::format("There are: {}", fmt::join(binlog::danger_class_names(), ", ")));
  }

  bool takes(const relay::IndexEntry& entry) const {
    const SystemTime time = from_unix_ms(std::int64_t{entry.time} * 1000);
    if (!entry.dangerous() || (since && time < *since) || (until && time > *until)) return false;
    if (danger) return entry.danger == *danger;
    return warnings || entry.severity != binlog::Severity::kWarns;
  }

  bool warnings;
  std::optional<SystemTime> since;
  std::optional<SystemTime> until;
  std::optional<binlog::DangerClass> danger;
};

json::object to_json(const std::string& source, const Path& incarnation, const relay::LogIndex::Found& found) {
  json::object object{{"gtid", found.entry.gtid_text()},
                      {"time", format_time(from_unix_ms(std::int64_t{found.entry.time} * 1000))},
                      {"source", source},
                      {"incarnation", incarnation.filename().string()},
                      {"file", found.file.name},
                      {"position", found.entry.begin},
                      {"end_position", found.entry.end}};
  for (auto& [key, value] : danger_to_json(relay::LogIndex::load(found).danger)) object[key] = value;
  // As the index has it, where all statements before were known.
  object["class"] = binlog::danger_class_name(found.entry.danger);
  return object;
}

std::string first_line(const json::object& danger) {
  constexpr std::size_t kShown = 100;
  const std::string text = printable(json_string(danger, "statement"));
  return text.size() > kShown ? text.substr(0, kShown) + "…" : text;
}

std::string joined(const json::array& names) {
  std::string text;
  for (const json::value& name : names) text += (text.empty() ? "" : ",") + std::string(name.as_string());
  return text;
}

void run(Context& context, const Options& options) {
  stop_on_signals();
  const Filter filter(options);
  json::array dangers;
  std::vector<std::vector<std::string>> table{{"TIME", "GTID", "CLASS", "OBJECTS", "ROWS", "STATEMENT"}};
  LogOptions log_options = options.log;
  log_options.directory = relay_directory(options.log.directory).string();
  each_incarnation(log_options, [&](const std::string& source, const Path& path) {
    const relay::LogDirectory log(path);
    const relay::LogIndex index(log);
    for (const relay::ServedLog::File& file : log.files()) {
      index.visit(file, [&](const relay::IndexEntry& entry) {
        throw_if_cancelled();
        if (!filter.takes(entry)) return true;
        json::object danger = to_json(source, path, {file, entry});
        table.push_back({json_string(danger, "time"), json_string(danger, "gtid"), json_string(danger, "class"),
                         joined(danger.at("objects").as_array()), entry.rows == 0 ? "" : std::to_string(entry.rows),
                         first_line(danger)});
        dangers.push_back(std::move(danger));
        return true;
      });
    }
  });
  context.print(dangers, dangers.empty() ? "nothing destroys\n" : format_table(table));
}

}  // namespace

void add_log_dangers(CLI::App& noun, Context& context) {
  add_command<Options>(
      noun, context, "dangers", "List the transactions that destroy: statement, objects, rows, who and when",
      "lifeboat log dangers --since 2026-11-22T00:00:00Z",
      [](Command& command, Options& options) {
        add_log_options(command, options.log, "the relay's directory (default: of the one that runs)");
        command.add_option("--since", options.since, "not older than 2026-11-22T19:04:10Z");
        command.add_option("--until", options.until, "not younger than");
        command.add_option("--class", options.danger, "one class only, as drop_table");
        command.add_flag("--warnings", options.warnings, "also what warns only: accounts, views, routines");
      },
      run);
}

}  // namespace lifeboat::cli
