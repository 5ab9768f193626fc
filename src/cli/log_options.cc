#include "cli/log_options.h"

#include <set>

#include "base/error.h"
#include "relay/relay.h"
#include "relay/source_log.h"

namespace lifeboat::cli {
namespace {

std::string_view severity_name(binlog::Severity severity) {
  switch (severity) {
    case binlog::Severity::kOrdinary:
      return "ordinary";
    case binlog::Severity::kWarns:
      return "warns";
    case binlog::Severity::kDestroys:
      return "destroys";
    case binlog::Severity::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace

void add_log_options(Command& command, LogOptions& options, const std::string& about_directory) {
  if (about_directory.empty()) {
    command.add_option("--dir", options.directory, "the relay's directory").required();
  } else {
    command.add_option("--dir", options.directory, about_directory);
  }
  command.add_option("--source", options.source, "HOST:PORT of one source (default: all that are kept)");
  command.add_option("--incarnation", options.incarnation, "one of the source's logs, as 000001");
}

std::string name_of_source(const std::string& text) {
  if (text.empty()) return text;
  if (text.find("://") != std::string::npos) return relay::source_name(relay::SourceAddress::parse(text).endpoint);
  return text.find(':') == std::string::npos ? text : relay::source_name(net::Endpoint::parse(text));
}

void each_incarnation(const LogOptions& options,
                      const std::function<void(const std::string& source, const Path& incarnation)>& visit) {
  bool any = false;
  const std::string wanted = name_of_source(options.source);
  for (const Path& source : relay::list_source_directories(options.directory)) {
    const std::string name = source.filename().string();
    if (!wanted.empty() && name != wanted) continue;
    for (const Path& incarnation : relay::list_incarnations(source)) {
      if (!options.incarnation.empty() && incarnation.filename() != options.incarnation) continue;
      any = true;
      visit(name, incarnation);
    }
  }
  if (any) return;
  fail(Code::kNotFound, format("{}: no such log is kept there", options.directory),
       "Give the --dir of `relay run`; `lifeboat log ls` lists what it keeps.");
}

Path one_incarnation(const LogOptions& options) {
  std::set<std::string> sources;
  Path newest;
  each_incarnation(options, [&](const std::string& source, const Path& incarnation) {
    sources.insert(source);
    newest = incarnation;
  });
  if (sources.size() == 1) return newest;
  fail(Code::kUsage, lifeboat::format("{} keeps the logs of {}: name one with --source", options.directory,
                                      fmt::join(sources, ", ")));
}

json::object danger_to_json(const binlog::GroupDanger& danger) {
  std::set<std::string> objects;
  json::array effects;
  for (const binlog::Effect& effect : danger.effects) {
    json::array names;
    for (const binlog::TableName& object : effect.objects) {
      objects.insert(object.text());
      names.push_back(json::string(object.text()));
    }
    effects.push_back(json::object{{"class", binlog::danger_class_name(effect.danger)},
                                   {"objects", std::move(names)},
                                   {"rows", effect.rows},
                                   {"why", effect.why}});
  }
  json::object rows;
  for (const auto& [table, counts] : danger.rows) {
    rows[table.text()] =
        json::object{{"inserted", counts.inserted}, {"updated", counts.updated}, {"deleted", counts.deleted}};
  }
  return {{"severity", severity_name(danger.severity)},
          {"class", danger.effects.empty() ? "ordinary" : binlog::danger_class_name(danger.effects.front().danger)},
          {"why", danger.effects.empty() ? std::string() : danger.effects.front().why},
          {"objects", json::array(objects.begin(), objects.end())},
          {"effects", std::move(effects)},
          {"rows", std::move(rows)},
          {"statement", danger.statement},
          {"statement_bytes", danger.statement_size},
          {"database", danger.database},
          {"user",
           danger.user.empty() ? json::value(nullptr) : json::value(format("{}@{}", danger.user, danger.user_host))},
          {"thread", danger.thread_id == 0 ? json::value(nullptr) : json::value(danger.thread_id)}};
}

}  // namespace lifeboat::cli
