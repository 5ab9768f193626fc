#include "cli/cli.h"

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "base/log.h"
#include "cli/commands.h"

namespace lifeboat::cli {
namespace {

std::string exit_status_help() {
  std::string text = "\nExit status:\n  0  done\n";
  for (Code code : all_codes()) text += format("  {}  {}\n", exit_status(code), code_name(code));
  return text;
}

void add_globals(CLI::App& app, Globals& globals) {
  app.add_option("--vault", globals.vault_url, "file:///dir or s3://bucket/prefix?endpoint=…&region=…")
      ->envname("LIFEBOAT_VAULT");
  app.add_option("--passphrase-file", globals.passphrase_file, "file that holds the vault's passphrase")
      ->envname("LIFEBOAT_PASSPHRASE_FILE");
  app.add_option("--recovery-key-file", globals.recovery_key_file, "file that holds the recovery key, instead")
      ->envname("LIFEBOAT_RECOVERY_KEY_FILE");
  app.add_option("--progress", globals.progress, "auto, bar, json (a line a second on stderr) or none")
      ->check(CLI::IsMember({"auto", "bar", "json", "none"}));
  app.add_flag("--json", globals.json, "one JSON document on stdout, errors too");
  app.add_flag("-v,--verbose", globals.verbose, "say more on stderr");
}

CLI::App& add_noun(CLI::App& app, std::string name, std::string help) {
  CLI::App* noun = app.add_subcommand(std::move(name), std::move(help));
  noun->require_subcommand(1);
  return *noun;
}

void add_nouns(CLI::App& app, Context& context) {
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
}

int report(const Error& error, bool as_json) {
  if (as_json) {
    std::printf("%s\n", json::serialize(error_to_json(error)).c_str());
  } else {
    std::fprintf(stderr, "lifeboat: %s: %s\n", std::string(code_name(error.code)).c_str(), error.text().c_str());
    if (!error.hint.empty()) std::fprintf(stderr, "hint: %s\n", error.hint.c_str());
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

int parse_and_run(int argc, char** argv) {
  Globals globals;
  std::error_code ignored;
  Context context(globals, std::filesystem::read_symlink("/proc/self/exe", ignored).string());
  CLI::App app("Lifeboat: disaster recovery for MariaDB and MySQL that proves itself", "lifeboat");
  app.fallthrough();
  app.require_subcommand(1);
  app.set_version_flag("--version", "lifeboat 0.1.0");
  app.footer(exit_status_help());
  add_globals(app, globals);
  // Before any command's callback; those run in the order of the words.
  app.parse_complete_callback(
      [&globals] { log::configure(globals.verbose ? log::Level::kDebug : log::Level::kInfo, log::Style::kText); });
  add_nouns(app, context);
  try {
    app.parse(argc, argv);
    return context.exit_status();
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    return report(Error{Code::kUsage, e.what(), "Run the command with --help to see what it takes.", {}, ""},
                  wants_json(argc, argv));
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
