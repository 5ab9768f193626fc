/// Which files of a kept log are in the vault and not on the disk any more: those that lead to the oldest one on the
/// disk without a hole, since a replica that is served across a hole would miss what is in it and not notice.
///
/// Ownership: shares the log and the vault's door. Threads: one at a time. Errors: the store's; a file of which nothing
/// can be read is a hole, and logged. Memory: a few words for each file; when asked, one part.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "relay/log_directory.h"
#include "relay/vault_door.h"
#include "vault/log_cover.h"

namespace lifeboat::relay {

struct PastFile {
  std::string name;
  std::vector<binlog::Gtid> head;  ///< the Gtid_list that it begins with
  std::vector<vault::ListedLogPart> parts;
};

class PastFiles {
 public:
  PastFiles(std::shared_ptr<LogDirectory> log, std::shared_ptr<VaultDoor> door)
      : log_(std::move(log)), door_(std::move(door)) {}

  vault::Vault& vault() { return door_->vault(); }
  /// By number. What a file is, is asked once.
  std::map<std::uint64_t, PastFile> list();

 private:
  PastFile describe(const std::vector<vault::ListedLogPart>& parts);

  std::shared_ptr<LogDirectory> log_;
  std::shared_ptr<VaultDoor> door_;
  std::map<std::uint64_t, PastFile> known_;
};

}  // namespace lifeboat::relay
