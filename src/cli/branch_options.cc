#include "cli/branch_options.h"

#include "base/cancel.h"
#include "base/units.h"

namespace lifeboat::cli {

server::BranchRequest branch_request(const Context& context, const std::string& state, const std::string& space) {
  const Globals& globals = context.globals();
  server::BranchRequest request;
  request.mount.state_root = branch_state_root(state);
  request.mount.space_max = space.empty() ? 0 : parse_size(space);
  request.mount.vault_url = globals.vault_url;
  request.mount.passphrase_file = globals.passphrase_file;
  request.mount.recovery_key_file = globals.recovery_key_file;
  request.mount.program = context.program();
  request.open_vault = [&context] { return context.open_vault(); };
  request.cancelled = &stop_requested();
  return request;
}

}  // namespace lifeboat::cli
