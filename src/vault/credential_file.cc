#include "vault/credential_file.h"

#include "base/error.h"
#include "vault/key_slots.h"

namespace lifeboat::vault {
namespace {

std::string read_named(const Path& file, std::string_view what) {
  try {
    return read_secret_file(file);
  } catch (Exception& e) {
    e.add_context(format("reading the {}", what));
    throw;
  }
}

}  // namespace

Credential read_passphrase(const Path& file) {
  return {codec::Secret(read_named(file, "passphrase"))};
}

Credential read_recovery_key(const Path& file) {
  const std::string text = read_named(file, "recovery key");
  if (!parse_recovery_key(text)) {
    fail(Code::kLocked, format("{} holds no recovery key", file.string()),
         looks_like_recovery_key(text) ? "It has a typing mistake: compare it group by group."
                                       : "A recovery key has 14 groups of 4, as `vault init` printed it. A passphrase "
                                         "goes with --passphrase-file.");
  }
  return {codec::Secret(text)};
}

}  // namespace lifeboat::vault
