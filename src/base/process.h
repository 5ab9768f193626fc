/// Child processes: started without a shell, identified by pid and start time, ended politely and then firmly.
/// Errors: Exception. Threads: one ChildProcess, one thread at a time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"

namespace lifeboat {

struct ProcessOptions {
  std::vector<std::string> argv;           ///< argv[0] is looked up in PATH
  std::map<std::string, std::string> env;  ///< added to ours
  std::vector<std::string> unset_env;      ///< removed from ours; "NAME_*": all that begin so
  Path stdout_file;                        ///< appended to; empty: ours (or a pipe in run())
  Path stderr_file;                        ///< empty: ours
  int stdin_fd = -1;                       ///< borrowed: what it reads from, if given
  int stdout_fd = -1;                      ///< borrowed: what it writes to, if given
  bool null_stdin = true;
  /// What it reads on stdin, if not empty; it need not read it. A file in memory, of its owner alone: a program that
  /// takes its password from a file is told /dev/stdin.
  std::string stdin_text;
  bool new_session = false;       ///< setsid: outlives our terminal; as nice to others as the thread that starts it
  bool die_with_parent = false;   ///< SIGKILL when the starting thread's process ends
  bool stop_with_parent = false;  ///< SIGTERM then, until the program calls outlive_parent()
  /// Called with the child's pid before the program runs, so that it can be noted down: if this throws, or the starting
  /// process dies meanwhile, the program never runs. The child's start time is final.
  std::function<void(pid_t)> before_run;
};

/// A running child. Destruction kills and reaps it, unless detach() was called.
class ChildProcess {
 public:
  explicit ChildProcess(const ProcessOptions& options);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  /// The wait status once it has ended.
  std::optional<int> poll();
  std::optional<int> wait_for(std::chrono::milliseconds timeout);
  void signal(int number);
  /// SIGTERM, wait up to `patience`, then SIGKILL; returns the wait status.
  int stop(std::chrono::milliseconds patience);
  /// It goes on without us.
  void detach() { pid_ = -1; }

 private:
  pid_t pid_ = -1;
  std::optional<int> status_;
};

struct ProcessResult {
  int exit_status = 0;  ///< 128 + signal if it was killed
  std::string out;
};
/// Runs to the end and collects stdout (bounded to 64 MiB).
ProcessResult run_process(const ProcessOptions& options);

/// For a program that was started with stop_with_parent: from here on it goes on alone.
void outlive_parent();

/// This thread, with every thread and process that it starts, gives way to others: on the processors (nice(2): up to
/// 19), and at the disk. False: it may not; errno says why.
bool give_way(int niceness);

/// When a process was started, in clock ticks since boot: with the pid an identity that is not re-used.
/// Empty if it does not exist (a zombie does not count as existing).
std::optional<std::uint64_t> process_start_time(pid_t pid);

/// A pid and its start time, as kept in files: `alive` is never true of another process that got the same pid.
struct ProcessIdentity {
  pid_t pid = 0;
  std::uint64_t start_time = 0;
  static ProcessIdentity of(pid_t pid);
  bool alive() const;
  /// Whether none of its threads is left. A process that was killed is not alive as soon as its first thread has ended,
  /// when others may still hold its files and locks.
  bool ended() const;
};

/// Waits in the kernel until at least one of them has ended; the index of the first that has.
std::size_t wait_for_end(std::span<const ProcessIdentity> processes);

/// What this host calls itself.
std::string host_name();

}  // namespace lifeboat
