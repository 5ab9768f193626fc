/// Brings a running server up to a moment of a kept log, some transactions left out: the log is served on loopback as
/// to any replica, and the server told to follow up to there. What ends it early loses nothing: said again, it goes on
/// where the server is.
///
/// Threads: one at a time. Errors: those of ReplayingServer; kNotFound (the log has not got what it is to end at, or to
/// leave out), kBusy (another replays this log from the vault). A server that dies is kUnavailable.
/// Memory: a dump's. Disk: one log file at a time of what comes from the vault; on the server's side, its relay logs.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/progress.h"
#include "binlog/gtid.h"
#include "relay/log_directory.h"
#include "relay/vault_door.h"
#include "server/connection.h"

namespace lifeboat::relay {

struct LogReplayRequest {
  std::optional<std::string> from;   ///< what the server has, as gtid_slave_pos; nothing: as it says itself
  std::optional<std::string> until;  ///< up to these transactions, and with them; nothing: all
  std::set<binlog::Gtid> skip;       ///< left out; the server records them as seen
  Progress* progress = nullptr;      ///< by bytes of the log; its total is set if all of that is on the disk
};

struct LogReplayReport {
  std::string from;
  std::string until;
  std::size_t skipped = 0;
  double seconds = 0;
};

/// `door` may be null; else, what is in the vault only is replayed as well.
LogReplayReport replay_log(const std::shared_ptr<LogDirectory>& log, const std::shared_ptr<VaultDoor>& door,
                           server::Connection& connection, const LogReplayRequest& request);

}  // namespace lifeboat::relay
