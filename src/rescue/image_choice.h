/// The images of a vault as a rescue sees them: which could be booted, since what is left out came after them.
/// Threads: free functions. Errors: the vault's; what concerns one image is its `why_not`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rescue/image_position.h"
#include "rescue/rescue_log.h"
#include "vault/vault.h"

namespace lifeboat::rescue {

struct ImageChoice {
  vault::ImageInfo info;
  std::optional<ImagePosition> position;
  std::string why_not;   ///< empty: it will do, as far as is known
  bool foreign = false;  ///< it will not, because it is of another history than the log's
};

struct ImageQuestion {
  std::vector<FoundDanger> left_out;
  std::string to;  ///< as a person named the moment
  binlog::GtidPosition until;
  bool past_in_vault = false;                    ///< log that is no more on the disk can be had
  std::vector<relay::HoldSubject> skipped_away;  ///< skipped by the guard before, in log that is not on this disk
  Path guard_directory;                          ///< of the relay that has this on record
  std::string only;                              ///< no other than this; empty: any
  bool insists = false;  ///< it was named: a doubt whether it is of this log's history is said, and no more
};

/// The newest first.
std::vector<ImageChoice> judge_images(RescueLog& log, vault::Vault& vault, const ImageQuestion& question);

}  // namespace lifeboat::rescue
