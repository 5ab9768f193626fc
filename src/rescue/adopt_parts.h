/// The first half of an adoption, for each kind of backup: a branch that runs on what it holds. Stays inside this part.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rescue/adopt.h"
#include "rescue/adopt_input.h"
#include "rescue/backup_facts.h"
#include "rescue/seed_boot.h"

namespace lifeboat::rescue {

struct AdoptedBranch {
  std::unique_ptr<SeedBranch> branch;
  vault::ImageInfo image;  ///< that it was booted from
  /// Let in before the backup's accounts counted; with files instead of statements, by one of them.
  std::unique_ptr<server::Connection> connection;
  std::optional<BackupPosition> position;  ///< as the backup says, or its server once it runs
  std::optional<AdoptForecast> forecast;
  std::vector<std::string> notes;
  bool prepared = false;
  double read_seconds = 0;
};

/// What an image keeps of the adoption that made it: ImageInfo::server's member.
inline constexpr std::string_view kAdoptMember = "adopt";
json::object adopt_to_json(const AdoptRequest& request, BackupKind kind);

AdoptedBranch adopt_stream(const AdoptRequest& request, BackupInput& input, vault::Vault& vault);
AdoptedBranch adopt_backup_folder(const AdoptRequest& request, vault::Vault& vault);
/// `incarnation`: directory of the log that it may lie in; may be empty.
AdoptedBranch adopt_data_directory(const AdoptRequest& request, const Path& incarnation, vault::Vault& vault);
AdoptedBranch adopt_dump(const AdoptRequest& request, BackupInput& input, vault::Vault& vault);
/// Goes on with a branch of the request's name, if there is one. The branch is to be left if something fails later.
AdoptedBranch adopt_mydumper(const AdoptRequest& request, vault::Vault& vault);

/// A new server runs, of the version that a dump says it is of (empty: not told), to be loaded into.
AdoptedBranch start_empty(const AdoptRequest& request, BackupKind kind, const std::string& version,
                          vault::Vault& vault);

}  // namespace lifeboat::rescue
