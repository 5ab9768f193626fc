#include "volume/mountpoint.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <utility>

#include "base/error.h"
#include "volume/mount_table.h"

namespace lifeboat::volume {
namespace {

bool is_at_or_below(const Path& path, const Path& above) {
  return path == above || path.string().starts_with(above == "/" ? "/" : above.string() + "/");
}

void check_outside_volumes(const Path& path) {
  // First as it is written: a dead mount cannot be looked into.
  std::optional<VolumeMount> around = volume_around(path);
  if (!around) around = volume_around(mount_path(path));
  if (!around) return;
  fail(Code::kRefused,
       format("{}: lies in volume {}, mounted at {}", path.string(), around->volume, around->mountpoint.string()),
       "Name a directory outside: a mount in a volume would end with it.");
}

void check_unmounted(const Path& path) {
  const std::optional<std::string> source = mounted_at(path);
  if (!source) return;
  fail(Code::kBusy, format("{}: {} is mounted there", path.string(), *source), "Name another directory.");
}

void check_kind(const Path& path) {
  if (std::filesystem::is_symlink(path)) {
    fail(Code::kUsage, format("{}: is a symbolic link", path.string()),
         format("Name the directory itself: {}", std::filesystem::weakly_canonical(path).string()));
  }
  if (!std::filesystem::is_directory(path)) {
    fail(Code::kUsage, format("{}: not a directory", path.string()), "Name a new or empty directory.");
  }
}

}  // namespace

Path whole_path(const Path& path) {
  const Path whole = std::filesystem::absolute(path).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
}

void check_outside_state(const Path& mountpoint, const Path& state_root) {
  if (volume_around(whole_path(mountpoint))) return;  // which may be dead, and nobody can look into; refused as that
  const Path path = mount_path(mountpoint);
  const Path root = std::filesystem::weakly_canonical(whole_path(state_root));
  if (!is_at_or_below(path, root) && !is_at_or_below(root, path)) return;
  fail(Code::kRefused,
       format("{}: {} the state directory {}", mountpoint.string(),
              path == root                 ? "is"
              : is_at_or_below(path, root) ? "lies in"
                                           : "is around",
              root.string()),
       "Name a directory outside: volumes live in the state directory, and a mount would hide them.");
}

Mountpoint::Mountpoint(const Path& path, std::string_view name) : path_(path) {
  check_outside_volumes(path_);
  if (is_dead_mount(path_, name)) detach_mount(path_);
  check_unmounted(path_);
  make_directories(path_.parent_path());
  std::error_code error;
  made_ = std::filesystem::create_directory(path_, error);
  if (error && !std::filesystem::exists(path_)) fail_errno(format("mkdir {}", path_.string()), error.value());
  try {
    check_kind(path_);
    take();
  } catch (...) {
    give_up();
    throw;
  }
}

void Mountpoint::take() {
  held_ = open_file(path_, O_RDONLY | O_DIRECTORY);
  if (::flock(held_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) fail_errno(format("lock {}", path_.string()), errno);
    made_ = false;  // the other's, too
    fail(Code::kBusy, format("{}: another volume is being mounted there", path_.string()), "Name another directory.");
  }
  check_unmounted(path_);  // by whom had it until now
  if (!std::filesystem::is_empty(path_)) {
    fail(Code::kUsage, format("{}: not an empty directory", path_.string()), "Name a new or empty directory.");
  }
}

void Mountpoint::give_up() noexcept {
  std::error_code ignored;
  if (std::exchange(made_, false)) std::filesystem::remove(path_, ignored);
}

}  // namespace lifeboat::volume
