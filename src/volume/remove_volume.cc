/// What a volume process needs of its volume's files, and their end.
#include <chrono>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "store/store.h"
#include "vault/credential_file.h"
#include "vault/session.h"
#include "volume/mount_table.h"
#include "volume/mountpoint.h"
#include "volume/volume.h"
#include "volume/volume_process_internal.h"

namespace lifeboat::volume {
namespace {

constexpr std::string_view kRemovedPrefix = ".removed-";

/// Of removals that were killed.
void sweep_removed(const Path& volumes) {
  for (const std::string& name : list_directory(volumes)) {
    std::error_code ignored;  // another removal may be at it
    if (name.starts_with(kRemovedPrefix)) std::filesystem::remove_all(volumes / name, ignored);
  }
}

/// A volume process that was killed keeps its locks until the last of its threads has ended.
bool was_killed_just_now(const VolumeRecord& record) {
  const auto now = find_volume(record.state_dir.parent_path().parent_path(), record.name);
  return now && !now->process.alive() && !now->process.ended();
}

[[noreturn]] void refuse_locked(const Error& error) {
  fail(Code::kBusy, error.message,
       "It is being mounted, served or removed: see lifeboat volume ls. To mount an image once more, pass another "
       "--name.");
}

}  // namespace

VolumeRecord record_for(const MountRequest& request) {
  const Path root = whole_path(request.state_root.empty() ? default_state_root() : request.state_root);
  const Path mountpoint = whole_path(request.mountpoint);
  const std::string name = request.name.empty() ? volume_name_for(mountpoint) : request.name;
  VolumeRecord record = find_volume(root, name).value_or(VolumeRecord{});
  record.name = name;
  if (record.id.empty()) record.id = random_hex(16);
  record.state_dir = volume_directory(root, name);
  record.mountpoint = mountpoint;
  if (request.space_max != 0) record.space_max = request.space_max;
  if (!request.vault_url.empty()) {
    record.vault_url = request.vault_url;
    record.passphrase_file = request.passphrase_file.empty() ? Path() : whole_path(request.passphrase_file);
    record.recovery_key_file = request.recovery_key_file.empty() ? Path() : whole_path(request.recovery_key_file);
  }
  return record;
}

void refuse_if_mounted(const VolumeRecord& record) {
  if (record.state != VolumeState::kMounted) return;
  fail(Code::kBusy, format("volume {}: already mounted by process {}", record.name, record.process.pid),
       "Unmount it first (lifeboat volume umount), or pass another --name to mount the image once more.");
}

FileLock lock_volume(const VolumeRecord& record) {
  make_directories(record.state_dir);
  for (bool once_more = true;;) {
    try {
      return {record.state_dir / "lock", format("volume {}", record.name)};
    } catch (const Exception& e) {
      if (e.code() != Code::kBusy) throw;
      if (!was_killed_just_now(record)) {
        if (!std::exchange(once_more, false)) refuse_locked(e.error());  // it may have ended between the two looks
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void discard_state(const VolumeRecord& record) {
  const Path volumes = record.state_dir.parent_path();
  std::filesystem::rename(record.state_dir, volumes / format("{}{}-{}", kRemovedPrefix, record.name, random_hex(4)));
  sweep_removed(volumes);
}

std::unique_ptr<vault::Vault> open_vault(const VolumeRecord& record, std::optional<std::chrono::seconds> patience) {
  if (record.vault_url.empty()) {
    fail(Code::kUsage, "no vault named", "Pass --vault file:///dir or --vault s3://bucket/prefix?endpoint=…");
  }
  if (record.recovery_key_file.empty() && record.passphrase_file.empty()) {
    fail(Code::kUsage, "no key for the vault", "Pass --passphrase-file FILE or --recovery-key-file FILE.");
  }
  const vault::Credential credential = record.recovery_key_file.empty()
                                           ? vault::read_passphrase(record.passphrase_file)
                                           : vault::read_recovery_key(record.recovery_key_file);
  return vault::Vault::open(store::open_store(record.vault_url, patience), credential);
}

void keep_nothing(const VolumeRecord& record) noexcept {
  if (record.image.empty()) return;  // it never came as far as to say so
  try {
    vault::end_keeping(*open_vault(record, kVaultPatience), record.id);
  } catch (...) {
    log::warn(
        "the vault does not know yet that volume {} is gone, and keeps its image for up to {} days (to free it before: "
        "lifeboat vault stat names the session, vault unlock --force ends it): {}",
        record.name, vault::kKeepLifetime.count() / 24, current_error().text());
  }
}

void check_removable(const VolumeRecord& record, bool discard) {
  refuse_if_mounted(record);
  const Path directory = engine_directory(record.state_dir);
  if (discard || !std::filesystem::exists(directory)) return;
  const VolumeStatus status = Volume::inspect(directory);
  if (!status.changed) return;
  fail(Code::kRefused,
       format("volume {}: holds changes that are in no image ({} of pages)", record.name,
              format_size(status.dirty_bytes)),
       "Commit them first (lifeboat volume commit, while it is mounted), or pass --discard to lose them.");
}

void remove_volume(const VolumeRecord& record, bool discard) {
  const FileLock lock = lock_volume(record);
  const Path state_root = record.state_dir.parent_path().parent_path();
  const std::optional<VolumeRecord> now = find_volume(state_root, record.name);
  if (!now) fail(Code::kNotFound, format("volume {}: removed meanwhile", record.name), "There is nothing to do.");
  check_removable(*now, discard);
  if (is_dead_mount(now->mountpoint, now->name)) detach_mount(now->mountpoint);
  discard_state(*now);
  keep_nothing(*now);
}

}  // namespace lifeboat::volume
