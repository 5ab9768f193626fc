#include "volume/volume_process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "store/store.h"
#include "vault/credential_file.h"
#include "vault/image.h"
#include "vault/vault.h"
#include "volume/control_client.h"
#include "volume/mount_table.h"
#include "volume/volume.h"
#include "volume/volume_service.h"

namespace lifeboat::volume {
namespace {

std::unique_ptr<vault::Vault> open_vault(const VolumeRecord& record) {
  if (record.vault_url.empty()) {
    fail(Code::kUsage, "no vault named", "Pass --vault file:///dir or --vault s3://bucket/prefix?endpoint=…");
  }
  if (record.recovery_key_file.empty() && record.passphrase_file.empty()) {
    fail(Code::kUsage, "no key for the vault", "Pass --passphrase-file FILE or --recovery-key-file FILE.");
  }
  const vault::Credential credential = record.recovery_key_file.empty()
                                           ? vault::read_passphrase(record.passphrase_file)
                                           : vault::read_recovery_key(record.recovery_key_file);
  return vault::Vault::open(store::open_store(record.vault_url), credential);
}

Path whole_path(const Path& path) {
  const Path whole = std::filesystem::absolute(path).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
}

/// The record as the request makes or changes it; not saved yet.
VolumeRecord record_for(const MountRequest& request) {
  const Path root = whole_path(request.state_root.empty() ? default_state_root() : request.state_root);
  const Path mountpoint = whole_path(request.mountpoint);
  const std::string name = request.name.empty() ? volume_name_for(mountpoint) : request.name;
  VolumeRecord record = find_volume(root, name).value_or(VolumeRecord{});
  record.name = name;
  record.state_dir = volume_directory(root, name);
  if (record.state == VolumeState::kDead && is_dead_mount(record.mountpoint, name)) detach_mount(record.mountpoint);
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

void prepare_mountpoint(const VolumeRecord& record) {
  const Path& path = record.mountpoint;
  if (is_dead_mount(path, record.name)) detach_mount(path);
  if (is_mountpoint(path)) {
    fail(Code::kBusy, format("{}: something is mounted there", path.string()), "Name another directory.");
  }
  if (!std::filesystem::exists(path)) {
    make_directories(path.parent_path());
    std::filesystem::create_directory(path);
  }
  if (!std::filesystem::is_directory(path) || !std::filesystem::is_empty(path)) {
    fail(Code::kUsage, format("{}: not an empty directory", path.string()), "Name a new or empty directory.");
  }
}

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
  if (wanted.empty() || vault == nullptr) return;
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

/// The vault, or null where the volume can do without: fully local, and the vault is not to be had now.
std::unique_ptr<vault::Vault> open_vault_if_needed(const VolumeRecord& record, bool exists) {
  try {
    return open_vault(record);
  } catch (const Exception& e) {
    if (!exists || !Volume::open(engine_directory(record.state_dir), nullptr)->status().hydrated) throw;
    log::warn("mounted without the vault: {}", e.error().text());
    return nullptr;
  }
}

std::string last_log_lines(const Path& file) {
  constexpr std::size_t kLines = 5;
  const std::optional<Bytes> content = find_and_read_file(file);
  if (!content) return {};
  std::string_view text = as_text(*content);
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::size_t from = text.size();
  for (std::size_t i = 0; i < kLines && from != std::string_view::npos && from > 0; ++i) {
    from = text.rfind('\n', from - 1);
  }
  return std::string(text.substr(from == std::string_view::npos ? 0 : from));
}

/// Throws what a volume process that ended before it was mounted printed as its error.
[[noreturn]] void rethrow_child_error(const VolumeRecord& record, const Path& result_file) {
  const std::optional<Bytes> printed = find_and_read_file(result_file);
  if (printed && !printed->empty()) {
    const json::value value = parse_json(as_text(*printed), "result of the volume process");
    if (value.is_object()) {
      if (std::optional<Error> error = error_from_json(value.get_object())) throw Exception(std::move(*error));
    }
  }
  fail(Code::kInternal, format("volume {}: its process ended before it was mounted", record.name),
       format("The last lines of {}:{}", log_file(record.state_dir).string(),
              last_log_lines(log_file(record.state_dir))));
}

ProcessOptions child_options(const MountRequest& request, const VolumeRecord& record, const Path& result_file) {
  ProcessOptions options;
  options.argv = {request.program, "--json",       "volume",
                  "mount",         "--foreground", "--name",
                  record.name,     "--state",      record.state_dir.parent_path().parent_path().string()};
  if (!request.hydrate) options.argv.emplace_back("--no-hydrate");
  if (request.space_max != 0) options.argv.insert(options.argv.end(), {"--space", format("{}", request.space_max)});
  options.argv.push_back(request.image.empty() ? record.image : request.image);
  options.argv.push_back(record.mountpoint.string());
  options.env = {{"LIFEBOAT_VAULT", record.vault_url},
                 {"LIFEBOAT_PASSPHRASE_FILE", record.passphrase_file.string()},
                 {"LIFEBOAT_RECOVERY_KEY_FILE", record.recovery_key_file.string()}};
  options.stdout_file = result_file;
  options.stderr_file = log_file(record.state_dir);
  options.new_session = true;
  return options;
}

std::optional<json::object> find_status(const VolumeRecord& record) {
  try {
    return control_call(record.state_dir, "status");
  } catch (const Exception& e) {
    if (e.code() == Code::kUnavailable) return std::nullopt;
    throw;
  }
}

void wait_until_gone(const VolumeRecord& record, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (record.process.alive()) {
    if (std::chrono::steady_clock::now() > deadline) {
      fail(Code::kTimeout, format("volume {}: unmounted, but process {} still runs", record.name, record.process.pid),
           format("It may be saving its launch list; see {}", log_file(record.state_dir).string()));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

bool has_uncommitted_changes(const VolumeRecord& record) {
  const Path directory = engine_directory(record.state_dir);
  if (!std::filesystem::exists(directory)) return false;
  return Volume::open(directory, nullptr)->status().dirty_bytes > 0;
}

}  // namespace

MountedVolume mount_volume(const MountRequest& request) {
  const VolumeRecord record = record_for(request);
  check_volume_name(record.name);
  refuse_if_mounted(record);
  if (request.image.empty() && record.image.empty()) {
    fail(Code::kUsage, format("volume {}: no image named", record.name),
         "Name an image or \"latest\"; see: lifeboat image ls");
  }
  prepare_mountpoint(record);
  make_directories(record.state_dir);
  const Path result_file = record.state_dir / format("mount-{}.json", random_hex(4));
  try {
    ChildProcess child(child_options(request, record, result_file));
    const auto deadline = std::chrono::steady_clock::now() + request.patience;
    for (;;) {
      if (const std::optional<json::object> status = find_status(record);
          status && json_integer(*status, "pid") == child.pid()) {
        MountedVolume mounted{.name = record.name,
                              .mountpoint = record.mountpoint,
                              .state_dir = record.state_dir,
                              .image = json_string(*status, "image"),
                              .pid = child.pid()};
        child.detach();
        std::filesystem::remove(result_file);
        return mounted;
      }
      if (child.wait_for(std::chrono::milliseconds(2))) rethrow_child_error(record, result_file);
      if (std::chrono::steady_clock::now() > deadline) {
        fail(Code::kTimeout, format("volume {}: not mounted after {}", record.name, format_duration(request.patience)),
             format("The last lines of {}:{}", log_file(record.state_dir).string(),
                    last_log_lines(log_file(record.state_dir))));
      }
    }
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(result_file, ignored);
    // A volume that never came to be leaves nothing; its log's last words are in the error.
    if (!std::filesystem::exists(engine_directory(record.state_dir))) {
      std::filesystem::remove_all(record.state_dir, ignored);
      std::filesystem::remove(record.mountpoint, ignored);
    }
    throw;
  }
}

void serve_volume(const MountRequest& request, const std::function<void(const MountedVolume&)>& mounted) {
  const sigset_t signals = block_end_signals();
  raise_descriptor_limit();
  VolumeRecord record = record_for(request);
  refuse_if_mounted(record);
  prepare_mountpoint(record);
  make_directories(record.state_dir);
  const Path directory = engine_directory(record.state_dir);
  const bool exists = std::filesystem::exists(directory);
  const std::unique_ptr<vault::Vault> vault = open_vault_if_needed(record, exists);
  if (!exists) create_local_state(record, *vault, request.image);
  const std::unique_ptr<Volume> volume = Volume::open(directory, vault.get(), {.space_max = record.space_max});
  if (exists) check_image(record, vault.get(), request.image, volume->status().image);
  record.process = ProcessIdentity::of(::getpid());
  save_volume_record(record);
  save_process(record);
  {
    VolumeService service(*volume, vault.get(), record, request.hydrate);
    const VolumeStatus status = volume->status();
    log::info("volume {} (image {}) mounted at {}", record.name, status.image, record.mountpoint.string());
    mounted({record.name, record.mountpoint, record.state_dir, status.image, record.process.pid});
    service.serve_until(signals);
    service.end();
    write_file_durably(last_status_file(record.state_dir), as_bytes(json::serialize(service.status())));
  }
  std::filesystem::remove(process_file(record.state_dir));
  log::info("volume {} unmounted", record.name);
}

void unmount_volume(const VolumeRecord& record, std::chrono::milliseconds patience) {
  switch (record.state) {
    case VolumeState::kNotMounted:
      fail(Code::kUsage, format("volume {}: not mounted", record.name), "There is nothing to do.");
    case VolumeState::kDead:
      if (is_dead_mount(record.mountpoint, record.name)) detach_mount(record.mountpoint);
      std::filesystem::remove(process_file(record.state_dir));
      return;
    case VolumeState::kMounted:
      control_call(record.state_dir, "umount", {}, patience);
      wait_until_gone(record, patience);
      return;
  }
}

void check_removable(const VolumeRecord& record, bool discard) {
  refuse_if_mounted(record);
  if (discard || !has_uncommitted_changes(record)) return;
  fail(Code::kRefused, format("volume {}: holds changes that are in no image", record.name),
       "Commit them first (lifeboat volume commit, while it is mounted), or pass --discard to lose them.");
}

void remove_volume(const VolumeRecord& record, bool discard) {
  check_removable(record, discard);
  if (is_dead_mount(record.mountpoint, record.name)) detach_mount(record.mountpoint);
  const Path going = record.state_dir.parent_path() / format(".removed-{}-{}", record.name, random_hex(4));
  std::filesystem::rename(record.state_dir, going);
  std::filesystem::remove_all(going);
}

}  // namespace lifeboat::volume
