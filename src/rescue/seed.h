/// Makes a source's first image, or its next: a copy of the living server goes into the vault, is booted there as a
/// branch, recovered, checked, and committed. What is committed has run: it is the image that counts.
/// docs/guide/seed.md.
///
/// Threads: one. Memory: see BackupImage. Errors: Exception; a seed that fails or is killed leaves no image that says
/// it was booted, and what it has stored is found again by the next one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/progress.h"
#include "relay/source_connection.h"
#include "rescue/image_position.h"
#include "server/branch.h"
#include "vault/vault.h"

namespace lifeboat::rescue {

enum class SeedMethod {
  kPhysical,  ///< mariadb-backup's files, as a stream
  kDump,      ///< mariadb-dump's statements: SQL alone
};

struct SeedRequest {
  relay::SourceLogin source;
  Path authority;  ///< PEM file for TLS, told to the tools as well; empty: no TLS
  SeedMethod method = SeedMethod::kPhysical;
  std::string backup_command;           ///< for a shell: what writes the stream; empty: mariadb-backup, here
  Path defaults_file;                   ///< the server's option file, for its encryption keys; may be empty
  std::optional<Path> relay_directory;  ///< of the relay that keeps the source's log; empty: do without
  bool prepare = false;                 ///< by mariadb-backup, before the boot: needs room for a whole copy
  /// To be read at most; 0: as fast as can be; empty: slowly while the source has other work (SeedPace).
  std::optional<std::uint64_t> bytes_per_second;
  int threads = 2;               ///< that compress and seal
  server::BranchRequest branch;  ///< name, port, mount, vault…; `image` is filled in
  bool keep_branch = true;
  ProgressStyle progress = ProgressStyle::kNone;
};

struct SeedResult {
  std::string image;         ///< booted, recovered, committed
  std::string copied_image;  ///< as it came, before
  std::string branch;        ///< that runs on it; empty: removed
  std::optional<ImagePosition> position;
  bool prepared = false;  ///< it did not boot as it was, or was not to
  std::uint64_t bytes = 0;
  std::uint64_t new_bytes = 0;  ///< stored for both images
  double copy_seconds = 0;
  double waited_seconds = 0;  ///< of those, for the pace's sake
  double boot_seconds = 0;
  double commit_seconds = 0;
};

SeedResult seed(const SeedRequest& request);

}  // namespace lifeboat::rescue
