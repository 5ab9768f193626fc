#include "volume/volume_process.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "base/units.h"
#include "volume/control_client.h"
#include "volume/mount_table.h"
#include "volume/volume_process_internal.h"

namespace lifeboat::volume {
namespace {

/// What a volume process may take to end in order.
constexpr std::chrono::milliseconds kEndPatience = std::chrono::seconds(60);

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
/// What it printed before it ended; empty where that is no error, or is cut.
std::optional<Error> printed_error(const Path& result_file) {
  try {
    const std::optional<Bytes> printed = find_and_read_file(result_file);
    const json::value value = parse_json(as_text(printed.value_or(Bytes{})), "result of the volume process");
    return value.is_object() ? error_from_json(value.get_object()) : std::nullopt;
  } catch (const Exception&) {
    return std::nullopt;
  }
}

[[noreturn]] void rethrow_child_error(const VolumeRecord& record, const Path& result_file, int status) {
  if (std::optional<Error> error = printed_error(result_file)) throw Exception(std::move(*error));
  const Code code = WIFEXITED(status) ? code_of_exit_status(WEXITSTATUS(status)) : Code::kInternal;
  if (code == Code::kOutOfSpace) {  // it could not even say so
    fail(code, format("volume {}: there is no room for its local state or its log", record.name),
         format("Free some space on the disks of {} and {}, then try again.", record.state_dir.string(),
                result_file.parent_path().string()));
  }
  fail(code, format("volume {}: its process ended before it was mounted", record.name),
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
  options.stop_with_parent = true;  // until it is mounted
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
  while (!record.process.ended()) {
    if (std::chrono::steady_clock::now() > deadline) {
      fail(Code::kTimeout, format("volume {}: unmounted, but process {} still runs", record.name, record.process.pid),
           format("It may be saving its launch list; see {}", log_file(record.state_dir).string()));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

/// A process that does not answer yet is still mounting: it undoes that.
void end_unanswering(const VolumeRecord& record) {
  if (record.process.alive()) ::kill(record.process.pid, SIGTERM);
}

/// The volume once its process answers; empty until then.
std::optional<MountedVolume> find_mounted(const VolumeRecord& record, pid_t pid) {
  const std::optional<json::object> status = find_status(record);
  if (!status || json_integer(*status, "pid") != pid) return std::nullopt;
  return MountedVolume{.name = record.name,
                       .mountpoint = record.mountpoint,
                       .state_dir = record.state_dir,
                       .image = json_string(*status, "image"),
                       .pid = pid};
}

MountedVolume wait_until_mounted(const MountRequest& request, const VolumeRecord& record, ChildProcess& child,
                                 const Path& result_file) {
  const auto deadline = std::chrono::steady_clock::now() + request.patience;
  for (;;) {
    if (std::optional<MountedVolume> mounted = find_mounted(record, child.pid())) return std::move(*mounted);
    if (const auto status = child.wait_for(std::chrono::milliseconds(2))) {
      rethrow_child_error(record, result_file, *status);
    }
    throw_if_cancelled();
    if (std::chrono::steady_clock::now() > deadline) {
      fail(Code::kTimeout, format("volume {}: not mounted after {}", record.name, format_duration(request.patience)),
           format("The last lines of {}:{}", log_file(record.state_dir).string(),
                  last_log_lines(log_file(record.state_dir))));
    }
  }
}

/// What was there before a mount.
struct Before {
  explicit Before(const VolumeRecord& record)
      : volume(std::filesystem::exists(engine_directory(record.state_dir))),
        mountpoint(std::filesystem::symlink_status(record.mountpoint, ignored).type() !=
                   std::filesystem::file_type::not_found) {}
  std::error_code ignored;
  bool volume;
  bool mountpoint;
};

/// A mount that is given up while its process works on it: the process undoes what it did; if it was just done, the
/// new volume goes as well, unless somebody has written to it.
void give_up(ChildProcess& child, const VolumeRecord& record, const Before& before) {
  if (child.poll()) return;
  child.stop(kEndPatience);
  std::error_code ignored;
  if (!before.mountpoint) std::filesystem::remove(record.mountpoint, ignored);
  if (before.volume) return;
  try {
    const auto left = find_volume(record.state_dir.parent_path().parent_path(), record.name);
    if (left && left->state == VolumeState::kNotMounted) remove_volume(*left, false);
  } catch (...) {
    log::warn("after a mount that was given up: {}", current_error().text());
  }
}

}  // namespace

MountedVolume mount_volume(const MountRequest& request) {
  const VolumeRecord record = record_for(request);
  refuse_if_mounted(record);
  if (request.image.empty() && record.image.empty()) {
    fail(Code::kUsage, format("volume {}: no image named", record.name),
         "Name an image or \"latest\"; see: lifeboat image ls");
  }
  make_directories(record.state_dir);
  const Before before(record);
  const TempDir scratch;
  const Path result_file = scratch.path() / "result";
  ChildProcess child(child_options(request, record, result_file));
  try {
    MountedVolume mounted = wait_until_mounted(request, record, child, result_file);
    child.detach();
    if (::geteuid() != 0) {
      log::info("mounted by a plain user, all of volume {} is shown as yours; it keeps the owners that it had",
                record.name);
    }
    return mounted;
  } catch (...) {
    give_up(child, record, before);
    throw;
  }
}

void unmount_volume(const VolumeRecord& record, std::chrono::milliseconds patience) {
  switch (record.state) {
    case VolumeState::kNotMounted:
      fail(Code::kUsage, format("volume {}: not mounted", record.name), "There is nothing to do.");
    case VolumeState::kDead: {
      const FileLock lock = lock_volume(record);  // busy: it is being mounted again
      if (is_dead_mount(record.mountpoint, record.name)) detach_mount(record.mountpoint);
      std::filesystem::remove(process_file(record.state_dir));
      return;
    }
    case VolumeState::kMounted:
      if (!find_status(record)) {
        end_unanswering(record);
      } else {
        control_call(record.state_dir, "umount", {}, patience);
      }
      wait_until_gone(record, patience);
      return;
  }
}

}  // namespace lifeboat::volume
