/// What one volume process does while its volume is mounted: serve the mount, hydrate, keep house, answer the control
/// socket. For volume_process.cc alone.
///
/// Ownership: borrows volume and vault. Threads: wait() and end() from the thread that made it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "volume/control_server.h"
#include "volume/fuse_adapter.h"
#include "volume/hydrator.h"
#include "volume/images_in_use.h"
#include "volume/snapshot_confirmation.h"
#include "volume/state_dir.h"
#include "volume/volume.h"

namespace lifeboat::volume {

class VolumeService {
 public:
  /// `record.process` is this process. Mounted and answering when it returns.
  /// `vault` is null where the volume does without.
  VolumeService(Volume& volume, vault::Vault* vault, const VolumeRecord& record, bool hydrate);

  /// Until the mount is gone or a signal of `signals` (blocked in every thread) arrives.
  void serve_until(const sigset_t& signals);
  /// Saves the launch list, unmounts (detaches, if files are open) and syncs.
  void end();
  json::object status();

 private:
  json::object handle(std::string_view what, const json::object& request, const ControlServer::SendProgress& progress);
  json::object commit(const json::object& request, const ControlServer::SendProgress& progress);
  json::object confirm(const json::object& request);
  json::object unmount();
  /// Takes note of what was touched until now; the vault is told beside.
  void take_launch_list();
  void keep_house(const std::stop_token& stop);
  /// What the vault is to know: beside the housekeeping, which must not wait for it.
  void tell_vault(const std::stop_token& stop);
  void store_launch_list();

  Volume& volume_;
  vault::Vault* const vault_;
  VolumeRecord record_;
  ImagesInUse images_in_use_;
  std::atomic<int> committing_{0};  ///< requests: one at most is at work, the others are told so
  SnapshotConfirmation confirmation_;
  FuseMount mount_;
  Hydrator hydrator_;
  std::mutex house_mutex_;
  std::condition_variable_any house_changed_;
  std::atomic<bool> launch_list_taken_{false};  ///< since it was mounted
  std::optional<LaunchList> launch_list_;       ///< to be stored
  std::jthread housekeeper_;
  std::jthread teller_;
  ControlServer control_;
};

}  // namespace lifeboat::volume
