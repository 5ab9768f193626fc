/// One opened vault: the store, the keys, and who is at work in it. Everything else in this part takes a Vault&.
///
/// Ownership: owns the store. Threads: safe from any thread. Errors: kLocked (no key fits), kNotFound (no vault there),
/// kUnsupported (newer format), kCorruption, and the store's.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "codec/secret.h"
#include "store/store.h"
#include "vault/types.h"

namespace lifeboat::vault {

class Keys;  // vault/keys.h: what is derived from the vault key

/// What opens a vault: a passphrase or the recovery key as printed at init. Never logged.
struct Credential {
  codec::Secret text;
};

struct InitResult {
  Id vault_id;
  Id recovery_slot{};
  codec::Secret recovery_key;  ///< to be shown once and kept nowhere
};

class Vault {
 public:
  /// Makes a vault in an empty store with one passphrase slot and one recovery slot. kExists if there is one.
  static InitResult init(store::Store& store, const Credential& passphrase);
  static std::unique_ptr<Vault> open(std::unique_ptr<store::Store> store, const Credential& credential);

  /// Makes an empty store a copy of this vault, without content: the same id, keys and whole key slots. Does nothing if
  /// it is one already. kRefused if something else is there; kCorruption if no key slot is whole.
  static void init_copy(store::Store& store, Vault& of);
  /// Opens a copy of a vault with that vault's keys. kRefused if it is another vault.
  static std::unique_ptr<Vault> open_copy(std::unique_ptr<store::Store> store, const Vault& of);
  ~Vault();

  const Id& id() const;
  store::Store& store();
  const Keys& keys() const;
  /// Lower-case hex of a keyed hash, for local cache directories: says nothing about the vault to others.
  std::string cache_name() const;

 private:
  struct State;
  explicit Vault(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lifeboat::vault
