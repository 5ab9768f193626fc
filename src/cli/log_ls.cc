// `lifeboat log ls` and `lifeboat log verify`: what is kept of each source, and whether it is whole.

#include "cli/commands.h"
#include "relay/relay.h"
#include "relay/source_log.h"

namespace lifeboat::cli {
namespace {

struct LogOptions {
  std::string directory;
};

/// Calls `visit` for every incarnation of every source.
template <typename Visit>
void each_incarnation(const LogOptions& options, Visit visit) {
  const std::vector<Path> sources = relay::list_source_directories(options.directory);
  if (sources.empty()) {
    fail(Code::kNotFound, format("{}: no log is kept there", options.directory), "Give the --dir of `relay run`.");
  }
  for (const Path& source : sources) {
    for (const Path& incarnation : relay::list_incarnations(source)) visit(source.filename().string(), incarnation);
  }
}

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

void add_options(Command& command, LogOptions& options) {
  command.add_option("--dir", options.directory, "the relay's directory").required();
}

}  // namespace

void add_log_ls(CLI::App& noun, Context& context) {
  add_command<LogOptions>(noun, context, "ls", "List the log files that are kept", "lifeboat log ls --dir relay.d",
                          add_options, list);
  add_command<LogOptions>(noun, context, "verify",
                          "Check every event's checksum, and that nothing is missing between files",
                          "lifeboat log verify --dir relay.d", add_options, verify);
}

}  // namespace lifeboat::cli
