/// Finds damage: reads objects again, checks every byte, and remembers in the vault what was proved and when.
///
/// Every scrub reads all small objects and every tree node and checks that what the trees refer to exists, and that no
/// part of a log file is missing between others; packs and log parts are read in full within a budget, those first that
/// were found damaged, then those never proven or proven longest ago. A
/// single session that knows no marks keeps prune from sweeping meanwhile.
///
/// Errors: the store's. Damage is no error here but the result. Memory: two node-sized caches (64 MiB), 32 MiB for what
/// was walked, and a few hundred bytes per pack.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/progress.h"
#include "vault/findings.h"

namespace lifeboat::vault {

struct ScrubOptions {
  std::uint64_t budget =
      std::numeric_limits<std::uint64_t>::max();  ///< bytes of packs and log parts to read; at least one is
  Progress* progress = nullptr;
};

struct ScrubReport {
  std::uint64_t small_objects = 0;
  std::uint64_t images = 0;
  std::uint64_t packs = 0;       ///< in the vault
  std::uint64_t packs_read = 0;  ///< by this scrub
  std::uint64_t log_parts = 0;
  std::uint64_t log_parts_read = 0;
  std::uint64_t bytes_read = 0;          ///< of packs, log parts and tree nodes
  std::uint64_t packs_unproven = 0;      ///< never found whole, or damaged now
  std::uint64_t log_parts_unproven = 0;  ///< likewise
  SystemTime oldest_proof;               ///< of the packs and log parts proven; 1970 if none is
  std::vector<Finding> findings;
  std::vector<std::string> strangers;  ///< objects that are not the vault's
};

ScrubReport scrub(Vault& vault, const ScrubOptions& options);

}  // namespace lifeboat::vault
