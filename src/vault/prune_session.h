/// The right to decide what goes: held by one at a time. Stays inside this part.
#pragma once

#include "vault/session.h"

namespace lifeboat::vault {

class PruneSession {
 public:
  /// Throws kBusy if somebody else holds it.
  explicit PruneSession(Vault& vault);
  /// Throws kConflict if it was ended by somebody else.
  void check() { session_.check(); }

 private:
  Session session_;
};

}  // namespace lifeboat::vault
