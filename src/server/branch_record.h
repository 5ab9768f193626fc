/// Branches on this host, as their files tell: `<state root>/branches/<name>/`, with in it
///   `branch.json`  what it is, and the process of its server
///   `data/`        where its volume (of the same name) is mounted
///   `private/`     plugins, temporary files and the like of its server (server/private_directory.h)
///   `error.log`, `pid`, `socket`  of its server
/// Threads: functions without state. Errors: Exception.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/process.h"
#include "base/units.h"
#include "server/server_info.h"
#include "volume/state_dir.h"

namespace lifeboat::server {

enum class BranchState {
  kStopped,     ///< volume not mounted, no server
  kRunning,     ///< server and volume live
  kServerDead,  ///< the volume is mounted, its server is gone (or was never started: the start was killed)
  kStarting,    ///< a `branch start` is at work on it, and there is no server yet
  kVolumeDead,  ///< the volume process is gone: its server with it
};
std::string_view branch_state_name(
    BranchState state);  ///< "stopped", "running", "server dead", "starting", "volume dead"

struct BranchRecord {
  std::string name;
  Path directory;
  std::string image;      ///< it was made from
  ServerInfo server;      ///< of that image
  bool has_keys = false;  ///< the image carries encryption keys
  std::string version;    ///< of the server that runs it
  Path binary;
  Path socket;
  std::uint16_t port = 0;
  std::uint32_t server_id = 0;
  ProcessIdentity process;
  ProcessIdentity starter;  ///< the `branch start` that works on it; none once it has ended well
  std::optional<double> first_query_seconds;
  SystemTime started;

  // Found out, not kept.
  BranchState state = BranchState::kStopped;
  std::optional<volume::VolumeRecord> volume;

  Path data_directory() const { return directory / "data"; }
  Path error_log() const { return directory / "error.log"; }
  Path pid_file() const { return directory / "pid"; }
  Path private_directory() const { return directory / "private"; }
};

Path branches_directory(const Path& state_root);
std::vector<BranchRecord> find_branches(const Path& state_root);
std::optional<BranchRecord> find_branch(const Path& state_root, std::string_view name);
/// Throws kNotFound naming the branches there are.
BranchRecord open_branch(const Path& state_root, std::string_view name);
void save_branch(const BranchRecord& record);

/// kBusy if a branch's volume would be mounted, or is, anywhere but where its server looks for it: the branch would
/// then run on an empty directory.
void check_mountpoint(const BranchRecord& record, const Path& mountpoint);

}  // namespace lifeboat::server
