// For LD_PRELOAD: while the file $FAIL_SYNCS exists, syncing a binary log fails as on a broken disk. What was written stays readable.
// While $SLOW_SYNCS exists it takes half a second.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int applies(const char* name, int fd) {
  char link[64];
  char path[4096];
  const char* flag = getenv(name);
  if (flag == NULL || access(flag, F_OK) != 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < 0) return 0;
  path[size] = 0;
  return strstr(path, "-bin.") != NULL;
}

static int sync_or_fail(long call, int fd) {
  if (applies("SLOW_SYNCS", fd)) usleep(500000);
  if (!applies("FAIL_SYNCS", fd)) return (int)syscall(call, fd);
  errno = EIO;
  return -1;
}

int fsync(int fd) { return sync_or_fail(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_or_fail(SYS_fdatasync, fd); }
