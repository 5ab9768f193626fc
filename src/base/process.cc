#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <thread>

#include "base/error.h"

namespace lifeboat {
namespace {

bool is_unset(const ProcessOptions& options, std::string_view name) {
  return std::ranges::any_of(options.unset_env, [&](std::string_view unset) {
    return unset.ends_with('*') ? name.starts_with(unset.substr(0, unset.size() - 1)) : name == unset;
  });
}

std::vector<std::string> child_environment(const ProcessOptions& options) {
  std::vector<std::string> list;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view pair(*each);
    const std::string name(pair.substr(0, pair.find('=')));
    if (options.env.contains(name) || is_unset(options, name)) continue;
    list.emplace_back(pair);
  }
  for (const auto& [name, value] : options.env) list.push_back(format("{}={}", name, value));
  return list;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> list;
  list.reserve(strings.size() + 1);
  for (std::string& each : strings) list.push_back(each.data());
  list.push_back(nullptr);
  return list;
}

/// Holds a child back between fork and exec until the parent opens it; if the parent dies it never opens.
class Gate {
 public:
  Gate() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) fail_errno("socketpair", errno);
    parent_ = UniqueFd(ends[0]);
    child_ = UniqueFd(ends[1]);
  }
  /// In the parent. That the child was killed meanwhile shows otherwise.
  void open() const { static_cast<void>(::send(parent_.get(), "g", 1, MSG_NOSIGNAL)); }
  /// In the child: only async-signal-safe calls.
  bool wait() const {
    ::close(parent_.get());  // else the child itself would keep it from being closed
    char go = 0;
    return ::read(child_.get(), &go, 1) == 1;
  }

 private:
  UniqueFd parent_;
  UniqueFd child_;
};

/// At its beginning. Unlike a pipe it never makes the writer wait for a reader.
UniqueFd file_in_memory(std::string_view content) {
  UniqueFd file(::memfd_create("stdin", MFD_CLOEXEC));
  if (!file.valid() || ::fchmod(file.get(), 0600) != 0) fail_errno("memfd_create", errno);
  pwrite_full(file.get(), as_bytes(content), 0, "stdin");
  return file;
}

/// In the child, between fork and exec: only async-signal-safe calls. Kernels that group processes by session weigh
/// each against others of its session only: one that gives way (nice) does so to all once its session does (sched(7)).
void begin_session() {
  ::setsid();
  const int niceness = ::getpriority(PRIO_PROCESS, 0);
  if (niceness <= 0) return;
  const int group = ::open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
  if (group < 0) return;  // a kernel without
  const char digits[2] = {static_cast<char>('0' + niceness / 10), static_cast<char>('0' + niceness % 10)};
  [[maybe_unused]] const ssize_t n = ::write(group, digits, sizeof digits);
  ::close(group);
}

/// In the child, between fork and exec: only async-signal-safe calls.
[[noreturn]] void exec_child(const ProcessOptions& options, char* const* argv, char* const* env, int in, int out,
                             int err, int report, const Gate* gate, pid_t parent) {
  if (options.new_session) begin_session();
  if (options.die_with_parent || options.stop_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, options.die_with_parent ? SIGKILL : SIGTERM);
    if (::getppid() != parent) ::_exit(127);
  }
  if (in >= 0) {
    ::dup2(in, 0);
  } else if (options.null_stdin) {
    const int null = ::open("/dev/null", O_RDONLY);
    if (null >= 0) ::dup2(null, 0);
  }
  if (out >= 0) ::dup2(out, 1);
  if (err >= 0) ::dup2(err, 2);
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (gate != nullptr && !gate->wait()) ::_exit(127);
  ::execvpe(argv[0], argv, env);
  const int error = errno;
  [[maybe_unused]] const ssize_t n = ::write(report, &error, sizeof error);
  ::_exit(127);
}

void let_run(std::optional<Gate>& gate, const ProcessOptions& options, pid_t pid) {
  try {
    options.before_run(pid);
  } catch (...) {
    gate.reset();
    ::waitpid(pid, nullptr, 0);
    throw;
  }
  gate->open();
}

pid_t start(const ProcessOptions& options, int out_fd) {
  LIFEBOAT_CHECK(!options.argv.empty());
  std::vector<std::string> args = options.argv;
  std::vector<std::string> env = child_environment(options);
  const std::vector<char*> argv = pointers(args);
  const std::vector<char*> envp = pointers(env);
  UniqueFd out;
  UniqueFd err;
  if (!options.stdout_file.empty()) out = open_file(options.stdout_file, O_WRONLY | O_CREAT | O_APPEND);
  if (!options.stderr_file.empty()) err = open_file(options.stderr_file, O_WRONLY | O_CREAT | O_APPEND);
  const UniqueFd text = options.stdin_text.empty() ? UniqueFd() : file_in_memory(options.stdin_text);
  const int in = text.valid() ? text.get() : options.stdin_fd;
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) fail_errno("pipe", errno);
  const UniqueFd report_read(report[0]);
  UniqueFd report_write(report[1]);
  std::optional<Gate> gate;
  if (options.before_run) gate.emplace();
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) fail_errno("fork", errno);
  if (pid == 0) {
    exec_child(options, argv.data(), envp.data(), in, out.valid() ? out.get() : out_fd, err.get(), report[1],
               gate ? &*gate : nullptr, parent);
  }
  report_write.reset();
  if (gate) let_run(gate, options, pid);
  int error = 0;
  if (::read(report_read.get(), &error, sizeof error) == sizeof error) {
    ::waitpid(pid, nullptr, 0);
    fail_errno(format("run {}", options.argv.front()), error);
  }
  return pid;
}

}  // namespace

ChildProcess::ChildProcess(const ProcessOptions& options) : pid_(start(options, options.stdout_fd)) {}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept : pid_(other.pid_), status_(other.status_) {
  other.pid_ = -1;
}

ChildProcess::~ChildProcess() {
  if (pid_ < 0 || status_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::optional<int> ChildProcess::poll() {
  if (status_ || pid_ < 0) return status_;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
  return status_;
}

std::optional<int> ChildProcess::wait_for(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!poll() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return status_;
}

void ChildProcess::signal(int number) {
  if (!poll() && pid_ > 0) ::kill(pid_, number);
}

int ChildProcess::stop(std::chrono::milliseconds patience) {
  signal(SIGTERM);
  if (!wait_for(patience)) {
    signal(SIGKILL);
    int status = 0;
    if (::waitpid(pid_, &status, 0) == pid_) status_ = status;
  }
  return status_.value_or(0);
}

ProcessResult run_process(const ProcessOptions& options) {
  int out[2];
  if (::pipe2(out, O_CLOEXEC) != 0) fail_errno("pipe", errno);
  const UniqueFd read_end(out[0]);
  UniqueFd write_end(out[1]);
  const pid_t pid = start(options, out[1]);
  write_end.reset();
  ProcessResult result;
  std::vector<char> buffer(std::size_t{64} << 10U);
  for (;;) {
    const ssize_t n = ::read(read_end.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    if (result.out.size() < (std::size_t{64} << 20U)) result.out.append(buffer.data(), static_cast<std::size_t>(n));
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  result.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

bool give_way(int niceness) {
  // No header has these; see ioprio_set(2). The lowest of best effort: idle would starve beside a busy disk.
  constexpr int kThisThread = 1;
  constexpr int kBestEffortLowest = (2 << 13) | 7;
  return ::setpriority(PRIO_PROCESS, 0, niceness) == 0 &&
         ::syscall(SYS_ioprio_set, kThisThread, 0, kBestEffortLowest) == 0;
}

void outlive_parent() {
  ::prctl(PR_SET_PDEATHSIG, 0);
}

namespace {

struct ProcessStat {
  char state = 'X';
  std::uint64_t threads = 0;
  std::uint64_t start_time = 0;
};

std::optional<ProcessStat> read_stat(pid_t pid) {
  if (pid <= 0) return std::nullopt;
  const UniqueFd fd = find_file(format("/proc/{}/stat", pid), O_RDONLY);
  if (!fd.valid()) return std::nullopt;
  std::vector<char> buffer(4096);
  const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
  if (n <= 0) return std::nullopt;
  std::string_view text(buffer.data(), static_cast<std::size_t>(n));
  // proc(5): the name in parentheses may hold anything, so fields are counted after the last ')'.
  const std::size_t close = text.rfind(')');
  if (close == std::string_view::npos || close + 2 >= text.size()) return std::nullopt;
  text.remove_prefix(close + 2);
  ProcessStat stat{.state = text.front()};
  constexpr int kThreads = 20;
  constexpr int kStartTime = 22;
  for (int field = 3; field <= kStartTime; ++field) {
    if (field == kThreads) std::from_chars(text.data(), text.data() + text.size(), stat.threads);
    if (field == kStartTime) std::from_chars(text.data(), text.data() + text.size(), stat.start_time);
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    text.remove_prefix(space + 1);
  }
  return stat;
}

}  // namespace

std::optional<std::uint64_t> process_start_time(pid_t pid) {
  const std::optional<ProcessStat> stat = read_stat(pid);
  if (!stat || stat->state == 'Z' || stat->state == 'X') return std::nullopt;
  return stat->start_time;
}

ProcessIdentity ProcessIdentity::of(pid_t pid) {
  return {pid, process_start_time(pid).value_or(0)};
}

bool ProcessIdentity::alive() const {
  const auto started = process_start_time(pid);
  return started && *started == start_time;
}

bool ProcessIdentity::ended() const {
  const std::optional<ProcessStat> stat = read_stat(pid);
  if (!stat || stat->start_time != start_time || stat->state == 'X') return true;
  return stat->state == 'Z' && stat->threads <= 1;
}

std::size_t wait_for_end(std::span<const ProcessIdentity> processes) {
  std::vector<UniqueFd> owners;
  std::vector<pollfd> ends;
  for (const ProcessIdentity& process : processes) {
    // By number: the header of glibc 2.36 declares pidfd_open for C alone.
    owners.emplace_back(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
    if (!owners.back().valid() && errno != ESRCH && errno != EINVAL) {
      fail_errno(format("watch process {}", process.pid), errno);
    }
    // Asked after opening, so that the descriptor is not of another process that got the same pid.
    if (!process.alive()) return ends.size();
    ends.push_back({owners.back().get(), POLLIN, 0});
  }
  while (::poll(ends.data(), ends.size(), -1) < 0) {
    if (errno != EINTR) fail_errno("wait for processes", errno);
  }
  const auto ended = std::ranges::find_if(ends, [](const pollfd& end) { return end.revents != 0; });
  return static_cast<std::size_t>(ended - ends.begin());
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

}  // namespace lifeboat
