// Signals end work in order, and at once if they insist. Each test in a process of its own: the flag is the process's.

#include "base/cancel.h"

#include <gtest/gtest.h>

#include <csignal>

#include "base/error.h"
#include "base/progress.h"

namespace lifeboat {
namespace {

[[noreturn]] void work_after(int number) {
  stop_on_signals();
  throw_if_cancelled();
  ::raise(number);
  try {
    Progress(ProgressStyle::kNone, "work", 0).add(1);
  } catch (const Exception& e) {
    std::fprintf(stderr, "%s", e.what());
    ::_exit(exit_status(e.code()));
  }
  ::_exit(0);
}

TEST(CancelTest, TheFirstSignalCancelsWork) {
  EXPECT_EXIT(work_after(SIGINT), ::testing::ExitedWithCode(12), "stopped by SIGINT");
  EXPECT_EXIT(work_after(SIGTERM), ::testing::ExitedWithCode(12), "stopped by SIGTERM");
  EXPECT_EXIT(work_after(SIGHUP), ::testing::ExitedWithCode(12), "stopped by SIGHUP");
}

TEST(CancelTest, TheSecondSignalEndsTheProcess) {
  const auto insist = [] {
    stop_on_signals();
    ::raise(SIGTERM);
    ::raise(SIGINT);
  };
  EXPECT_EXIT(insist(), ::testing::KilledBySignal(SIGINT), "once more");
}

TEST(CancelTest, WhatIsIgnoredStaysIgnored) {
  const auto hang_up = [] {
    ::signal(SIGHUP, SIG_IGN);
    stop_on_signals();
    ::raise(SIGHUP);
    throw_if_cancelled();
    ::_exit(0);
  };
  EXPECT_EXIT(hang_up(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace lifeboat
