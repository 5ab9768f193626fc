// `lifeboat adopt`: an existing backup and surviving binary logs become an image and a log like any other.

#include "rescue/adopt.h"

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"
#include "cli/branch_options.h"
#include "cli/commands.h"
#include "cli/volume_options.h"
#include "rescue/adopt_fetch.h"
#include "rescue/adopt_race.h"

namespace lifeboat::cli {
namespace {

constexpr std::string_view kLogDirectory = "adopted";
constexpr std::size_t kNameMax = 64;

struct Options {
  std::vector<std::string> backups;
  std::vector<std::string> logs;
  std::string directory;
  std::string source;
  std::string at;
  std::string database;
  std::string defaults_file;
  int threads = 2;
  std::string name;
  bool keep = false;
  std::string server;
  std::string user;
  std::string password_file;
  std::string state;
  std::string space;
};

void add_options(Command& command, Options& options) {
  command.add_option("BACKUP", options.backups,
                     "a dump (.sql, also .gz or .zst), a mydumper folder, a mariadb-backup stream or folder, a data "
                     "directory; a path, or a URL of a file (https://…, s3://…). Of several the first that is proven "
                     "wins");
  command.add_option("--log", options.logs,
                     "binary log that was copied from the source's host, or a directory of them; several times");
  command.add_option("--dir", options.directory,
                     "directory for the log, as of `relay run` (default: `adopted` in the state directory)");
  command.add_option("--source", options.source, "HOST:PORT that it all is of (default: called by the server's id)");
  command.add_option("--at", options.at,
                     "where in the log the backup lies, for one that does not say: FILE:POSITION or a GTID position");
  command.add_option("--database", options.database, "the database of a dump that does not name it");
  command.add_option("--defaults-file", options.defaults_file,
                     "the source's option file: settings, and encryption keys, which are kept with the image");
  command.add_option("--threads", options.threads, "threads that load, or hash, compress and seal").between(1, 64);
  command.add_option("--name", options.name, "name of the branch that is booted (default: by the backup's)");
  command.add_flag("--keep", options.keep, "let the branch run on");
  command.add_option("--server", options.server, "the mariadbd to run (default: this host's)");
  command.add_option("--user", options.user,
                     "account in a backup of files (default: by unix socket, as you and as root)");
  command.add_option("--user-password-file", options.password_file, "file that holds its password");
  add_space_option(command, options.space);
  add_branch_state_option(command, options.state);
}

std::string absolute_backup(const std::string& given) {
  if (given.empty() || rescue::is_remote(given)) return given;
  std::string path = std::filesystem::absolute(given).lexically_normal().string();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::string default_name(const std::string& backup) {
  if (backup.empty()) return "adopt";
  const std::string bare = backup.substr(0, backup.find('?'));
  return ("adopt-" + volume::volume_name_for(Path(bare).filename())).substr(0, kNameMax);
}

void check(const Options& options) {
  if (options.backups.empty() && options.logs.empty()) {
    fail(Code::kUsage, "nothing to adopt was named", "Name a backup, binary logs with --log, or both.");
  }
  if (options.backups.size() > 1 && !(options.at.empty() && options.name.empty() && options.database.empty())) {
    fail(Code::kUsage, "--at, --database and --name are about one backup", "Adopt that one in a command of its own.");
  }
}

Path log_directory(const Options& options) {
  return options.directory.empty() ? branch_state_root(options.state) / kLogDirectory
                                   : std::filesystem::absolute(options.directory);
}

rescue::AdoptRequest to_request(const Context& context, const Options& options, const std::string& backup) {
  rescue::AdoptRequest request;
  request.backup = absolute_backup(backup);
  for (const std::string& log : options.logs) request.logs.emplace_back(log);
  request.log_directory = log_directory(options);
  request.source = options.source;
  request.at = options.at;
  request.database = options.database;
  request.defaults_file = options.defaults_file;
  request.threads = options.threads;
  request.keep_branch = options.keep;
  request.progress = context.progress_style();
  request.branch = branch_request(context, options.state, options.space);
  request.branch.name = options.name.empty() ? default_name(request.backup) : options.name;
  request.branch.binary = options.server;
  request.branch.logins = server::control_logins(options.user, options.password_file);
  volume::check_volume_name(request.branch.name);
  return request;
}

json::array texts(const std::vector<std::string>& all) {
  return json::array(all.begin(), all.end());
}

json::object log_to_json(const rescue::AdoptedLog& log) {
  return {{"directory", log.incarnation.string()},
          {"source", log.source},
          {"files", log.files},
          {"bytes", log.bytes},
          {"begins", log.begins},
          {"ends", log.ends},
          {"notes", texts(log.notes)}};
}

json::object result_to_json(const rescue::AdoptResult& result) {
  json::object out{{"kind", result.kind},
                   {"image", nullptr},
                   {"copied_image", nullptr},
                   {"branch", nullptr},
                   {"position", nullptr},
                   {"log", nullptr},
                   {"forecast", nullptr},
                   {"notes", texts(result.notes)},
                   {"prepared", result.prepared},
                   {"bytes", result.bytes},
                   {"new_bytes", result.new_bytes},
                   {"read_seconds", result.read_seconds},
                   {"boot_seconds", result.boot_seconds},
                   {"commit_seconds", result.commit_seconds}};
  if (!result.image.empty()) out["image"] = result.image;
  if (!result.copied_image.empty()) out["copied_image"] = result.copied_image;
  if (!result.branch.empty()) out["branch"] = result.branch;
  if (result.position) out["position"] = rescue::to_json(*result.position);
  if (result.log) out["log"] = log_to_json(*result.log);
  if (result.forecast) {
    out["forecast"] = json::object{{"at", 0.1},
                                   {"read_seconds", result.forecast->said_seconds},
                                   {"actual_read_seconds", result.forecast->seconds}};
  }
  return out;
}

/// Of a result as it is printed for machines: also of a process that won a race.
std::string describe_image(const json::object& result) {
  const auto size = [&](std::string_view key) {
    return format_size(static_cast<std::uint64_t>(json_integer(result, key)));
  };
  std::string text = format("image {} ({}, {} new) of {}: read in {:.1f} s, booted in {:.1f} s, committed in {:.1f} s",
                            json_string(result, "image"), size("bytes"), size("new_bytes"), json_string(result, "kind"),
                            json_number(result, "read_seconds"), json_number(result, "boot_seconds"),
                            json_number(result, "commit_seconds"));
  if (const json::object* position = result.at("position").if_object()) {
    text += format("\nat      {}", json_string(*position, "gtid"));
    const std::string file = json_string(*position, "file");
    if (!file.empty()) text += format(" ({}:{})", file, json_integer(*position, "file_position"));
  }
  for (const json::value& note : result.at("notes").as_array()) {
    text += format("\nnote    {}", std::string_view(note.as_string()));
  }
  if (result.at("branch").is_string()) text += format("\nbranch  {}", json_string(result, "branch"));
  return text + "\n";
}

std::string describe_log(const rescue::AdoptedLog& log) {
  const std::string directory = shell_word(log.incarnation.parent_path().parent_path().string());
  std::string text = format("log     {} files ({}) of {}, from '{}' to '{}'", log.files, format_size(log.bytes),
                            log.source, log.begins, log.ends);
  for (const std::string& note : log.notes) text += format("\nnote    {}", note);
  return text + format(
                    "\n\nWhat destroys in it:  lifeboat log dangers --dir {0}\nThe database back:    lifeboat rescue "
                    "--dir {0}\n… on another host:    lifeboat rescue --standalone\n",
                    directory);
}

/// A command like this one, of one backup; the log was adopted before.
rescue::Racer to_racer(const Context& context, const Options& options, const std::string& backup, std::size_t number) {
  const Globals& globals = context.globals();
  rescue::Racer racer{.backup = absolute_backup(backup), .branch = {}, .argv = {}};
  racer.branch = format("{}-{}", default_name(racer.backup).substr(0, kNameMax - 4), number);
  racer.argv = {context.program(), "--json", "--progress", "none", "adopt", racer.backup};
  const auto add = [&](const std::string& option, const std::string& value) {
    if (!value.empty()) racer.argv.insert(racer.argv.end(), {option, value});
  };
  add("--vault", globals.vault_url);
  add("--passphrase-file", globals.passphrase_file);
  add("--recovery-key-file", globals.recovery_key_file);
  add("--dir", log_directory(options).string());
  add("--source", options.source);
  add("--defaults-file", options.defaults_file);
  add("--threads", std::to_string(options.threads));
  add("--name", racer.branch);
  add("--server", options.server);
  add("--user", options.user);
  add("--user-password-file", options.password_file);
  add("--state", branch_state_root(options.state).string());
  add("--space", options.space);
  if (options.keep) racer.argv.emplace_back("--keep");
  return racer;
}

void run_race(Context& context, const Options& options) {
  std::optional<rescue::AdoptedLog> log;
  if (!options.logs.empty()) log = rescue::adopt(to_request(context, options, "")).log;
  std::vector<rescue::Racer> racers;
  for (const std::string& backup : options.backups) {
    racers.push_back(to_racer(context, options, backup, racers.size() + 1));
  }
  rescue::RaceResult race = rescue::race_adoptions(racers, branch_state_root(options.state));
  std::string text = format("{} was proven first\n{}", race.backup, describe_image(race.result));
  json::array losers;
  for (const rescue::RaceLoser& loser : race.losers) {
    text += format("not needed: {}{}\n", loser.backup, loser.said.empty() ? "" : ", which failed: " + loser.said);
    losers.push_back(json::object{{"backup", loser.backup}, {"said", loser.said}});
  }
  if (log) text += describe_log(*log);
  text.pop_back();
  race.result["backup"] = race.backup;
  race.result["losers"] = std::move(losers);
  if (log) race.result["log"] = log_to_json(*log);
  context.print(race.result, text);
}

void run_one(Context& context, const Options& options) {
  const std::string backup = options.backups.empty() ? std::string() : options.backups.front();
  const rescue::AdoptRequest request = to_request(context, options, backup);
  const rescue::AdoptResult result = rescue::adopt(request);
  const json::object printed = result_to_json(result);
  std::string text;
  if (!result.image.empty()) text += describe_image(printed);
  if (result.log) text += describe_log(*result.log);
  text.pop_back();
  context.print(printed, text);
}

void run(Context& context, const Options& options) {
  check(options);
  stop_on_signals();
  if (options.backups.size() > 1) {
    run_race(context, options);
  } else {
    run_one(context, options);
  }
}

}  // namespace

void add_adopt(CLI::App& app, Context& context) {
  add_command<Options>(app, context, "adopt",
                       "Make an image and a log of an existing backup and of binary logs that survived",
                       "lifeboat adopt nightly.sql.gz --log /backup/binlogs", add_options, run);
}

}  // namespace lifeboat::cli
