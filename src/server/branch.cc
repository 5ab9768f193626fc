#include "server/branch.h"

#include <sys/un.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/random.h"
#include "server/encryption.h"
#include "server/inspect.h"
#include "server/instance.h"
#include "server/options.h"
#include "server/private_directory.h"
#include "server/server_binary.h"
#include "vault/image_reader.h"
#include "volume/control_client.h"
#include "volume/mount_table.h"

namespace lifeboat::server {
namespace {

constexpr std::chrono::milliseconds kStopPatience = std::chrono::seconds(60);

Path state_root_of(const BranchRequest& request) {
  const Path& given = request.mount.state_root;
  return std::filesystem::absolute(given.empty() ? volume::default_state_root() : given);
}

/// In the branch's directory, or where its path would be too long for the kernel, in a private one under /tmp.
Path choose_socket(const Path& directory) {
  Path socket = directory / "socket";
  if (socket.string().size() < sizeof(sockaddr_un{}.sun_path)) return socket;
  const Path short_directory = std::filesystem::temp_directory_path() / format("lifeboat-{}", random_hex(6));
  make_directories(short_directory);
  return short_directory / "socket";
}

void check_unmounted(const BranchRecord& record) {
  if (!volume::is_mountpoint(record.data_directory())) return;
  fail(Code::kBusy, format("{}: something is mounted there", record.data_directory().string()),
       format("Unmount it first: umount {}", shell_word(record.data_directory().string())));
}

std::uint16_t choose_port(std::uint16_t wanted, std::uint16_t last) {
  if (wanted != 0) {
    check_port_free(wanted);
    return wanted;
  }
  if (last != 0) {
    try {
      check_port_free(last);
      return last;
    } catch (const Exception& e) {
      log::info("{}; another is picked", e.error().message);
    }
  }
  return pick_free_port();
}

/// Never walks into a mount.
void remove_directory(const BranchRecord& record) {
  check_unmounted(record);
  const Path socket_directory = record.socket.parent_path();
  if (!record.socket.empty() && socket_directory != record.directory) std::filesystem::remove_all(socket_directory);
  std::filesystem::remove_all(record.directory);
}

/// The image's name, with a number behind if that is taken.
std::string free_name(const Path& state_root, const std::string& image) {
  std::string name = image;
  for (int number = 2; find_branch(state_root, name) || volume::find_volume(state_root, name); ++number) {
    name = format("{}-{}", image, number);
  }
  return name;
}

/// Of a branch alone: never the production server's, nor another branch's.
std::uint32_t random_server_id() {
  const Bytes bytes = random_bytes(4);
  return std::max<std::uint32_t>(Decoder(bytes, "random").u32(), 2);
}

/// One start of one branch. What it has set up is taken down again unless it comes to its end.
class Start {
 public:
  explicit Start(const BranchRequest& request) : request_(request), root_(state_root_of(request)) {}
  Start(const Start&) = delete;
  Start& operator=(const Start&) = delete;
  ~Start() {
    if (!kept_) clean_up();
  }

  StartedBranch run() {
    if (request_.name.empty() || !resume(request_.name)) make();
    check_bootable(record_.server, record_.has_keys);
    const ServerBinary binary = find_server_binary(request_.binary.empty() ? record_.binary : request_.binary);
    check_fits(binary, record_.server);
    record_.binary = binary.path;
    record_.version = binary.version.text();
    record_.port = choose_port(request_.port, record_.port);
    if (record_.socket.empty()) record_.socket = choose_socket(record_.directory);
    make_directories(record_.socket.parent_path());
    mount();
    result_.mount_seconds = watch_.seconds();
    boot(binary);
    save_branch(record_);
    start_tending();
    kept_ = true;
    result_.record = record_;
    return std::move(result_);
  }

 private:
  void lock(const Path& directory, const std::string& name) {
    make_directories(directory);
    lock_.emplace(directory / "lock", format("branch {}", name));
  }

  /// False if there is no such branch.
  bool resume(const std::string& name) {
    if (!find_branch(root_, name)) return false;
    lock(branches_directory(root_) / name, name);
    record_ = open_branch(root_, name);
    if (record_.state == BranchState::kRunning) {
      fail(Code::kBusy, format("branch {} runs already, at {}", name, record_.socket.string()),
           "Stop it first (lifeboat branch stop), or start another with a --name of its own.");
    }
    const bool same = request_.image.empty() || request_.image == "latest" || record_.image.starts_with(request_.image);
    if (!same) {
      fail(Code::kExists, format("branch {} exists already, of image {}", name, record_.image),
           "Choose another --name, or leave the image out to go on with this one.");
    }
    log::info("branch {} goes on with what it holds, from image {}", name, record_.image);
    if (record_.has_keys) {
      const auto vault = request_.open_vault();
      attachments_ = vault::ImageReader(*vault, record_.image).info().attachments;
    }
    return true;
  }

  void make() {
    if (request_.image.empty()) {
      if (!request_.name.empty()) static_cast<void>(open_branch(root_, request_.name));  // says which there are
      fail(Code::kUsage, "no image named", "Name an image or \"latest\"; see: lifeboat image ls");
    }
    const auto vault = request_.open_vault();
    record_.image = vault::resolve_image(*vault, request_.image);
    record_.name = request_.name.empty() ? free_name(root_, record_.image) : request_.name;
    volume::check_volume_name(record_.name);
    if (volume::find_volume(root_, record_.name)) {
      fail(Code::kExists, format("a volume {} exists that is no branch", record_.name), "Choose another --name.");
    }
    vault::ImageReader image(*vault, record_.image);
    record_.server = server_info_from_json(image.info().server);
    attachments_ = image.info().attachments;
    record_.has_keys = !attachments_.empty();
    record_.directory = branches_directory(root_) / record_.name;
    record_.server_id = random_server_id();
    lock(record_.directory, record_.name);
    made_ = true;
  }

  void mount() {
    if (record_.state == BranchState::kServerDead) {  // its volume is still there
      check_mountpoint(record_, record_.volume->mountpoint);
      if (volume::is_mountpoint(record_.data_directory())) return;
      fail(Code::kBusy, format("branch {}: its volume's process runs, but the mount is gone", record_.name),
           format("Stop it and start it again: lifeboat branch stop {}", record_.name));
    }
    // A server whose volume died is about to find out; two must never run on the same files.
    stop_server(record_.process, kStopPatience);
    volume::MountRequest mount = request_.mount;
    mount.state_root = root_;
    mount.name = record_.name;
    mount.image = made_ ? record_.image : "";
    mount.mountpoint = record_.data_directory();
    mounting_ = true;
    volume::mount_volume(mount);
  }

  void boot(const ServerBinary& binary) {
    result_.at_boot = inspect_for_boot(record_.data_directory(), record_.server);
    const PrivateDirectory own{record_.private_directory()};
    prepare_private_directory(own, binary);
    confine_binlog_index(record_.data_directory(), result_.at_boot.binlog_base);
    const KeyFiles keys(attachments_, own.keys());
    const LaunchPlan plan{.data_directory = record_.data_directory(),
                          .private_directory = own,
                          .socket = record_.socket,
                          .pid_file = record_.pid_file(),
                          .error_log = record_.error_log(),
                          .port = record_.port,
                          .server_id = record_.server_id,
                          .buffer_pool_bytes = choose_buffer_pool(data_bytes(), available_memory()),
                          .has_keys = keys.any()};
    if (request_.on_boot) request_.on_boot(result_.at_boot, record_);
    StartRequest start{.argv = {binary.path.string()},
                       .socket = record_.socket,
                       .error_log = record_.error_log(),
                       .logins = request_.logins,
                       .patience = request_.patience,
                       .cancelled = request_.cancelled};
    std::ranges::move(server_arguments(result_.at_boot, plan), std::back_inserter(start.argv));
    std::ranges::move(keys.arguments(), std::back_inserter(start.argv));
    note_start(start_server(start));
  }

  void note_start(const StartedServer& started) {
    server_started_ = true;
    record_.process = started.process;
    record_.started = now();
    record_.first_query_seconds.reset();
    if (started.ready) record_.first_query_seconds = watch_.seconds();
    result_.ready = started.ready;
    result_.answered = started.answered;
    result_.why_not = started.why_not;
    result_.boot_seconds = started.seconds;
    if (started.ready) save_launch_list();
  }

  /// What was read until now is what the next boot wants first. A convenience: its failure is none of the branch's.
  void save_launch_list() {
    try {
      volume::control_call(volume::volume_directory(root_, record_.name), "launch_saved");
    } catch (const Exception& e) {
      log::debug("launch list not saved: {}", e.error().text());
    }
  }

  void start_tending() const {
    ProcessOptions options;
    options.argv = {request_.mount.program, "branch", "tend", record_.name, "--state", root_.string()};
    options.stdout_file = record_.error_log();
    options.stderr_file = record_.error_log();  // where one looks to see why a server has ended
    options.new_session = true;
    ChildProcess(options).detach();
  }

  std::uint64_t data_bytes() const {
    const json::object status = volume::control_call(volume::volume_directory(root_, record_.name), "status");
    return static_cast<std::uint64_t>(std::max<std::int64_t>(json_integer(status, "bytes"), 0));
  }

  void clean_up() noexcept {
    try {
      if (server_started_) stop_server(record_.process, kStopPatience);
      if (mounting_) {
        if (const auto record = volume::find_volume(root_, record_.name)) {
          if (record->state != volume::VolumeState::kNotMounted) volume::unmount_volume(*record);
          if (made_) volume::remove_volume(*volume::find_volume(root_, record_.name), true);
        }
      }
      lock_.reset();
      if (made_) remove_directory(record_);
    } catch (...) {
      log::warn("after a failed start: {}", current_error().text());
    }
  }

  const BranchRequest& request_;
  Path root_;
  Stopwatch watch_;
  BranchRecord record_;
  StartedBranch result_;
  json::object attachments_;
  std::optional<FileLock> lock_;
  bool made_ = false;      ///< the branch is new
  bool mounting_ = false;  ///< its volume is mounted by us
  bool server_started_ = false;
  bool kept_ = false;
};

}  // namespace

StartedBranch start_branch(const BranchRequest& request) {
  return Start(request).run();
}

bool stop_branch(const BranchRecord& record, std::chrono::milliseconds patience) {
  const FileLock lock(record.lock_file(), format("branch {}", record.name));
  const bool politely = stop_server(record.process, patience);
  if (record.volume && record.volume->state != volume::VolumeState::kNotMounted) volume::unmount_volume(*record.volume);
  return politely;
}

bool tend_branch(const BranchRecord& record) {
  if (!record.volume) return false;
  const std::array processes{record.process, record.volume->process};
  if (wait_for_end(processes) == 0) return false;
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

void remove_branch(const BranchRecord& record, bool discard) {
  const FileLock lock(record.lock_file(), format("branch {}", record.name));
  check_removable(record, discard);
  if (record.volume) volume::remove_volume(*record.volume, discard);
  remove_directory(record);
}

}  // namespace lifeboat::server
