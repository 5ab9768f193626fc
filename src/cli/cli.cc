#include "cli/cli.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "base/log.h"
#include "base/printable.h"
#include "cli/commands.h"
#include "cli/drill_commands.h"
#include "cli/guard_commands.h"
#include "cli/log_commands.h"
#include "cli/rescue_commands.h"
#include "cli/standby_commands.h"

namespace lifeboat::cli {
namespace {

/// For who comes in the night, and has read nothing.
std::string night_help() {
  return "\nIs data gone, or wrong?\n"
         "  lifeboat rescue --dry-run   changes nothing: says what happened, and the ways back\n"
         "  lifeboat rescue             brings it back, beside the damaged servers\n"
         "  The page to have on paper for this: docs/three-in-the-morning.md\n";
}

std::string environment_help() {
  return "\nEnvironment: the variables named above, and\n"
         "  LIFEBOAT_STATE  directory of this host's volumes and branches\n"
         "  LIFEBOAT_CACHE  directory of what only makes the next import faster\n";
}

std::string exit_status_help() {
  std::string text = "\nExit status:\n  0  done\n";
  for (Code code : all_codes()) text += format("  {}  {}\n", exit_status(code), code_name(code));
  return text;
}

void add_globals(Command app, Globals& globals) {
  app.add_option("--vault", globals.vault_url, "file:///dir or s3://bucket/prefix?endpoint=…&region=…")
      .from_environment("LIFEBOAT_VAULT");
  app.add_option("--passphrase-file", globals.passphrase_file, "file that holds the vault's passphrase")
      .from_environment("LIFEBOAT_PASSPHRASE_FILE");
  app.add_option("--recovery-key-file", globals.recovery_key_file, "file that holds the recovery key, instead")
      .from_environment("LIFEBOAT_RECOVERY_KEY_FILE");
  app.add_option("--progress", globals.progress, "auto, bar, json (a line a second on stderr) or none")
      .one_of({"auto", "bar", "json", "none"});
  app.add_flag("--json", globals.json, "one JSON document on stdout, errors too");
  app.add_flag("-v,--verbose", globals.verbose, "say more on stderr");
}

void add_nouns(CLI::App& app, Context& context) {
  add_status(app, context);
  add_check(app, context);

  CLI::App& vault = add_noun(app, "vault", "The repository of everything kept");
  add_vault_init(vault, context);
  add_vault_stat(vault, context);
  add_vault_scrub(vault, context);
  add_vault_copy(vault, context);
  add_vault_prune(vault, context);
  add_vault_undelete(vault, context);
  add_vault_key(vault, context);
  add_vault_unlock(vault, context);

  CLI::App& image = add_noun(app, "image", "Data directories at one moment, in the vault");
  add_image_import(image, context);
  add_image_ls(image, context);
  add_image_show(image, context);
  add_image_diff(image, context);
  add_image_export(image, context);
  add_image_pin(image, context);
  add_image_rm(image, context);

  CLI::App& log = add_noun(app, "log", "Binary logs");
  add_log_ls(log, context);
  add_log_show(log, context);
  add_log_dangers(log, context);
  add_log_gaps(log, context);
  add_log_export(log, context);
  add_log_replay(log, context);
  add_log_restore(log, context);

  CLI::App& volume = add_noun(app, "volume", "Images mounted, copy-on-write");
  add_volume_mount(volume, context);
  add_volume_ls(volume, context);
  add_volume_status(volume, context);
  add_volume_commit(volume, context);
  add_volume_hydrate(volume, context);
  add_volume_umount(volume, context);
  add_volume_rm(volume, context);

  CLI::App& branch = add_noun(app, "branch", "Servers running on volumes");
  add_branch_start(branch, context);
  add_branch_ls(branch, context);
  add_branch_stop(branch, context);
  add_branch_rm(branch, context);
  add_branch_tend(branch, context);

  CLI::App& relay = add_noun(app, "relay", "Follows a source, keeps its log, serves it on");
  add_relay_run(relay, context);
  add_relay_status(relay, context);

  CLI::App& standby = add_noun(app, "standby", "A replica behind the guard, on a volume, committed every few minutes");
  add_standby_run(standby, context);
  add_standby_status(standby, context);
  add_standby_commit(standby, context);

  CLI::App& guard = add_noun(app, "guard", "Holds what destroys before a replica sees it");
  add_guard_ls(guard, context);
  add_guard_release(guard, context);
  add_guard_audit(guard, context);
  add_guard_approvers(guard, context);
  add_guard_rules(guard, context);

  CLI::App& drill =
      add_noun(app, "drill", "Rescues rehearsed: what comes back, how long it takes, and the proof of it");
  add_drill_run(drill, context);
  add_drill_ls(drill, context);

  add_adopt(app, context);
  add_seed(app, context);
  add_forecast(app, context);
  add_rescue(app, context);
  add_move(app, context);
}

bool print_document(const Error& error) {
  try {
    write_full(STDOUT_FILENO, as_bytes(valid_utf8(json::serialize(error_to_json(error))) + "\n"), "standard output");
    return true;
  } catch (const Exception&) {
    return false;  // stdout itself may be what failed
  }
}

int report(const Error& error, bool as_json) {
  if (!as_json || !print_document(error)) {
    std::fprintf(stderr, "lifeboat: %s: %s\n", std::string(code_name(error.code)).c_str(),
                 printable_lines(error.text()).c_str());
    if (!error.hint.empty()) std::fprintf(stderr, "hint: %s\n", printable_lines(error.hint).c_str());
  }
  return exit_status(error.code);
}

/// Whether --json was among the words, for errors found before they were all parsed.
bool wants_json(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--json") return true;
  }
  return false;
}

/// The noun or command that the words have come to.
const CLI::App& deepest(const CLI::App& app) {
  const std::vector<CLI::App*> found = app.get_subcommands();
  return found.empty() ? app : deepest(*found.front());
}

std::string commands_of(const CLI::App& noun) {
  std::string names;
  for (const CLI::App* each : noun.get_subcommands([](const CLI::App*) { return true; })) {
    names += (names.empty() ? "" : ", ") + each->get_name();
  }
  return names;
}

/// "lifeboat image" of its subcommand image.
std::string full_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? command.get_name() : full_name(*parent) + " " + command.get_name();
}

/// The words that nothing takes, in the order in which they were given.
std::vector<std::string> left_over(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> unknown = app.remaining(true);
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const auto at = std::ranges::find(unknown, std::string(argv[i]));
    if (at == unknown.end()) continue;
    words.emplace_back(argv[i]);
    unknown.erase(at);
  }
  return words;
}

/// What CLI11 says, or something better where it does not name what is wrong and what would be right.
Error usage_error(const CLI::App& app, const CLI::ParseError& e, int argc, char** argv) {
  const CLI::App& at = deepest(app);
  const std::string name = full_name(at);
  Error error{Code::kUsage, e.what(), format("See: {} --help", name), {}, ""};
  const std::vector<std::string> words = left_over(app, argc, argv);
  if (const std::string choices = commands_of(at); !choices.empty()) {
    error.hint = format("There are: {}", choices);
    error.message = format("{}: a command is missing", name);
    if (!words.empty()) error.message = format("{} has no command or option '{}'", name, words.front());
  } else if (!words.empty()) {
    error.message = lifeboat::format("{} does not take: {}", name, fmt::join(words, " "));
  }
  return error;
}

int parse_and_run(int argc, char** argv) {
  Globals globals;
  std::error_code ignored;
  Context context(globals, std::filesystem::read_symlink("/proc/self/exe", ignored).string());
  CLI::App app("Lifeboat: disaster recovery for MariaDB and MySQL that proves itself", "lifeboat");
  app.fallthrough();
  app.require_subcommand(1);
  app.set_version_flag("--version", "lifeboat 0.1.0");
  app.footer(night_help() + environment_help() + exit_status_help());
  add_globals(Command(&app), globals);
  // Before any command's callback; those run in the order of the words.
  app.parse_complete_callback(
      [&globals] { log::configure(globals.verbose ? log::Level::kDebug : log::Level::kInfo, log::Style::kText); });
  add_nouns(app, context);
  try {
    app.parse(argc, argv);
    return context.exit_status();
  } catch (const CLI::Success& e) {
    std::ostringstream text;
    const int status = app.exit(e, text, std::cerr);
    write_full(STDOUT_FILENO, as_bytes(text.str()), "the help to standard output");
    return status;
  } catch (const CLI::ParseError& e) {
    return report(usage_error(app, e, argc, argv), wants_json(argc, argv));
  }
}

}  // namespace

int run(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return parse_and_run(argc, argv);
  } catch (...) {
    return report(current_error(), wants_json(argc, argv));
  }
}

}  // namespace lifeboat::cli
