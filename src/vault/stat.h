/// What is in a vault, at a glance: a few listings and the images' metadata.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vault/image.h"
#include "vault/marks.h"
#include "vault/scrub_log.h"
#include "vault/session.h"

namespace lifeboat::vault {

struct VaultStat {
  std::vector<ImageInfo> images;    ///< that can be seen
  std::uint64_t hidden_images = 0;  ///< that can be taken back
  std::uint64_t pinned_images = 0;
  std::uint64_t packs = 0;
  std::uint64_t pack_bytes = 0;
  std::uint64_t logs = 0;  ///< streams: one for each incarnation that a relay keeps
  std::uint64_t log_parts = 0;
  std::uint64_t log_bytes = 0;
  SystemTime newest_log;  ///< when the newest part was stored; 1970: there is none
  std::uint64_t small_objects = 0;
  std::uint64_t small_bytes = 0;
  SystemTime last_scrub;           ///< 1970: never
  std::uint64_t proven_packs = 0;  ///< at any time, and not found damaged since
  std::uint64_t proven_bytes = 0;
  SystemTime oldest_proof;  ///< of those
  std::vector<KnownDamage> damage;
  std::vector<SessionInfo> sessions;    ///< not ended
  std::vector<Mark> marks;              ///< in force
  std::vector<std::string> unreadable;  ///< images and marks
};

VaultStat stat_vault(Vault& vault);

}  // namespace lifeboat::vault
