/// Branches: a server running on a volume. Start, stop, remove; state on disk is server/branch_record.h.
/// Errors: Exception; a start that fails leaves nothing running and nothing new behind. Threads: one call per branch at
/// a time (kBusy).
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/branch_record.h"
#include "server/connection.h"
#include "server/options.h"
#include "vault/vault.h"
#include "volume/volume_process.h"

namespace lifeboat::server {

struct BranchRequest {
  std::string image;                       ///< "latest", a name or unique prefix; empty: resume the branch `name`
  std::string name;                        ///< empty: made from the image's
  Path binary;                             ///< empty: this host's mariadbd, or the one it was last started with
  std::uint16_t port = 0;                  ///< 0: a free one, or the last one if still free
  std::optional<ReplicaSettings> replica;  ///< it is made ready to replicate; nothing: it cannot
  bool binary_log = false;                 ///< it logs what it will be told, also if its image has no binary log
  std::vector<Login> logins;
  std::uint64_t buffer_pool_max = 0;                  ///< 0: as options.h chooses
  std::optional<std::chrono::milliseconds> patience;  ///< empty: as long as recovery takes
  volume::MountRequest mount;                         ///< state root, vault and program; the rest is filled in
  std::function<std::unique_ptr<vault::Vault>()> open_vault;
  const std::atomic<bool>* cancelled = nullptr;
  /// Told once, before the server is started, what it will have to do.
  std::function<void(const ServerInfo& info, const BranchRecord& record)> on_boot;
};

struct StartedBranch {
  BranchRecord record;
  bool ready = false;     ///< false: recovery goes on behind
  bool answered = false;  ///< false, though ready: the server is up and denied the login
  std::string why_not;
  double mount_seconds = 0;  ///< from the call until the volume was mounted
  double boot_seconds = 0;   ///< of the server, to its first answer
  ServerInfo at_boot;        ///< as inspected on the volume just before
};

StartedBranch start_branch(const BranchRequest& request);

/// Server first, then volume; its local state stays, so that the branch can be started again. False if the server had
/// to be killed.
bool stop_branch(const BranchRecord& record, std::chrono::milliseconds patience);

/// Until the branch's server or its volume's process has ended, whichever is first. Without its files a server can only
/// do harm: what it answers from memory may be out of date, and what it is told is lost. So if it was the volume, the
/// server is killed, unless it ended by that itself; returns whether that was so. `branch start` runs one of these for
/// each.
bool tend_branch(const BranchRecord& record);

/// Throws what remove_branch would: kBusy while it runs; kRefused if it holds changes that are in no image, unless
/// `discard`.
void check_removable(const BranchRecord& record, bool discard);
/// Deletes a stopped branch and its volume's local state.
void remove_branch(const BranchRecord& record, bool discard);
/// Ends a branch at once, with what its server would still write, and deletes it with all that it changed.
void discard_branch(const BranchRecord& record);

}  // namespace lifeboat::server
