/// What a pack holds, and whether all of it is whole: for scrub, prune and copy.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "vault/pack_format.h"

namespace lifeboat::vault {

/// The pack's own list of its records, in order. Two or three small gets. Throws kCorruption if header, trailer or
/// index is damaged, kNotFound if there is no such pack.
std::vector<PackEntry> read_pack_index(Vault& vault, const Id& pack);

struct PackCheck {
  struct Finding {
    std::string what;  ///< "chunk at 4096: damaged", "trailer: …"
    PackEntry entry;   ///< the damaged record; ref.length 0 if it is header, index or trailer that is damaged
  };
  std::uint64_t bytes = 0;  ///< of the records read
  std::vector<PackEntry> records;
  std::vector<Finding> damage;
  bool whole() const { return damage.empty(); }
};

/// Reads and checks just these records of one pack (in ascending order of offset), neighbours in one get: what can
/// still be proven of a pack whose index is damaged.
PackCheck check_records(Vault& vault, const Id& pack, std::span<const PackEntry> records);

/// Reads the whole pack in pieces and checks header, trailer, index and the tag of every record. Damage is returned;
/// what keeps us from looking (the store's errors, a missing pack, a newer format) is thrown.
PackCheck check_pack(Vault& vault, const Id& pack);

}  // namespace lifeboat::vault
