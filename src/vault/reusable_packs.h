/// Which packs a writer may build on: not those known to be damaged or gone; besides its parent's those it wrote
/// itself, and those that exist and that no removal mark names. Asked of the store once per pack.
///
/// Ownership: borrows the vault. Threads: safe from any thread.
#pragma once

#include <map>
#include <mutex>
#include <set>

#include "vault/vault.h"

namespace lifeboat::vault {

class ReusablePacks {
 public:
  /// `marked` as read after the writer's session was registered. Reads what scrubs have found.
  ReusablePacks(Vault& vault, std::set<Id> marked);

  bool contains(const Id& pack);
  /// A scrub found it damaged or missing, and it was not whole since.
  bool is_damaged(const Id& pack) const { return !damaged_.empty() && damaged_.contains(pack); }
  /// This writer puts records into it.
  void add_own(const Id& pack);

 private:
  Vault& vault_;
  std::set<Id> marked_;
  std::set<Id> damaged_;
  std::mutex mutex_;
  std::map<Id, bool> known_;
};

}  // namespace lifeboat::vault
