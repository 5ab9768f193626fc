#include "volume/fuse_adapter.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "volume/fuse_operations.h"
#include "volume/mount_table.h"

namespace lifeboat::volume {
namespace {

/// Wakes a worker out of its read(2); its handler does nothing.
constexpr int kWakeSignal = SIGUSR2;

/// Each worker reads and answers on a descriptor of its own (FUSE_DEV_IOC_CLONE), so that workers share no queue of
/// requests being answered. libfuse passes the session's descriptor; these hooks put the thread's in its place.
thread_local int thread_device = -1;

ssize_t device_read(int fd, void* buffer, std::size_t size, void*) {
  return ::read(thread_device >= 0 ? thread_device : fd, buffer, size);
}

ssize_t device_writev(int fd, iovec* parts, int count, void*) {
  return ::writev(thread_device >= 0 ? thread_device : fd, parts, count);
}

UniqueFd clone_device(int session_fd) {
  UniqueFd device = open_file("/dev/fuse", O_RDWR);
  auto source = static_cast<std::uint32_t>(session_fd);
  if (::ioctl(device.get(), FUSE_DEV_IOC_CLONE, &source) != 0) fail_errno("clone /dev/fuse", errno);
  return device;
}

void log_from_libfuse(fuse_log_level level, const char* text, va_list arguments) {
  char line[512];
  const int n = std::vsnprintf(line, sizeof line, text, arguments);
  std::string_view message(line, std::min<std::size_t>(n < 0 ? 0 : static_cast<std::size_t>(n), sizeof line - 1));
  while (message.ends_with('\n')) message.remove_suffix(1);
  log::write(level <= FUSE_LOG_ERR ? log::Level::kWarn : log::Level::kDebug, message);
}

unsigned choose_threads(unsigned wanted) {
  if (wanted != 0) return wanted;
  // Enough that reads waiting for a far store do not stop the others; more only cost memory (1 MiB each).
  constexpr unsigned kThreads = 16;
  return kThreads;
}

std::string mount_options(const FuseOptions& options) {
  std::string text = format("fsname={},subtype=lifeboat,default_permissions", mount_source(options.name));
  // Others than root may then be let in by the files' own modes: a database server has a user of its own.
  if (::geteuid() == 0) text += ",allow_other";
  return text;
}

/// Asks the scheduler for short turns that come soon. A database thread waits for every request, so a worker that is
/// woken while others use the processors must not queue behind their whole turns. Kernels that cannot do it stay as
/// they are.
void prefer_short_turns() {
  constexpr std::uint64_t kTurnNs = 100'000;
  struct Request {  // struct sched_attr, version 0: libc has no name for it
    std::uint32_t size = sizeof(Request);
    std::uint32_t policy = SCHED_OTHER;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime = 0;
    std::uint64_t deadline = 0;
    std::uint64_t period = 0;
  } request;
  if (::syscall(SYS_sched_getattr, 0, &request, sizeof request, 0) != 0) return;
  request.runtime = kTurnNs;
  ::syscall(SYS_sched_setattr, 0, &request, 0);
}

struct SessionDeleter {
  void operator()(fuse_session* session) const { ::fuse_session_destroy(session); }
};

}  // namespace

struct FuseMount::State {
  State(Volume& volume, FuseOptions options) : context(volume, std::move(options)) {}

  void open_session();
  void start_workers();
  void work(UniqueFd device);
  void worker_ended();
  void stop_workers();

  FuseContext context;
  std::unique_ptr<fuse_session, SessionDeleter> session;
  std::vector<std::thread> workers;
  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  std::size_t running = 0;
};

void FuseMount::State::open_session() {
  ::fuse_set_log_func(log_from_libfuse);
  const std::string options = mount_options(context.options);
  std::string program = "lifeboat";
  std::string flag = "-o";
  std::string value = options;
  std::array<char*, 4> argv{program.data(), flag.data(), value.data(), nullptr};
  fuse_args args = FUSE_ARGS_INIT(3, argv.data());
  session.reset(::fuse_session_new(&args, &fuse_operations(), sizeof(fuse_lowlevel_ops), &context));
  ::fuse_opt_free_args(&args);
  if (session == nullptr) fail(Code::kInternal, "fuse session: not accepted by libfuse");
  const Path& mountpoint = context.options.mountpoint;
  if (::fuse_session_mount(session.get(), mountpoint.c_str()) != 0) {
    fail(Code::kDenied, format("{}: cannot mount", mountpoint.string()),
         "Check that /dev/fuse exists, that the directory is empty and yours, and that fusermount3 is installed.");
  }
  fuse_custom_io io{};
  io.read = device_read;
  io.writev = device_writev;
  if (::fuse_session_custom_io(session.get(), &io, ::fuse_session_fd(session.get())) != 0) {
    ::fuse_session_unmount(session.get());
    fail(Code::kInternal, "fuse session: hooks not accepted by libfuse");
  }
}

void FuseMount::State::start_workers() {
  struct sigaction action{};
  action.sa_handler = [](int) {};
  ::sigaction(kWakeSignal, &action, nullptr);
  const unsigned count = choose_threads(context.options.threads);
  for (unsigned i = 0; i < count; ++i) {
    UniqueFd device = clone_device(::fuse_session_fd(session.get()));
    const std::lock_guard lock(mutex);
    workers.emplace_back([this, fd = std::move(device)]() mutable { work(std::move(fd)); });
    ++running;
  }
}

void FuseMount::State::work(UniqueFd device) {
  thread_device = device.get();
  prefer_short_turns();
  fuse_buf buffer{};
  while (::fuse_session_exited(session.get()) == 0) {
    const int n = ::fuse_session_receive_buf(session.get(), &buffer);
    if (n == -EINTR || n == -EAGAIN) continue;
    if (n <= 0) break;
    ::fuse_session_process_buf(session.get(), &buffer);
  }
  std::free(buffer.mem);  // NOLINT: libfuse allocates it so
  worker_ended();
}

void FuseMount::State::worker_ended() {
  // One that ends ends all: the mount is gone.
  ::fuse_session_exit(session.get());
  const std::lock_guard lock(mutex);
  --running;
  changed.notify_all();
}

void FuseMount::State::stop_workers() {
  ::fuse_session_exit(session.get());
  for (std::thread& each : workers) {
    // A worker may have looked at the flag just before it was set: wake it until it has gone.
    std::unique_lock lock(mutex);
    while (!changed.wait_for(lock, std::chrono::milliseconds(10), [this] { return running == 0; })) {
      for (std::thread& target : workers) ::pthread_kill(target.native_handle(), kWakeSignal);
    }
    lock.unlock();
    each.join();
  }
  workers.clear();
}

FuseMount::FuseMount(Volume& volume, FuseOptions options)
    : state_(std::make_unique<State>(volume, std::move(options))) {
  state_->open_session();
  try {
    state_->start_workers();
    struct stat answer{};
    if (::stat(state_->context.options.mountpoint.c_str(), &answer) != 0) {
      fail_errno(format("stat {}", state_->context.options.mountpoint.string()), errno);
    }
  } catch (...) {
    ::fuse_session_unmount(state_->session.get());
    state_->stop_workers();
    throw;
  }
}

FuseMount::~FuseMount() {
  try {
    if (!ended()) detach_mount(state_->context.options.mountpoint);
  } catch (...) {
    log::error("unmounting failed: {}", current_error().text());
  }
  state_->stop_workers();
}

bool FuseMount::ended() const {
  const std::lock_guard lock(state_->mutex);
  return state_->running == 0;
}

bool FuseMount::wait_until_ended(std::chrono::milliseconds timeout) const {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, timeout, [this] { return state_->running == 0; });
}

void FuseMount::unmount() {
  unmount_if_unused(state_->context.options.mountpoint);
}

}  // namespace lifeboat::volume
