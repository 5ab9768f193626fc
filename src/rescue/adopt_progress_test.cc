#include "rescue/adopt_progress.h"

#include <gtest/gtest.h>

#include <thread>

namespace lifeboat::rescue {
namespace {

using std::chrono::milliseconds;

TEST(AdoptProgress, ASlowStartIsNoPartOfThePace) {
  AdoptProgress progress(ProgressStyle::kNone, 1000);
  std::this_thread::sleep_for(milliseconds(500));
  for (int i = 0; i < 10; ++i) {
    progress.add(10);
    std::this_thread::sleep_for(milliseconds(1));
  }
  ASSERT_TRUE(progress.forecast());
  EXPECT_LT(progress.forecast()->said_seconds, 2);  // five, of a pace that counts the start
}

TEST(AdoptProgress, WhatWasDoneBeforeIsNoPartOfThePace) {
  AdoptProgress progress(ProgressStyle::kNone, 1000);
  progress.pass(900);
  EXPECT_FALSE(progress.forecast());
  for (std::uint64_t i = 1; i <= 2; ++i) {
    std::this_thread::sleep_for(milliseconds(50));
    progress.come_to(900 + 5 * i);
  }
  ASSERT_TRUE(progress.forecast());
  EXPECT_GE(progress.forecast()->said_seconds, 1);
}

}  // namespace
}  // namespace lifeboat::rescue
