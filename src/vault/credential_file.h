/// The files that hold what opens a vault, as given to a command or a background process.
#pragma once

#include <string>

#include "base/file.h"
#include "vault/vault.h"

namespace lifeboat::vault {

/// Errors: kUsage if the file is empty or too large, kRefused if others can read it; all say what the file was for.
Credential read_passphrase(const Path& file);
/// As read_passphrase; kLocked if what the file holds is no recovery key, so that a passphrase given in its place is
/// not taken for one.
Credential read_recovery_key(const Path& file);

}  // namespace lifeboat::vault
