// For LD_PRELOAD: the wall clock of a process is ahead of the real one by what the file $OTHER_CLOCK says (tests/lib/other_clock.py writes
// it, and may go on doing so); the time when a file was written last is told by the same clock. All that is waited for takes its real time:
// who waits until a time by the wall clock waits as long as it was until then when the waiting began.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { kFileSize = 1 << 20, kSecond = 1000000000 };

// Since the moment `real` of the real clock, all in nanoseconds.
struct Turn {
  int64_t real, ahead;
};

static struct {
  _Atomic int64_t count;
  int64_t unused;
  struct Turn turns[];
} const* clock_file;

__attribute__((constructor)) static void open_clock(void) {
  const char* path = getenv("OTHER_CLOCK");
  const int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  void* mapped = mmap(NULL, kFileSize, PROT_READ, MAP_SHARED, fd, 0);
  if (mapped != MAP_FAILED) clock_file = mapped;
  close(fd);
}

static int64_t nanoseconds(struct timespec time) { return (int64_t)time.tv_sec * kSecond + time.tv_nsec; }

static struct timespec from_nanoseconds(int64_t time) { return (struct timespec){time / kSecond, time % kSecond}; }

static int64_t real_now(void) {
  struct timespec time;
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &time);
  return nanoseconds(time);
}

static int64_t ahead_at(int64_t real) {
  for (int64_t i = clock_file == NULL ? 0 : atomic_load(&clock_file->count); i > 0; --i) {
    if (clock_file->turns[i - 1].real <= real) return clock_file->turns[i - 1].ahead;
  }
  return 0;
}

static struct timespec told(int64_t real) { return from_nanoseconds(real + ahead_at(real)); }

int clock_gettime(clockid_t clock, struct timespec* time) {
  const int result = (int)syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) *time = told(nanoseconds(*time));
  return result;
}

int gettimeofday(struct timeval* restrict time, void* restrict zone) {
  (void)zone;
  const struct timespec now = told(real_now());
  *time = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
  return 0;
}

time_t time(time_t* out) {
  const time_t now = told(real_now()).tv_sec;
  if (out != NULL) *out = now;
  return now;
}

int pthread_cond_timedwait(pthread_cond_t* restrict changed, pthread_mutex_t* restrict mutex, const struct timespec* restrict until) {
  const int64_t real = real_now();
  struct timespec steady;
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &steady);
  const int64_t left = nanoseconds(*until) - real - ahead_at(real);
  steady = from_nanoseconds(nanoseconds(steady) + (left > 0 ? left : 0));
  return pthread_cond_clockwait(changed, mutex, CLOCK_MONOTONIC, &steady);
}

// The kernel stamps files by the real clock. What lies ahead of that was stamped by one of us: a volume does.
static int retold(long result, struct stat* info) {
  if (result != 0) return -1;
  const int64_t written = nanoseconds(info->st_mtim);
  if (written <= real_now()) info->st_mtim = told(written);
  return 0;
}

int fstatat(int directory, const char* restrict name, struct stat* restrict info, int flags) {
  return retold(syscall(SYS_newfstatat, directory, name, info, flags), info);
}

int fstat(int fd, struct stat* info) { return fstatat(fd, "", info, AT_EMPTY_PATH); }

int stat(const char* restrict name, struct stat* restrict info) { return fstatat(AT_FDCWD, name, info, 0); }

int lstat(const char* restrict name, struct stat* restrict info) { return fstatat(AT_FDCWD, name, info, AT_SYMLINK_NOFOLLOW); }

// On 64 bits struct stat64 is the same.
int fstatat64(int, const char* restrict, struct stat64* restrict, int) __attribute__((alias("fstatat")));
int fstat64(int, struct stat64*) __attribute__((alias("fstat")));
int stat64(const char* restrict, struct stat64* restrict) __attribute__((alias("stat")));
int lstat64(const char* restrict, struct stat64* restrict) __attribute__((alias("lstat")));
