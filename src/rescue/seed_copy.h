/// The first half of a seed: a living server's data as an image that has not run yet. Stays inside this part.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/progress.h"
#include "rescue/backup_facts.h"
#include "rescue/seed.h"
#include "rescue/seed_boot.h"
#include "rescue/seed_source.h"
#include "server/server_info.h"
#include "vault/vault.h"

namespace lifeboat::rescue {

struct CopiedImage {
  vault::ImageInfo image;
  std::optional<BackupPosition> position;
  double waited_seconds = 0;  ///< for the pace's sake
};

/// The newest image of an earlier seed of the same source, if there is one: what the next is compared with.
std::optional<vault::ImageName> find_earlier_seed(vault::Vault& vault, const std::string& source);

/// What an image keeps of the seed that made it, beside its position: ImageInfo::server's member.
inline constexpr std::string_view kSeedMember = "seed";
json::object seed_to_json(const SeedRequest& request);

/// By mariadb-backup's stream.
CopiedImage copy_files(const SeedRequest& request, const SeedSource& source, vault::Vault& vault);

/// What the lost or living server's option file says of the data's settings and keys goes to the image; without a file
/// (an empty path) nothing does. kLocked if the data is encrypted and no key was named.
void take_options(const Path& defaults_file, server::ServerInfo& server, vault::ImageInfo& image);

struct CopyBoot {
  server::BranchRequest branch;
  std::string origin;    ///< of a prepared copy, as "seed of db1:3306"
  bool prepare = false;  ///< by mariadb-backup, before the boot; else only if it does not boot as it is
  int threads = 2;
  ProgressStyle progress = ProgressStyle::kNone;
};
struct BootedCopy {
  std::unique_ptr<SeedBranch> branch;
  std::optional<vault::ImageInfo> prepared;  ///< the image that it was booted from, if it is another
};
/// A copy of a server's files runs. Preparing needs room for all of it, in the state directory.
BootedCopy boot_copy(const CopyBoot& boot, const vault::ImageInfo& copied, vault::Vault& vault);

}  // namespace lifeboat::rescue
