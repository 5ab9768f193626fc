/// The volume process, from its lock on the volume to the end of the mount.
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "store/store.h"
#include "vault/format.h"
#include "vault/image.h"
#include "vault/vault.h"
#include "volume/mount_table.h"
#include "volume/mountpoint.h"
#include "volume/volume.h"
#include "volume/volume_process_internal.h"
#include "volume/volume_service.h"

namespace lifeboat::volume {
namespace {

/// Local state for a new volume, complete or not there at all.
void create_local_state(VolumeRecord& record, vault::Vault& vault, std::string_view image) {
  if (image.empty()) {
    fail(Code::kUsage, format("volume {}: no image named", record.name),
         "Name an image or \"latest\"; see: lifeboat image ls");
  }
  record.image = vault::resolve_image(vault, image);
  const Path unfinished = record.state_dir / "local.new";
  std::filesystem::remove_all(unfinished);
  Volume::create(unfinished, vault, record.image);
  std::filesystem::rename(unfinished, engine_directory(record.state_dir));
  sync_directory(record.state_dir);
}

/// An existing volume goes on with what it holds, whatever newer image there is; asking for another one is an error.
void check_image(const VolumeRecord& record, vault::Vault* vault, std::string_view wanted, std::string_view held) {
  if (wanted.empty() || vault == nullptr || wanted == record.image || wanted == held) return;
  const vault::ImageName image = vault::resolve_image(*vault, wanted);
  if (image == record.image || image == held) return;
  if (wanted == "latest") {
    log::warn("volume {} goes on from image {}; the latest is {}", record.name, held, image);
    return;
  }
  fail(Code::kConflict, format("volume {}: holds image {}, not {}", record.name, held, image),
       format("To go on with it, name {}; to mount the other image beside it, pass another --name.", held));
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

sigset_t block_end_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals, number);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void save_process(const VolumeRecord& record) {
  const json::object object{{"pid", record.process.pid}, {"start_time", record.process.start_time}};
  write_file_durably(process_file(record.state_dir), as_bytes(json::serialize(object)));
}

class Serving {
 public:
  explicit Serving(const MountRequest& request)
      : request_(request), lock_(lock_volume(record_for(request))), record_(record_for(request)) {
    was_ = record_.state;
    refuse_if_mounted(record_);
    exists_ = std::filesystem::exists(engine_directory(record_.state_dir));
  }

  void run(const std::function<void(const MountedVolume&)>& mounted) {
    try {
      prepare();
      open();
    } catch (...) {
      undo();
      throw;
    }
    serve(mounted);
    std::filesystem::remove(process_file(record_.state_dir));
    log::info("volume {} unmounted", record_.name);
  }

 private:
  /// From here on `volume ls` shows it, and whose it is, even if we are killed.
  void prepare() {
    if (const auto before = find_volume(record_.state_dir.parent_path().parent_path(), record_.name)) {
      if (is_dead_mount(before->mountpoint, record_.name)) detach_mount(before->mountpoint);
    } else {
      save_volume_record(record_);
    }
    record_.process = ProcessIdentity::of(::getpid());
    save_process(record_);
    mountpoint_.emplace(record_.mountpoint, record_.name);
  }

  void open() {
    if (!exists_) {
      vault_ = open_vault(record_);
      create_local_state(record_, *vault_, request_.image.empty() ? record_.image : request_.image);
    }
    volume_ = Volume::open_local(engine_directory(record_.state_dir), {.space_max = record_.space_max});
    if (exists_ && volume_->status().hydrated) {
      attach_if_it_answers();
    } else {
      if (!vault_) vault_ = open_vault(record_);
      volume_->attach(*vault_);
    }
    if (exists_) check_image(record_, vault_.get(), request_.image, volume_->status().image);
    save_volume_record(record_);
    signals_ = block_end_signals();  // its threads leave them to this one
    outlive_parent();                // before we answer: who started us may then end
    throw_if_cancelled();
    service_.emplace(*volume_, vault_.get(), record_, request_.hydrate);
  }

  /// It can do without its vault, whatever is wrong there: not to be reached, another one, the image gone.
  void attach_if_it_answers() {
    try {
      // Asked first, so that nobody waits long for one that is gone.
      store::open_store(record_.vault_url, kVaultPatience)->find(vault::kConfigName);
      vault_ = open_vault(record_);
      volume_->attach(*vault_);
    } catch (const Exception& e) {
      if (e.code() == Code::kCancelled) throw;
      log::warn("mounted without the vault: {}", e.error().text());
      vault_.reset();
    }
  }

  void serve(const std::function<void(const MountedVolume&)>& mounted) {
    std::filesystem::remove(last_status_file(record_.state_dir));  // of another time
    const VolumeStatus status = volume_->status();
    log::info("volume {} (image {}) mounted at {}", record_.name, status.image, record_.mountpoint.string());
    mounted({record_.name, record_.mountpoint, record_.state_dir, status.image, record_.process.pid});
    service_->serve_until(signals_);
    service_->end();
    write_file_durably(last_status_file(record_.state_dir), as_bytes(json::serialize(service_->status())));
    service_.reset();
  }

  /// A volume that never came to be leaves nothing, one that was there is as it was.
  void undo() noexcept {
    try {
      service_.reset();
      volume_.reset();
      if (!exists_) {
        discard_state(record_);
      } else if (was_ == VolumeState::kNotMounted) {
        std::filesystem::remove(process_file(record_.state_dir));
      }
      if (mountpoint_) mountpoint_->give_up();
      if (!exists_) keep_nothing(record_);
    } catch (...) {
      log::warn("after a failed mount: {}", current_error().text());
    }
  }

  const MountRequest& request_;
  FileLock lock_;
  VolumeRecord record_;  ///< read under the lock
  VolumeState was_ = VolumeState::kNotMounted;
  bool exists_ = false;  ///< its local state was there before
  std::optional<Mountpoint> mountpoint_;
  std::unique_ptr<vault::Vault> vault_;
  std::unique_ptr<Volume> volume_;
  sigset_t signals_{};
  std::optional<VolumeService> service_;
};

}  // namespace

void serve_volume(const MountRequest& request, const std::function<void(const MountedVolume&)>& mounted) {
  stop_on_signals();
  raise_descriptor_limit();
  Serving(request).run(mounted);
}

}  // namespace lifeboat::volume
