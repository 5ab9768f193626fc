#include "server/branch.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/error.h"
#include "base/printable.h"
#include "base/random.h"
#include "server/branch_internal.h"
#include "server/instance.h"
#include "server/private_directory.h"
#include "volume/mount_table.h"

namespace lifeboat::server {
namespace {

constexpr std::string_view kRemovedPrefix = ".removed-";
constexpr std::chrono::seconds kUnusedPatience{10};

void check_unmounted(const BranchRecord& record) {
  if (!volume::is_mountpoint(record.data_directory())) return;
  fail(Code::kBusy, format("{}: something is mounted there", record.data_directory().string()),
       format("Unmount it first: umount {}", shell_word(record.data_directory().string())));
}

/// As it is now that the lock is held.
BranchRecord reread(const BranchRecord& record) {
  return open_branch(record.directory.parent_path().parent_path(), record.name);
}

}  // namespace

FileLock lock_branch(const Path& directory, const std::string& name) {
  make_directories(directory);
  try {
    return {directory / "lock", format("branch {}", name)};
  } catch (const Exception& e) {
    if (e.code() != Code::kBusy) throw;
    fail(Code::kBusy, e.error().message, "It is being started, stopped or removed: see lifeboat branch ls.");
  }
}

void remove_directory(const BranchRecord& record) {
  check_unmounted(record);
  const Path socket_directory = record.socket.parent_path();
  if (!record.socket.empty() && socket_directory != record.directory) std::filesystem::remove_all(socket_directory);
  const Path branches = record.directory.parent_path();
  std::filesystem::rename(record.directory, branches / format("{}{}-{}", kRemovedPrefix, record.name, random_hex(4)));
  for (const std::string& name : list_directory(branches)) {  // also of removals that were killed
    std::error_code ignored;
    if (name.starts_with(kRemovedPrefix)) std::filesystem::remove_all(branches / name, ignored);
  }
}

bool stop_branch(const BranchRecord& named, std::chrono::milliseconds patience) {
  const FileLock lock = lock_branch(named.directory, named.name);
  BranchRecord record = reread(named);
  // Whose start was killed has served nobody, and MariaDB may hang where it is told to end before it is ready.
  const bool unused = record.starter.pid != 0;
  const bool politely =
      stop_server(record.process, unused ? std::min<std::chrono::milliseconds>(patience, kUnusedPatience) : patience);
  if (record.volume && record.volume->state != volume::VolumeState::kNotMounted) volume::unmount_volume(*record.volume);
  if (unused) {
    std::filesystem::remove_all(PrivateDirectory{record.private_directory()}.keys());
    record.starter = {};
    save_branch(record);
  }
  return politely;
}

bool tend_branch(const BranchRecord& record) {
  if (!record.volume) return false;
  const std::array processes{record.process, record.volume->process};
  wait_for_end(processes);
  if (record.volume->process.alive()) return false;
  if (!record.process.alive()) {  // by itself and first, or because it found its files gone
    const auto now = volume::find_volume(record.directory.parent_path().parent_path(), record.name);
    return now && now->state == volume::VolumeState::kDead;
  }
  stop_server(record.process, std::chrono::milliseconds(0));
  return true;
}

void check_removable(const BranchRecord& record, bool discard) {
  if (record.state != BranchState::kStopped) {
    fail(Code::kBusy, format("branch {} is not stopped ({})", record.name, branch_state_name(record.state)),
         format("Stop it first: lifeboat branch stop {}", record.name));
  }
  check_unmounted(record);
  if (record.volume) volume::check_removable(*record.volume, discard);
}

void remove_branch(const BranchRecord& named, bool discard) {
  const FileLock lock = lock_branch(named.directory, named.name);
  const BranchRecord record = reread(named);
  check_removable(record, discard);
  if (record.volume) volume::remove_volume(*record.volume, discard);
  remove_directory(record);
}

void discard_branch(const BranchRecord& record) {
  stop_branch(record, std::chrono::milliseconds(0));
  remove_branch(record, true);
}

}  // namespace lifeboat::server
