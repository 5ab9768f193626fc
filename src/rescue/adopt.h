/// Adopts what exists: a backup that somebody made with another tool, and binary logs that survived, become an image
/// and a log like any other, with no living source. What is committed has been booted: it is the image that counts.
/// docs/guide/adopt.md.
///
/// Threads: one, and those that load or compress. Memory: bounded, whatever the backup holds. Disk: what the volume
/// writes locally, and nothing of the backup beside it. Errors: those of the parts; an adoption that fails or is killed
/// leaves no image that says it was booted. The same call again goes on where that is cheap (a mydumper folder), else
/// begins anew; what a killed one left is removed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "rescue/adopt_kind.h"
#include "rescue/adopt_log.h"
#include "rescue/image_position.h"
#include "server/branch.h"
#include "vault/vault.h"

namespace lifeboat::rescue {

struct AdoptRequest {
  std::string backup;      ///< a path or URL; empty: the log alone
  std::vector<Path> logs;  ///< binary logs, or directories with them; may be empty
  Path log_directory;      ///< as of `relay run --dir`
  std::string source;      ///< "host:port" that it is of; empty: not known, the log is called by the server's id
  std::string at;          ///< FILE:POSITION or GTIDs where the backup lies, for one that does not say
  std::string database;    ///< that a dump means without naming it
  Path defaults_file;      ///< the lost server's option file; may be empty
  int threads = 2;
  server::BranchRequest branch;  ///< name, port, mount, vault…; `image` is filled in
  bool keep_branch = false;
  ProgressStyle progress = ProgressStyle::kNone;
};

/// What was said at a tenth of the way, and how it was.
struct AdoptForecast {
  double said_seconds = 0;  ///< from the beginning to the end of the reading
  double seconds = 0;
};

struct AdoptResult {
  std::string kind;   ///< empty: there was no backup
  std::string image;  ///< booted, recovered, committed
  std::string copied_image;
  std::string branch;  ///< that runs on it; empty: removed
  std::optional<ImagePosition> position;
  std::optional<AdoptedLog> log;
  std::optional<AdoptForecast> forecast;
  std::vector<std::string> notes;  ///< what is not known or missing, for people
  bool prepared = false;           ///< a copy of files that was prepared by mariadb-backup here
  std::uint64_t bytes = 0;
  std::uint64_t new_bytes = 0;
  double read_seconds = 0;
  double boot_seconds = 0;
  double commit_seconds = 0;
};

AdoptResult adopt(const AdoptRequest& request);

}  // namespace lifeboat::rescue
