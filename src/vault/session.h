/// A writer's session: an object in the vault that says somebody is at work, so that a prune spares what they may build
/// on. See docs/internals/vault-format.md, "Pruning".
///
/// It is registered at construction (before its owner reads marks or the parent image), renewed by a thread of its own
/// and removed at destruction. A killed owner's session expires by itself.
/// Ownership: borrows the vault. Threads: check and store_now from any thread. Errors: the constructor throws the
/// store's.
#pragma once

#include <memory>

#include "base/units.h"
#include "vault/vault.h"

namespace lifeboat::vault {

/// How long after its last renewal a session counts as alive.
inline constexpr std::chrono::minutes kSessionLifetime{15};

class WriterSession {
 public:
  explicit WriterSession(Vault& vault);
  ~WriterSession();
  WriterSession(const WriterSession&) = delete;
  WriterSession& operator=(const WriterSession&) = delete;

  /// Throws kConflict if it was not renewed in time: a prune may have swept what its owner builds on.
  void check() const;
  /// The store's clock, without asking the store.
  SystemTime store_now() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lifeboat::vault
