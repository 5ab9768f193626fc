#include "volume/mount_table.h"

#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <sstream>

#include "base/error.h"
#include "base/process.h"

namespace lifeboat::volume {
namespace {

constexpr std::string_view kSourcePrefix = "lifeboat:";

struct MountLine {
  std::string source;
  std::string mountpoint;
};

/// /proc/mounts writes blanks and backslashes as three octal digits.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int code = 0;
    if (text[i] == '\\' && i + 3 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 4, code, 8).ptr == text.data() + i + 4) {
      out += static_cast<char>(code);
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<MountLine> mount_lines() {
  const Bytes content = read_file("/proc/self/mounts");
  std::istringstream lines{std::string(as_text(content))};
  std::vector<MountLine> list;
  std::string source;
  std::string mountpoint;
  std::string rest;
  while (lines >> source >> mountpoint && std::getline(lines, rest)) {
    list.push_back({unescape(source), unescape(mountpoint)});
  }
  return list;
}

/// The mount on top there.
std::optional<MountLine> find_mount(const Path& mountpoint) {
  const std::string where = mount_path(mountpoint).string();
  std::optional<MountLine> found;
  for (MountLine& each : mount_lines()) {
    if (each.mountpoint == where) found = std::move(each);
  }
  return found;
}

bool is_below(const Path& link, const std::string& mountpoint) {
  std::error_code error;
  const std::string target = std::filesystem::read_symlink(link, error).string();
  return !error && (target == mountpoint || target.starts_with(mountpoint + "/"));
}

bool uses(const Path& process, const std::string& mountpoint) {
  if (is_below(process / "cwd", mountpoint) || is_below(process / "root", mountpoint)) return true;
  std::error_code error;
  for (const char* kind : {"fd", "map_files"}) {
    for (std::filesystem::directory_iterator it(process / kind, error), end; !error && it != end; it.increment(error)) {
      if (is_below(it->path(), mountpoint)) return true;
    }
    error.clear();
  }
  return false;
}

std::string process_name(const Path& process) {
  const std::optional<Bytes> name = find_and_read_file(process / "comm");
  std::string text = name ? std::string(as_text(*name)) : "process";
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& each : words) text += (text.empty() ? "" : ", ") + each;
  return text;
}

int unmount_as_root(const Path& mountpoint, int flags) {
  return ::umount2(mountpoint.c_str(), flags | UMOUNT_NOFOLLOW) == 0 ? 0 : errno;
}

int unmount_as_user(const Path& mountpoint, bool lazily) {
  ProcessOptions options;
  options.argv = {"fusermount3", "-u", "-q"};
  if (lazily) options.argv.emplace_back("-z");
  options.argv.push_back(mountpoint.string());
  return run_process(options).exit_status == 0 ? 0 : EBUSY;
}

int unmount_now(const Path& mountpoint, bool lazily) {
  return ::geteuid() == 0 ? unmount_as_root(mountpoint, lazily ? MNT_DETACH : 0) : unmount_as_user(mountpoint, lazily);
}

}  // namespace

std::string mount_source(std::string_view volume_name) {
  return format("{}{}", kSourcePrefix, volume_name);
}

Path mount_path(const Path& mountpoint) {
  Path whole = std::filesystem::absolute(mountpoint).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  return std::filesystem::weakly_canonical(whole.parent_path()) / whole.filename();
}

bool is_dead_mount(const Path& mountpoint, std::string_view name) {
  const std::optional<MountLine> mount = find_mount(mountpoint);
  if (!mount || mount->source != mount_source(name)) return false;
  // Not stat: the kernel would answer from its cache.
  struct statvfs answer{};
  return ::statvfs(mountpoint.c_str(), &answer) != 0 && (errno == ENOTCONN || errno == ECONNABORTED);
}

bool is_mountpoint(const Path& path) {
  return find_mount(path).has_value();
}

std::optional<std::string> mounted_at(const Path& path) {
  std::optional<MountLine> mount = find_mount(path);
  if (!mount) return std::nullopt;
  return std::move(mount->source);
}

std::optional<VolumeMount> volume_around(const Path& path) {
  const std::string where = path.string();
  for (const MountLine& each : mount_lines()) {
    if (each.source.starts_with(kSourcePrefix) && where.starts_with(each.mountpoint + "/")) {
      return VolumeMount{each.source.substr(kSourcePrefix.size()), each.mountpoint};
    }
  }
  return std::nullopt;
}

void detach_mount(const Path& mountpoint) {
  if (const int error = unmount_now(mountpoint, true); error != 0 && error != EINVAL) {
    fail_errno(format("unmount {}", mountpoint.string()), error);
  }
}

void unmount_if_unused(const Path& mountpoint) {
  const int error = unmount_now(mountpoint, false);
  if (error == 0) return;
  if (error != EBUSY) fail_errno(format("unmount {}", mountpoint.string()), error);
  const std::vector<std::string> users = users_of_mount(mountpoint);
  fail(Code::kBusy,
       format("{}: in use by {}", mountpoint.string(),
              users.empty() ? "a process that we may not look into" : joined(users)),
       "Stop that process (branch stop, or the server's own shutdown) and unmount again.");
}

std::vector<std::string> users_of_mount(const Path& mountpoint) {
  const std::string where = mount_path(mountpoint).string();
  std::vector<std::string> users;
  for (const std::string& name : list_directory("/proc")) {
    if (!std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; })) continue;
    if (name == format("{}", ::getpid())) continue;  // we have the directory below the mount open
    const Path process = Path("/proc") / name;
    if (uses(process, where)) users.push_back(format("{} (pid {})", process_name(process), name));
  }
  return users;
}

}  // namespace lifeboat::volume
