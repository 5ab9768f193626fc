/// `lifeboat standby run`: a server on a volume that replicates from a guarded relay, kept running, watched, and
/// committed every few minutes. What it needs to go on after any kill is on the disk: the branch, the position in the
/// server's own tables, where it began, its last commit. Threads: one run of a standby at a time (kBusy). Errors:
/// Exception until it replicates; from then on what goes wrong is told in its status and tried again. Once a rescue has
/// taken it, server and volume are left as they are, and it waits until the next standby can begin (standby_next.h).
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>

#include "codec/secret.h"
#include "net/stream.h"
#include "server/branch.h"

namespace lifeboat::rescue {

struct StandbyOptions {
  std::string name;                    ///< of the branch
  std::string image;                   ///< to make it from if it does not exist; empty: it must
  std::optional<net::Endpoint> relay;  ///< empty: as the relay's directory says
  Path relay_directory;                ///< empty: the relay is on another host
  std::string user;                    ///< of the relay
  codec::Secret password;
  std::vector<server::Login> logins;  ///< of the standby's own server
  std::chrono::milliseconds commit_every = std::chrono::minutes(5);
  std::chrono::seconds delay{0};
  bool prove_each = false;  ///< boot each image that is committed
  server::BranchRequest
      boot;  ///< state root, vault, program, space; name, image and what a replica needs are filled in
};

/// Until `stop`; then its server has been stopped and its volume unmounted.
void run_standby(const StandbyOptions& options, const std::atomic<bool>& stop);

}  // namespace lifeboat::rescue
