// `lifeboat vault init`: makes a vault and prints the recovery key, once.

#include "base/error.h"
#include "cli/commands.h"

namespace lifeboat::cli {
namespace {

void run(Context& context, const NoOptions&) {
  auto store = context.open_store();
  const std::string url = store->url();
  const vault::InitResult made = vault::Vault::init(*store, context.credential());
  const auto vault = vault::Vault::open(std::move(store), context.credential());
  const std::string key(as_text(made.recovery_key.view()));
  const std::string text = format(
      "vault {} made at {}\n\nrecovery key:\n\n  {}\n\n"
      "Write it down and keep it away from this host. It opens the vault alone, and is shown only now.",
      vault::id_text(made.vault_id), url, key);
  context.print_recovery_key(
      *vault, made.recovery_slot,
      json::object{{"vault", vault::id_text(made.vault_id)}, {"url", url}, {"recovery_key", key}}, text);
}

}  // namespace

void add_vault_init(CLI::App& noun, Context& context) {
  add_command<NoOptions>(
      noun, context, "init", "Make a vault in an empty directory or bucket prefix",
      "lifeboat vault init --vault file:///backup/vault --passphrase-file /etc/lifeboat/passphrase",
      [](Command&, NoOptions&) {}, run);
}

}  // namespace lifeboat::cli
