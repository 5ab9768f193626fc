#include "base/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "base/error.h"

namespace lifeboat {
namespace {

using namespace std::chrono_literals;

ProcessOptions shell(const std::string& script) {
  ProcessOptions options;
  options.argv = {"sh", "-c", script};
  return options;
}

TEST(RunProcess, CollectsOutputAndStatus) {
  const ProcessResult result = run_process(shell("printf hello; exit 3"));
  EXPECT_EQ(result.out, "hello");
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_EQ(run_process(shell("kill -9 $$")).exit_status, 128 + SIGKILL);
}

TEST(RunProcess, PassesArgumentsWithoutAShell) {
  ProcessOptions options;
  options.argv = {"printf", "%s|", "a b", "$HOME", "*", ""};
  EXPECT_EQ(run_process(options).out, "a b|$HOME|*||");
}

TEST(RunProcess, GivesTextOnStdin) {
  ProcessOptions options = shell("cat");
  options.stdin_text = std::string(1'000'000, 'x') + "$(end)";
  EXPECT_EQ(run_process(options).out, options.stdin_text);
  options.argv = {"true"};  // does not read it
  EXPECT_EQ(run_process(options).exit_status, 0);
}

TEST(RunProcess, EnvironmentIsOursWithChanges) {
  ::setenv("LIFEBOAT_TEST_SECRET", "x", 1);
  ProcessOptions options = shell("printf '%s %s' \"$LIFEBOAT_TEST_ADDED\" \"${LIFEBOAT_TEST_SECRET-unset}\"");
  options.env["LIFEBOAT_TEST_ADDED"] = "added";
  for (const char* unset : {"LIFEBOAT_TEST_SECRET", "LIFEBOAT_*"}) {
    options.unset_env = {unset};
    EXPECT_EQ(run_process(options).out, "added unset") << unset;
  }
  options.unset_env = {"LIFEBOAT_TEST", "BOAT_*"};
  EXPECT_EQ(run_process(options).out, "added x");
  ::unsetenv("LIFEBOAT_TEST_SECRET");
}

TEST(RunProcess, AnAbsentProgramIsNotFound) {
  ProcessOptions options;
  options.argv = {"lifeboat-no-such-program"};
  try {
    run_process(options);
    ADD_FAILURE() << "it ran";
  } catch (const Exception& e) {
    EXPECT_EQ(e.code(), Code::kNotFound);
    EXPECT_NE(std::string(e.what()).find("lifeboat-no-such-program"), std::string::npos);
  }
}

TEST(RunProcess, StandardInputIsEmpty) {
  EXPECT_EQ(run_process(shell("wc -c | tr -d ' '")).out, "0\n");
}

TEST(RunProcess, ASessionIsAsNiceAsTheThreadThatStartsIt) {
  if (!std::filesystem::exists("/proc/self/autogroup")) GTEST_SKIP() << "a kernel that does not group by session";
  std::string said;
  std::thread([&] {
    ::setpriority(PRIO_PROCESS, 0, 7);
    ProcessOptions options = shell("cat /proc/self/autogroup");
    options.new_session = true;
    said = run_process(options).out;
  }).join();
  EXPECT_TRUE(said.ends_with(" nice 7\n")) << said;
}

TEST(ChildProcess, OutputGoesToFilesThatAreAppendedTo) {
  const TempDir dir;
  for (int i = 0; i < 2; ++i) {
    ProcessOptions options = shell("echo out; echo err >&2");
    options.stdout_file = dir.path() / "out";
    options.stderr_file = dir.path() / "err";
    ChildProcess child(options);
    EXPECT_EQ(child.wait_for(10s), 0);
  }
  EXPECT_EQ(as_text(read_file(dir.path() / "out")), "out\nout\n");
  EXPECT_EQ(as_text(read_file(dir.path() / "err")), "err\nerr\n");
}

TEST(ChildProcess, StopIsPoliteFirst) {
  const TempDir dir;
  const Path ready = dir.path() / "ready";
  // The shell waits in a way that a signal interrupts at once; "ready" is a pipe: reading it waits for the trap to be
  // set.
  ASSERT_EQ(::mkfifo(ready.c_str(), 0600), 0);
  ChildProcess child(
      shell(format("trap 'exit 5' TERM; echo set > {}; while :; do sleep 1 & wait; done", ready.string())));
  EXPECT_EQ(run_process(shell("cat " + ready.string())).out, "set\n");
  const int status = child.stop(10s);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 5);
}

TEST(ChildProcess, StopIsFirmWithOneThatWillNot) {
  const TempDir dir;
  const Path ready = dir.path() / "ready";
  ASSERT_EQ(::mkfifo(ready.c_str(), 0600), 0);
  ChildProcess child(shell(format("trap '' TERM; echo set > {}; exec sleep 100", ready.string())));
  EXPECT_EQ(run_process(shell("cat " + ready.string())).out, "set\n");
  const int status = child.stop(50ms);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST(ChildProcess, DestructionEndsAndReapsIt) {
  pid_t pid = -1;
  {
    const ChildProcess child(shell("exec sleep 100"));
    pid = child.pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST(ChildProcess, DiesWithItsParentIfAsked) {
  const TempDir dir;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const pid_t middle = ::fork();
  if (middle == 0) {
    ProcessOptions options = shell("exec sleep 100");
    options.die_with_parent = true;
    ChildProcess child(options);
    const pid_t pid = child.pid();
    const ssize_t n = ::write(write_end.get(), &pid, sizeof pid);
    child.detach();
    ::_exit(n == sizeof pid ? 0 : 1);
  }
  pid_t grandchild = -1;
  ASSERT_EQ(::read(read_end.get(), &grandchild, sizeof grandchild), static_cast<ssize_t>(sizeof grandchild));
  int status = 0;
  ASSERT_EQ(::waitpid(middle, &status, 0), middle);
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (process_start_time(grandchild) && std::chrono::steady_clock::now() < deadline) ::sched_yield();
  EXPECT_FALSE(process_start_time(grandchild).has_value());
}

TEST(ChildProcess, IsToldToStopWhenItsParentEndsIfAsked) {
  const TempDir dir;
  const Path ready = dir.path() / "ready";
  const Path told = dir.path() / "told";
  const pid_t middle = ::fork();
  if (middle == 0) {
    ProcessOptions options = shell(
        format("trap 'echo > {}; exit' TERM; echo > {}; while :; do sleep 0.01; done", told.string(), ready.string()));
    options.stop_with_parent = true;
    ChildProcess child(options);
    while (!std::filesystem::exists(ready)) ::sched_yield();
    child.detach();
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(middle, &status, 0), middle);
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!std::filesystem::exists(told) && std::chrono::steady_clock::now() < deadline) ::sched_yield();
  EXPECT_TRUE(std::filesystem::exists(told));
}

TEST(ChildProcess, IsKnownBeforeItRuns) {
  const TempDir dir;
  const Path ran = dir.path() / "ran";
  ProcessOptions options = shell(format("echo > {}; exec sleep 100", ran.string()));
  ProcessIdentity known;
  options.before_run = [&](pid_t pid) {
    known = ProcessIdentity::of(pid);
    EXPECT_FALSE(std::filesystem::exists(ran));
  };
  const ChildProcess child(options);
  EXPECT_EQ(known.pid, child.pid());
  while (!std::filesystem::exists(ran)) ::sched_yield();
  EXPECT_TRUE(known.alive());
}

TEST(ChildProcess, NeverRunsIfItCouldNotBeNotedDown) {
  const TempDir dir;
  const Path ran = dir.path() / "ran";
  ProcessOptions options = shell(format("echo > {}", ran.string()));
  pid_t pid = -1;
  options.before_run = [&](pid_t child) {
    pid = child;
    fail(Code::kOutOfSpace, "no room for a note");
  };
  EXPECT_THROW(ChildProcess{options}, Exception);
  EXPECT_NE(::kill(pid, 0), 0) << "not reaped";
  EXPECT_FALSE(std::filesystem::exists(ran));
}

TEST(ChildProcess, NeverRunsIfTheStartingProcessIsKilledBefore) {
  const TempDir dir;
  const Path ran = dir.path() / "ran";
  const Path note = dir.path() / "note";
  const pid_t middle = ::fork();
  if (middle == 0) {
    ProcessOptions options = shell(format("echo > {}", ran.string()));
    options.before_run = [&](pid_t pid) {
      write_file_durably(note, as_bytes(format("{}", pid)));
      ::kill(::getpid(), SIGKILL);
    };
    ChildProcess child(options);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(middle, &status, 0), middle);
  ASSERT_TRUE(WIFSIGNALED(status));
  const auto pid = static_cast<pid_t>(std::stol(std::string(as_text(read_file(note)))));
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (process_start_time(pid) && std::chrono::steady_clock::now() < deadline) ::sched_yield();
  EXPECT_FALSE(process_start_time(pid).has_value());
  EXPECT_FALSE(std::filesystem::exists(ran));
}

TEST(ProcessIdentity, HasNotEndedWhileAnyThreadIsLeft) {
  int go[2];
  ASSERT_EQ(::pipe(go), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    std::thread([] { ::pause(); }).detach();
    char byte = 0;
    static_cast<void>(!::read(go[0], &byte, 1));
    ::syscall(SYS_exit, 0);  // this thread alone
  }
  const ProcessIdentity process = ProcessIdentity::of(pid);
  EXPECT_TRUE(process.alive());
  EXPECT_FALSE(process.ended());
  ASSERT_EQ(::write(go[1], "g", 1), 1);
  while (process.alive()) ::sched_yield();
  EXPECT_FALSE(process.ended());
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  while (!process.ended()) ::sched_yield();
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(process.ended());
  for (const int end : go) ::close(end);
}

TEST(ProcessIdentity, IsNotFooledByAPidThatIsUsedAgain) {
  const ProcessIdentity us = ProcessIdentity::of(::getpid());
  EXPECT_TRUE(us.alive());
  EXPECT_FALSE((ProcessIdentity{us.pid, us.start_time + 1}).alive());
  EXPECT_FALSE((ProcessIdentity{0, 0}).alive());
}

TEST(ProcessIdentity, AZombieIsNotAlive) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(process_start_time(pid).has_value());
  ::waitpid(pid, nullptr, 0);
}

TEST(WaitForEnd, TellsWhichOneHasEnded) {
  ChildProcess lasting(shell("exec sleep 1000"));
  ChildProcess ending(shell("read line"));
  const std::array both{ProcessIdentity::of(lasting.pid()), ProcessIdentity::of(ending.pid())};
  EXPECT_EQ(wait_for_end(both), 1U);
  ending.stop(1s);
  EXPECT_EQ(wait_for_end(both), 1U);
  lasting.stop(1s);
  EXPECT_EQ(wait_for_end(both), 0U);
}

TEST(WaitForEnd, APidThatIsUsedAgainIsNotTheSameProcess) {
  ProcessIdentity other = ProcessIdentity::of(::getpid());
  ++other.start_time;
  EXPECT_EQ(wait_for_end(std::array{ProcessIdentity::of(::getpid()), other}), 1U);
}

}  // namespace
}  // namespace lifeboat
