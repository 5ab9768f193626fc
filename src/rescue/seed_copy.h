/// The first half of a seed: a living server's data as an image that has not run yet. Stays inside this part.
#pragma once

#include <optional>
#include <string>

#include "base/progress.h"
#include "rescue/backup_facts.h"
#include "rescue/seed.h"
#include "rescue/seed_source.h"
#include "vault/vault.h"

namespace lifeboat::rescue {

struct CopiedImage {
  vault::ImageInfo image;
  std::optional<BackupPosition> position;
  double waited_seconds = 0;  ///< for the pace's sake
};

/// The newest image of an earlier seed of the same source, if there is one: what the next is compared with.
std::optional<vault::ImageName> find_earlier_seed(vault::Vault& vault, const std::string& source);

/// What an image keeps of the seed that made it, beside its position: ImageInfo::server's member `seed`.
json::object seed_to_json(const SeedRequest& request);

/// By mariadb-backup's stream.
CopiedImage copy_files(const SeedRequest& request, const SeedSource& source, vault::Vault& vault);

/// The copied image prepared by mariadb-backup, in a directory that is there only meanwhile.
vault::ImageInfo prepare_copy(const SeedRequest& request, const vault::ImageInfo& copied, vault::Vault& vault);

}  // namespace lifeboat::rescue
