/// Brings one log file back from the vault: as many of its bytes from the beginning as can be had without a hole.
///
/// Threads: one at a time. Errors: the store's, errno's. Damage is a result: parts that cannot be read are named, and
/// others that hold the same bytes used in their place. Memory: one part.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/progress.h"
#include "relay/log_catalogue.h"

namespace lifeboat::relay {

/// Part by part, for who has something to do in between.
class SealedFileFetch {
 public:
  /// `parts` as listed; the file is made or begun anew. `damaged` collects the names of parts that can't be read.
  SealedFileFetch(vault::Vault& vault, std::vector<vault::ListedLogPart> parts, Path path,
                  std::set<std::string>& damaged);

  /// One part more. False: there is no other. After an error it may be tried again.
  bool step();
  std::uint64_t written() const { return written_; }
  /// What was had, after the last step: `whole()` if nothing is missing.
  vault::LogCover cover() const;
  void sync() const { sync_file(out_.get(), path_.string()); }

 private:
  void write(const vault::LogPartName& name, const vault::LogPart& part);
  void do_without(const vault::LogPartName& name);

  vault::Vault& vault_;
  std::vector<vault::ListedLogPart> parts_;
  vault::LogCover cover_;
  std::uint64_t known_end_;
  Path path_;
  UniqueFd out_;
  std::set<std::string>& damaged_;
  std::uint64_t written_ = 0;
};

/// All of it, synced. Also throws kCancelled. Returns what was had.
vault::LogCover fetch_sealed_file(vault::Vault& vault, const SealedFile& file, const Path& path,
                                  std::set<std::string>& damaged, Progress* progress = nullptr);

}  // namespace lifeboat::relay
