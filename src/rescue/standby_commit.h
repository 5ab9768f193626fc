/// A commit of a standby: its volume at a moment when no transaction is under way, as an image that says exactly how
/// far in its source's history it is.
///
/// The server holds its commits back (BACKUP STAGE BLOCK_COMMIT) while the position is read and the volume takes its
/// snapshot: milliseconds. The upload goes on after that. If anything fails or dies meanwhile there is no image, and
/// the end of the connection releases the server. Threads: one commit of a standby at a time (kBusy). Errors:
/// Exception; kTimeout if the server was not to be held still for ten seconds.
#pragma once

#include <functional>

#include "rescue/image_position.h"
#include "rescue/standby_server.h"
#include "rescue/standby_status.h"
#include "server/branch.h"

namespace lifeboat::rescue {

struct StandbyCommitRequest {
  server::BranchRecord branch;  ///< it runs
  std::string source;           ///< "host:port", for the image
  std::vector<server::Login> logins;
  /// The image is booted and asked for its position; done in any case until one of this standby's was.
  bool prove = false;
  /// For the branch that proves it: state root, vault, program. Name and image are filled in.
  server::BranchRequest boot;
};

/// Returns when the image is in the vault; noted in the branch's directory before it is proven. kCorruption if the
/// booted image says another position.
StandbyCommit commit_standby(const StandbyCommitRequest& request);

/// The same of a branch that production writes to: an image that says how far in its own history it is. Not proven.
StandbyCommit commit_primary(const StandbyCommitRequest& request);

/// The position that an image's server says when it is booted; the branch it takes is removed again, and one that was
/// left over by a kill.
binlog::GtidPosition position_when_booted(const std::string& image, const StandbyCommitRequest& request);
void remove_proving_branch(const server::BranchRecord& standby);

/// Why this cannot be committed yet, as far as the server's own log says; nothing: it can. `applied` is what the image
/// would say, `logged` what its binary log ends with.
std::optional<std::string> reason_to_wait(const binlog::GtidPosition& applied, const binlog::GtidPosition& logged,
                                          std::uint32_t server_id);

}  // namespace lifeboat::rescue
