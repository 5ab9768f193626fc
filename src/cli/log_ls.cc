// `lifeboat log ls` and `lifeboat log verify`: what is kept of each source, and whether it is whole.

#include "cli/commands.h"
#include "cli/log_options.h"

namespace lifeboat::cli {
namespace {

void list(Context& context, const LogOptions& options) {
  json::array files;
  std::vector<std::vector<std::string>> table{{"SOURCE", "INCARNATION", "FILE", "SIZE", "BEFORE"}};
  each_incarnation(options, [&](const std::string& source, const Path& path) {
    const relay::LogDirectory log(path);
    for (const auto& file : log.files()) {
      const auto end = log.end_of(file.name);
      const std::string before =
          file.head ? binlog::GtidState::from_list(*file.head).position().format() : std::string();
      files.push_back(json::object{{"source", source},
                                   {"incarnation", path.filename().string()},
                                   {"file", file.name},
                                   {"bytes", end.readable},
                                   {"closed", end.closed},
                                   {"before", before}});
      table.push_back({source, path.filename().string(), file.name, format_size(end.readable), before});
    }
  });
  context.print(files, format_table(table));
}

/// One file as verified: good to which position, and what was found there.
json::object verify_file(const relay::LogDirectory& log, const relay::ServedLog::File& file, binlog::GtidState& state) {
  std::string problem;
  if (file.head && !state.empty() && binlog::GtidState::from_list(*file.head) != state) {
    problem = format("gap: it begins after {}, and what is kept before it ends at {}",
                     binlog::GtidState::from_list(*file.head).position().format(), state.position().format());
  }
  const relay::LogScan scan = relay::scan_log_file(file.path, state);
  state = scan.progress.boundary().state;
  const bool closed = log.end_of(file.name).closed;
  if (problem.empty() && closed) problem = scan.why_stopped;
  return {{"file", file.name},
          {"good_to", scan.progress.boundary().position},
          {"bytes", scan.size},
          {"gtid", state.position().format()},
          {"problem", problem}};
}

void verify(Context& context, const LogOptions& options) {
  json::array files;
  std::string text;
  std::size_t problems = 0;
  each_incarnation(options, [&](const std::string& source, const Path& path) {
    const relay::LogDirectory log(path);
    binlog::GtidState state;
    for (const auto& file : log.files()) {
      json::object found = verify_file(log, file, state);
      if (const std::string problem = json_string(found, "problem"); !problem.empty()) {
        ++problems;
        text += format("{} {} {}: {}\n", source, path.filename().string(), file.name, problem);
      }
      found["source"] = source;
      found["incarnation"] = path.filename().string();
      files.push_back(std::move(found));
    }
  });
  text += format("{} files, {} with problems\n", files.size(), problems);
  context.print(json::object{{"files", files}, {"problems", problems}}, text);
  if (problems > 0) context.end_with(Code::kCorruption);
}

}  // namespace

void add_log_ls(CLI::App& noun, Context& context) {
  add_command<LogOptions>(
      noun, context, "ls", "List the log files that are kept", "lifeboat log ls --dir relay.d",
      [](Command& command, LogOptions& options) { add_log_options(command, options); }, list);
  add_command<LogOptions>(
      noun, context, "verify", "Check every event's checksum, and that nothing is missing between files",
      "lifeboat log verify --dir relay.d",
      [](Command& command, LogOptions& options) { add_log_options(command, options); }, verify);
}

}  // namespace lifeboat::cli
