// `lifeboat log restore`: makes a relay's directory again from the vault alone.

#include "relay/log_restore.h"

#include "base/cancel.h"
#include "cli/log_commands.h"
#include "cli/log_options.h"

namespace lifeboat::cli {
namespace {

struct Options {
  std::string directory;
  std::string source;
  std::string from;
};

relay::LogRestoreOptions to_options(const Options& options) {
  relay::LogRestoreOptions restore;
  restore.directory = std::filesystem::absolute(options.directory);
  restore.source = name_of_source(options.source);
  if (options.from.empty()) return restore;
  if (options.from.find(':') != std::string::npos) {
    restore.from_time = parse_time(options.from);
  } else {
    restore.from_gtid = binlog::parse_gtid(options.from);
  }
  return restore;
}

json::object to_json(const relay::LogRestoreReport& report, std::size_t problems) {
  json::array files;
  for (const relay::RestoredFile& file : report.files) {
    files.push_back(json::object{{"source", file.source},
                                 {"incarnation", file.incarnation},
                                 {"file", file.file},
                                 {"bytes", file.bytes},
                                 {"closed", file.closed},
                                 {"gtid", file.gtid},
                                 {"problem", file.problem}});
  }
  return {{"files", std::move(files)},
          {"bytes", report.bytes},
          {"damaged", json::array(report.damaged.begin(), report.damaged.end())},
          {"problems", problems}};
}

void run(Context& context, const Options& options) {
  stop_on_signals();
  const relay::LogRestoreOptions restore = to_options(options);
  const auto vault = context.open_vault();
  const relay::LogRestoreReport report = [&] {
    Progress progress(context.progress_style(), "restore log", 0);
    relay::LogRestoreOptions shown = restore;
    shown.progress = &progress;
    return relay::restore_log(*vault, shown);
  }();
  std::string text;
  std::size_t problems = 0;
  for (const relay::RestoredFile& file : report.files) {
    if (file.problem.empty()) continue;
    ++problems;
    text += format("{} {} {}: {}\n", file.source, file.incarnation, file.file, file.problem);
  }
  for (const std::string& part : report.damaged) text += format("damaged: {}\n", part);
  text += format("{} files ({}) restored to {}, {} with problems\n", report.files.size(), format_size(report.bytes),
                 restore.directory.string(), problems);
  context.print(to_json(report, problems), text);
  if (problems > 0) context.end_with(Code::kCorruption);
}

}  // namespace

void add_log_restore(CLI::App& noun, Context& context) {
  add_command<Options>(
      noun, context, "restore", "Make a relay's directory again from the vault alone, byte for byte, and check it",
      "lifeboat log restore --to relay.d --vault file:///backup/vault --recovery-key-file key",
      [](Command& command, Options& options) {
        command.add_option("--to", options.directory, "the --dir for `relay run`; must hold none of these logs")
            .required();
        command.add_option("--source", options.source, "HOST:PORT of one source (default: all in the vault)");
        command.add_option("--from", options.from,
                           "GTID, or time as 2026-11-22T19:04:10Z: leave out the files that end before it");
      },
      run);
}

}  // namespace lifeboat::cli
