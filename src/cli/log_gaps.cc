// `lifeboat log gaps`: whether the kept log continues from its beginning to its end; exit status 6 if it does not.

#include "relay/log_gaps.h"

#include "cli/log_commands.h"
#include "cli/log_options.h"
#include "relay/relay.h"

namespace lifeboat::cli {
namespace {

struct Options {
  LogOptions log;
};

json::object to_json(const std::string& source, const relay::LogContinuity& found) {
  json::array gaps;
  for (const relay::LogGap& gap : found.gaps) {
    gaps.push_back(json::object{{"incarnation", gap.incarnation},
                                {"file", gap.file},
                                {"kept_to", gap.kept_to},
                                {"begins", gap.begins},
                                {"lost", gap.lost}});
  }
  return {{"source", source},
          {"files", found.files},
          {"begins", found.begins},
          {"ends", found.ends},
          {"gaps", std::move(gaps)}};
}

void run(Context& context, const Options& options) {
  json::array sources;
  std::string text;
  bool any = false;
  std::string last;
  each_incarnation(options.log, [&](const std::string& source, const Path& path) {
    if (std::exchange(last, source) == source) return;
    const relay::LogContinuity found = relay::judge_continuity(path.parent_path());
    text += format("{}: {} files, from {} to {}, {} gaps\n", source, found.files,
                   found.begins.empty() ? "the first transaction" : "after " + found.begins,
                   found.ends.empty() ? "-" : found.ends, found.gaps.size());
    for (const relay::LogGap& gap : found.gaps) {
      any = true;
      text += format("  {} {} begins after {}; kept before it up to {}{}\n", gap.incarnation, gap.file, gap.begins,
                     gap.kept_to.empty() ? "nothing" : gap.kept_to, gap.lost ? ": what lies between is not kept" : "");
    }
    sources.push_back(to_json(source, found));
  });
  context.print(sources, text);
  if (any) context.end_with(Code::kCorruption);
}

}  // namespace

void add_log_gaps(CLI::App& noun, Context& context) {
  add_command<Options>(
      noun, context, "gaps", "Tell whether the log continues from its beginning to its end",
      "lifeboat log gaps --dir relay.d",
      [](Command& command, Options& options) {
        command.add_option("--dir", options.log.directory, "the relay's directory").required();
        command.add_option("--source", options.log.source, "HOST:PORT of one source (default: all that are kept)");
      },
      run);
}

}  // namespace lifeboat::cli
