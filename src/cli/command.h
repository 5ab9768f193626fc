/// What every command is made of: global options, how to open the vault, how to print. One file per command; each
/// defines its options struct, and one function that adds it to its noun.
///
/// With --json, stdout carries exactly one JSON document: the result, or {"error": …}. Talk goes to stderr.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "cli/options.h"
#include "store/store.h"
#include "vault/vault.h"

namespace lifeboat::cli {

struct Globals {
  std::string vault_url;
  std::string passphrase_file;
  std::string recovery_key_file;
  std::string progress = "auto";
  bool json = false;
  bool verbose = false;
};

/// Handed to every command. Owned by run(); outlives the commands.
class Context {
 public:
  Context(const Globals& globals, std::string program) : globals_(globals), program_(std::move(program)) {}

  const Globals& globals() const { return globals_; }
  /// Path of this executable, for commands that start a background process of it.
  const std::string& program() const { return program_; }
  bool json() const { return globals_.json; }
  ProgressStyle progress_style() const;

  /// The store that --vault or LIFEBOAT_VAULT names; kUsage if neither is set.
  std::unique_ptr<store::Store> open_store() const;
  /// From --passphrase-file / --recovery-key-file or LIFEBOAT_PASSPHRASE_FILE / LIFEBOAT_RECOVERY_KEY_FILE.
  vault::Credential credential() const;
  std::unique_ptr<vault::Vault> open_vault() const;

  /// One result on stdout: `text` for people, or `value` with --json. Throws if it cannot be written.
  void print(const json::value& value, std::string_view text) const;
  /// As print, of a new recovery key: one that could not be shown whole opens nothing, since its slot goes again.
  void print_recovery_key(vault::Vault& vault, const vault::Id& slot, const json::value& value,
                          std::string_view text) const;

  /// For a command whose result, already printed, is bad news (damage was found): the process ends with this status.
  void end_with(Code code) { exit_status_ = lifeboat::exit_status(code); }
  int exit_status() const { return exit_status_; }

 private:
  const Globals& globals_;
  std::string program_;
  int exit_status_ = 0;
};

/// Adds `lifeboat <noun> <verb>`. `add_options` declares the flags on the options struct; `run` does the work. The help
/// ends with `example`, a line a tired person can paste.
template <typename Options>
Command add_command(CLI::App& noun, Context& context, std::string_view verb, std::string_view help,
                    std::string_view example, const std::function<void(Command&, Options&)>& add_options,
                    std::function<void(Context&, const Options&)> run) {
  Command command = new_command(noun, verb, help, example);
  auto options = std::make_shared<Options>();
  add_options(command, *options);
  command.on_run([&context, options, run = std::move(run)] { run(context, *options); });
  return command;
}

struct NoOptions {};

/// Columns aligned for people, one line a row whatever is in its cells; the first row is the head.
std::string format_table(std::vector<std::vector<std::string>> rows);

}  // namespace lifeboat::cli
