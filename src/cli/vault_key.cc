// `lifeboat vault key add|ls|rm`: the ways to open a vault.

#include "base/error.h"
#include "cli/commands.h"
#include "vault/credential_file.h"
#include "vault/key_slots.h"

namespace lifeboat::cli {
namespace {

struct AddOptions {
  std::string passphrase_file;
  bool recovery = false;
  std::string label;
};

void add_recovery(Context& context, const AddOptions& options) {
  const auto vault = context.open_vault();
  const vault::NewRecoverySlot made =
      vault::add_recovery_slot(*vault, options.label.empty() ? "recovery key" : options.label);
  const std::string key(as_text(made.recovery_key.view()));
  context.print_recovery_key(
      *vault, made.id, json::object{{"key", vault::id_text(made.id)}, {"recovery_key", key}},
      format("key {} added\n\nrecovery key:\n\n  {}\n\n"
             "Write it down and keep it away from this host. It opens the vault alone, and is shown only now.",
             vault::id_text(made.id), key));
}

void add(Context& context, const AddOptions& options) {
  if (options.recovery) return add_recovery(context, options);
  if (options.passphrase_file.empty()) {
    fail(Code::kUsage, "no new key given", "Pass --new-passphrase-file FILE, or --recovery for a new recovery key.");
  }
  const vault::Credential passphrase = vault::read_passphrase(options.passphrase_file);
  const auto vault = context.open_vault();
  const vault::Id id =
      vault::add_passphrase_slot(*vault, passphrase, options.label.empty() ? "passphrase" : options.label);
  context.print(json::object{{"key", vault::id_text(id)}}, format("key {} added", vault::id_text(id)));
}

std::string_view type_name(vault::SlotType type) {
  return type == vault::SlotType::kPassphrase ? "passphrase" : "recovery key";
}

void list(Context& context, const NoOptions&) {
  const auto vault = context.open_vault();
  json::array slots;
  std::vector<std::vector<std::string>> rows{{"KEY", "TYPE", "CREATED", "LABEL", ""}};
  for (const vault::SlotInfo& slot : vault::list_slots(*vault)) {
    const std::string id = vault::id_text(slot.id);
    if (slot.damage.empty()) {
      slots.push_back(json::object{
          {"key", id}, {"type", type_name(slot.type)}, {"created", format_time(slot.created)}, {"label", slot.label}});
      rows.push_back({id, std::string(type_name(slot.type)), format_time(slot.created), slot.label, ""});
    } else {
      slots.push_back(json::object{{"key", id}, {"damage", slot.damage}});
      rows.push_back({id, "?", "?", "?", slot.damage});
    }
  }
  context.print(slots, format_table(rows));
}

struct RemoveOptions {
  std::string key;
  bool dry_run = false;
};

/// A unique beginning of a slot's id names it.
vault::SlotInfo find_slot(vault::Vault& vault, std::string_view text) {
  std::vector<vault::SlotInfo> fitting;
  for (vault::SlotInfo& slot : vault::list_slots(vault)) {
    if (!text.empty() && vault::id_text(slot.id).starts_with(text)) fitting.push_back(std::move(slot));
  }
  if (fitting.size() == 1) return fitting.front();
  fail(fitting.empty() ? Code::kNotFound : Code::kUsage, format("'{}' names {} keys", text, fitting.size()),
       "List them with: lifeboat vault key ls");
}

void remove(Context& context, const RemoveOptions& options) {
  const auto vault = context.open_vault();
  const vault::SlotInfo slot = find_slot(*vault, options.key);
  if (!options.dry_run) vault::remove_slot(*vault, slot.id);
  const std::string id = vault::id_text(slot.id);
  context.print(json::object{{"key", id}, {"label", slot.label}, {"removed", !options.dry_run}},
                format("key {} ({}) {}", id, slot.label, options.dry_run ? "would be removed" : "removed"));
}

}  // namespace

void add_vault_key(CLI::App& noun, Context& context) {
  CLI::App& key = add_noun(noun, "key", "The ways to open the vault");
  add_command<AddOptions>(
      key, context, "add", "Add a passphrase, or make a recovery key and print it once",
      "lifeboat vault key add --new-passphrase-file /etc/lifeboat/passphrase.new --label 'db1, 2026'",
      [](Command& command, AddOptions& options) {
        const Option file = command.add_option("--new-passphrase-file", options.passphrase_file,
                                               "file that holds the passphrase to add");
        command.add_flag("--recovery", options.recovery, "make a new recovery key instead").excludes(file);
        command.add_option("--label", options.label, "what it is for, up to 64 bytes");
      },
      add);
  add_command<NoOptions>(
      key, context, "ls", "List the ways to open the vault", "lifeboat vault key ls", [](Command&, NoOptions&) {},
      list);
  add_command<RemoveOptions>(
      key, context, "rm", "Remove a way to open the vault; never the last", "lifeboat vault key rm 3f9a2c",
      [](Command& command, RemoveOptions& options) {
        command.add_option("KEY", options.key, "its id or a unique beginning").required();
        command.add_flag("--dry-run", options.dry_run, "only say what would be removed");
      },
      remove);
}

}  // namespace lifeboat::cli
