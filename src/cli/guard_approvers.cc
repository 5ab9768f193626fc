// `lifeboat guard approvers add`, `ls`, `rm`: whose word lets a danger pass.

#include <algorithm>

#include "cli/ask_secret.h"
#include "cli/guard_commands.h"
#include "cli/relay_directory.h"
#include "relay/hold_book.h"

namespace lifeboat::cli {
namespace {

struct ApproverOptions {
  std::string directory;
  std::string name;
  std::string secret_file;
};

struct Approvers {
  explicit Approvers(const std::string& directory)
      : book(relay_directory(directory)), list(relay::read_approvers(book.approvers_file())) {}
  relay::HoldBook book;
  std::vector<relay::Approver> list;

  auto find(const std::string& name) { return std::ranges::find(list, name, &relay::Approver::name); }
};

void print(Context& context, const std::vector<relay::Approver>& approvers, std::string_view note = {}) {
  json::array list;
  std::vector<std::vector<std::string>> table{{"NAME", "KEY"}};
  for (const relay::Approver& each : approvers) {
    list.push_back(json::object{{"name", each.name}, {"key", to_hex(each.key)}});
    table.push_back({each.name, to_hex(each.key)});
  }
  const std::string text =
      list.empty() ? "no approvers: nothing that destroys can be released but by --break-glass\n" : format_table(table);
  context.print(list, text + std::string(note));
}

void add(Context& context, const ApproverOptions& options) {
  Approvers approvers(options.directory);
  if (approvers.find(options.name) != approvers.list.end()) {
    fail(Code::kExists, format("there is an approver {} already", options.name), "Remove them first.");
  }
  const codec::Secret secret = ask_secret(format("a new passphrase for {}", options.name), options.secret_file);
  approvers.list.push_back(relay::make_approver(options.name, secret));
  approvers.book.set_approvers(approvers.list, os_user());
  print(context, approvers.list,
        format("{}'s word counts from {} on: half an hour after the key was added\n", options.name,
               format_time(now() + relay::kBreakGlassAfter)));
}

void remove(Context& context, const ApproverOptions& options) {
  Approvers approvers(options.directory);
  const auto found = approvers.find(options.name);
  if (found == approvers.list.end()) fail(Code::kNotFound, format("no approver {}", options.name));
  approvers.list.erase(found);
  approvers.book.set_approvers(approvers.list, os_user());
  print(context, approvers.list);
}

void list(Context& context, const ApproverOptions& options) {
  print(context, Approvers(options.directory).list);
}

void add_directory(Command& command, ApproverOptions& options) {
  command.add_option("--dir", options.directory, "the relay's directory (default: of the one that runs)");
}

void add_name(Command& command, ApproverOptions& options) {
  add_directory(command, options);
  command.add_option("name", options.name, "who").required();
}

}  // namespace

void add_guard_approvers(CLI::App& noun, Context& context) {
  CLI::App& approvers = add_noun(noun, "approvers", "The people whose word lets a danger pass");
  add_command<ApproverOptions>(
      approvers, context, "add", "Add a person, whose key is made from a passphrase that only they know",
      "lifeboat guard approvers add ann",
      [](Command& command, ApproverOptions& options) {
        add_name(command, options);
        command.add_option("--secret-file", options.secret_file, "file with the passphrase (default: asks)");
      },
      add);
  add_command<ApproverOptions>(approvers, context, "ls", "List them", "lifeboat guard approvers ls", add_directory,
                               list);
  add_command<ApproverOptions>(approvers, context, "rm", "Remove a person", "lifeboat guard approvers rm ann", add_name,
                               remove);
}

}  // namespace lifeboat::cli
