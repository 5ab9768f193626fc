/// `branch start`: one start of one branch, and its undoing.
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/random.h"
#include "server/branch.h"
#include "server/branch_internal.h"
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

constexpr std::chrono::seconds kMountPatience{20};
constexpr std::chrono::milliseconds kLookAgainEvery{20};

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

/// Of a branch alone: never the production server's, nor another branch's.
std::uint32_t random_server_id() {
  return std::max<std::uint32_t>(static_cast<std::uint32_t>(random_number()), 2);
}

/// Waits while a process has the branch's volume, but no mount: it is about to mount it, or on its way out, as when who
/// began it was killed in the middle. Whether it is mounted in the end.
bool await_mount(const Path& root, const BranchRecord& branch) {
  const auto deadline = std::chrono::steady_clock::now() + kMountPatience;
  while (!volume::is_mountpoint(branch.data_directory())) {
    const auto volume = volume::find_volume(root, branch.name);
    if (!volume || volume->state != volume::VolumeState::kMounted) return false;
    if (std::chrono::steady_clock::now() > deadline) {
      fail(Code::kBusy, format("branch {}: its volume's process runs, but the mount is gone", branch.name),
           format("Stop it and start it again: lifeboat branch stop {}", branch.name));
    }
    throw_if_cancelled();
    std::this_thread::sleep_for(kLookAgainEvery);
  }
  return true;
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
    if (record_.has_keys) check_key_plugin(binary);
    record_.binary = binary.path;
    record_.version = binary.version.text();
    record_.port = choose_port(request_.port, record_.port);
    if (record_.socket.empty()) record_.socket = choose_socket(record_.directory);
    make_directories(record_.socket.parent_path());
    // From here on `branch ls` shows it, and `branch stop` ends what of it runs, even if we are killed.
    record_.starter = ProcessIdentity::of(::getpid());
    announced_ = true;
    save_branch(record_);
    mount();
    result_.mount_seconds = watch_.seconds();
    find_keys();
    boot(binary);
    record_.starter = {};
    save_branch(record_);
    kept_ = true;
    result_.record = record_;
    return std::move(result_);
  }

 private:
  /// False if there is no such branch.
  bool resume(const std::string& name) {
    if (!find_branch(root_, name)) return false;
    lock_.emplace(lock_branch(branches_directory(root_) / name, name));
    record_ = open_branch(root_, name);
    found_ = record_;
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
    return true;
  }

  /// The keys of a branch's tables are in the image that its volume holds now: a commit took them over, and the image
  /// it was made from may be gone.
  void find_keys() {
    if (made_ || !record_.has_keys) return;
    const std::string image = json_string(volume_status(), "image");
    const auto vault = request_.open_vault();
    attachments_ = vault::ImageReader(*vault, image).info().attachments;
  }

  void make() {
    if (request_.image.empty()) {
      if (!request_.name.empty()) static_cast<void>(open_branch(root_, request_.name));  // says which there are
      fail(Code::kUsage, "no image named", "Name an image or \"latest\"; see: lifeboat image ls");
    }
    const auto vault = request_.open_vault();
    record_.image = vault::resolve_image(*vault, request_.image);
    if (request_.name.empty()) {
      take_free_name();
    } else {
      take_name(request_.name);
    }
    vault::ImageReader image(*vault, record_.image);
    record_.server = server_info_from_json(image.info().server);
    attachments_ = image.info().attachments;
    record_.has_keys = !attachments_.empty();
    record_.server_id = random_server_id();
    made_ = true;
  }

  void take_name(const std::string& name) {
    volume::check_volume_name(name);
    record_.name = name;
    record_.directory = branches_directory(root_) / name;
    lock_.emplace(lock_branch(record_.directory, name));
    if (find_branch(root_, name)) {
      fail(Code::kBusy, format("branch {} was made by another process just now", name),
           "See lifeboat branch ls, or choose another --name.");
    }
    if (volume::find_volume(root_, name)) {
      fail(Code::kExists, format("a volume {} exists that is no branch", name), "Choose another --name.");
    }
  }

  /// The image's name, with a number behind if that is taken, or being taken now.
  void take_free_name() {
    std::string name = record_.image;
    for (int number = 2;; ++number) {
      try {
        if (!find_branch(root_, name)) return take_name(name);
      } catch (const Exception& e) {
        if (e.code() != Code::kBusy && e.code() != Code::kExists) throw;
        lock_.reset();
      }
      name = format("{}-{}", record_.image, number);
    }
  }

  void mount() {
    if (record_.state == BranchState::kServerDead) {  // its volume is still there
      check_mountpoint(record_, record_.volume->mountpoint);
      if (await_mount(root_, record_)) {
        if (request_.mount.space_max != 0 || !request_.mount.hydrate) {
          log::warn("branch {}: its volume is mounted already, with the space and hydration that it was given then",
                    record_.name);
        }
        return;
      }
      record_.volume = volume::find_volume(root_, record_.name);
    }
    // A server whose volume died is about to find out; two must never run on the same files.
    stop_server(record_.process, kServerStopPatience);
    volume::MountRequest mount = request_.mount;
    mount.state_root = root_;
    mount.name = record_.name;
    // None yet, or none that was finished, if the branch's first start was killed.
    const bool has_volume = record_.volume && !record_.volume->image.empty();
    mount.image = has_volume ? "" : record_.image;
    mount.mountpoint = record_.data_directory();
    mounting_ = true;
    volume::mount_volume(mount);
  }

  void boot(const ServerBinary& binary) {
    throw_if_cancelled();
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
                          .buffer_pool_bytes = buffer_pool(),
                          .has_keys = keys.any(),
                          .replica = request_.replica,
                          .binary_log = request_.binary_log};
    if (request_.on_boot) request_.on_boot(result_.at_boot, record_);
    StartRequest start{.argv = {binary.path.string()},
                       .socket = record_.socket,
                       .error_log = record_.error_log(),
                       .logins = request_.logins,
                       .patience = request_.patience,
                       .cancelled = request_.cancelled,
                       .while_starting = [this](double seconds, const std::string& said) { tell(seconds, said); },
                       .before_run = [this](const ProcessIdentity& process) { note_process(process); }};
    std::ranges::move(server_arguments(result_.at_boot, plan), std::back_inserter(start.argv));
    std::ranges::move(keys.arguments(), std::back_inserter(start.argv));
    note_start(start_server(start));
  }

  void tell(double seconds, const std::string& said) const {
    log::info("branch {}: starting for {:.0f} s; its server says: {}", record_.name, seconds, printable(said));
  }

  /// A server that runs is known, and tended.
  void note_process(const ProcessIdentity& process) {
    server_started_ = true;
    record_.process = process;
    record_.started = now();
    record_.first_query_seconds.reset();
    save_branch(record_);
    start_tending();
  }

  void note_start(const StartedServer& started) {
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

  json::object volume_status() const {
    return volume::control_call(volume::volume_directory(root_, record_.name), "status");
  }

  std::uint64_t buffer_pool() const {
    const std::uint64_t chosen = choose_buffer_pool(data_bytes(), available_memory());
    return request_.buffer_pool_max == 0 ? chosen : std::min(chosen, request_.buffer_pool_max);
  }

  std::uint64_t data_bytes() const {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(json_integer(volume_status(), "bytes"), 0));
  }

  void clean_up() noexcept {
    try {
      if (server_started_) stop_server(record_.process, kServerStopPatience);
      if (mounting_) {
        if (const auto record = volume::find_volume(root_, record_.name)) {
          if (record->state != volume::VolumeState::kNotMounted) volume::unmount_volume(*record);
          if (made_) volume::remove_volume(*volume::find_volume(root_, record_.name), true);
        }
      }
      if (made_) {
        remove_directory(record_);
      } else if (announced_) {
        save_branch(found_);
      }
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
  BranchRecord found_;      ///< as it was, if it is not new
  bool announced_ = false;  ///< the record is saved
  bool made_ = false;       ///< the branch is new
  bool mounting_ = false;   ///< its volume is mounted by us
  bool server_started_ = false;
  bool kept_ = false;
};

}  // namespace

StartedBranch start_branch(const BranchRequest& request) {
  return Start(request).run();
}

}  // namespace lifeboat::server
