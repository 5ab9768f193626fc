/// The first half of a seed over SQL alone: an empty server of the right kind boots from an image of its own, and is
/// given what mariadb-dump says. Stays inside this part.
#pragma once

#include <memory>

#include "rescue/backup_facts.h"
#include "rescue/seed.h"
#include "rescue/seed_boot.h"
#include "rescue/seed_source.h"

namespace lifeboat::rescue {

struct DumpedBranch {
  std::unique_ptr<SeedBranch> branch;
  vault::ImageInfo image;  ///< that it was booted from: of an empty server
  BackupPosition position;
  double waited_seconds = 0;  ///< for the pace's sake
};

DumpedBranch load_dump(const SeedRequest& request, const SeedSource& source, vault::Vault& vault);

}  // namespace lifeboat::rescue
