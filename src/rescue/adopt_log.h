/// Binary logs that were copied from a source's host become a log like a relay's: an incarnation in a directory as of
/// `relay run --dir`, indexed, with its dangers, and sealed into the vault. The files given are only read.
///
/// What cannot be replayed is cut off in the copy and said: the end of a file after its last whole group, torn or
/// damaged. Gaps between the files are found by what each says that it begins after, and said.
///
/// Threads: one. Errors: kUsage for files of several servers, or without the names that the server gave them;
/// kUnsupported for encrypted ones; kCorruption for what is no binary log; the vault's. Durability: the incarnation is
/// there whole or not at all, and the vault's copy when this returns. Killed anywhere, the same call goes on; given the
/// same files again, it makes no second copy. Another call on the same directory is waited for.
#pragma once

#include <string>
#include <vector>

#include "base/progress.h"
#include "relay/log_gaps.h"
#include "vault/vault.h"

namespace lifeboat::rescue {

struct AdoptLogRequest {
  std::vector<Path> files;  ///< also packed ones, and directories that hold them
  Path directory;           ///< that the log is kept in; made if need be
  std::string source;       ///< as its directory is to be named; empty: "server-1", by the server's id
  ProgressStyle progress = ProgressStyle::kNone;
};

struct AdoptedLog {
  Path incarnation;
  std::string source;  ///< as its directory is named
  std::size_t files = 0;
  std::uint64_t bytes = 0;
  std::string begins;  ///< what its oldest file begins after, as a GTID position
  std::string ends;
  std::vector<std::string> notes;  ///< what was left out or is missing, for people
};

AdoptedLog adopt_log(const AdoptLogRequest& request, vault::Vault& vault);

}  // namespace lifeboat::rescue
