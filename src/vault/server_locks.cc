#include "vault/server_locks.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/file.h"

namespace lifeboat::vault {

namespace {

std::string process_text(pid_t pid) {
  if (pid <= 0) return "another process";  // in another container, or on another host of a shared file system
  std::string name;
  try {
    const Bytes content = read_file(format("/proc/{}/comm", pid));
    name = as_text(content);
  } catch (const Exception&) {
    name.clear();  // it has just ended, or /proc is hidden
  }
  while (!name.empty() && name.back() == '\n') name.pop_back();
  return name.empty() ? format("process {}", pid) : format("{} (process {})", name, pid);
}

}  // namespace

void refuse_locked_file(int fd, const std::string& path) {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(fd, F_GETLK, &lock) != 0) {
    if (errno == EINVAL || errno == ENOTSUP || errno == ENOLCK) return;  // a file system without locks
    fail_errno(format("ask for locks of {}", path), errno);
  }
  if (lock.l_type == F_UNLCK) return;
  fail(Code::kRefused, format("{} has {} open: a copy of moving files is no image", process_text(lock.l_pid), path),
       "Stop the server first, or import a backup made with mariabackup, or a snapshot of the file system.");
}

}  // namespace lifeboat::vault
