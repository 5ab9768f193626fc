#include "relay/flush_rhythm.h"

#include <gtest/gtest.h>

namespace lifeboat::relay {
namespace {

using namespace std::chrono_literals;

const FlushRhythm::Clock::time_point kStart{};

TEST(FlushRhythm, IsDueWhenTheStreamPauses) {
  FlushRhythm rhythm(kStart);
  EXPECT_FALSE(rhythm.due({.bytes = 100, .more_at_hand = true}, kStart));
  EXPECT_TRUE(rhythm.due({.bytes = 100}, kStart));
}

TEST(FlushRhythm, WhatCameBeforeALargeEventDoesNotWaitForItsEnd) {
  FlushRhythm rhythm(kStart);
  EXPECT_FALSE(rhythm.due({.bytes = 100, .more_at_hand = true}, kStart));
  EXPECT_TRUE(rhythm.due({.bytes = 100, .last = false, .more_at_hand = true}, kStart));
  EXPECT_FALSE(rhythm.due({.bytes = 100, .first = false, .last = false}, kStart)) << "in its middle nothing ends";
}

TEST(FlushRhythm, AStreamWithoutAPauseIsFlushedBySizeAndByTime) {
  FlushRhythm rhythm(kStart);
  int flushes = 0;
  for (int i = 0; i < 64; ++i) {
    flushes += rhythm.due({.bytes = FlushRhythm::kBytes / 16, .more_at_hand = true}, kStart) ? 1 : 0;
  }
  EXPECT_EQ(flushes, 4);
  EXPECT_FALSE(rhythm.due({.bytes = 1, .more_at_hand = true}, kStart + 1ms));
  EXPECT_TRUE(rhythm.due({.bytes = 1, .more_at_hand = true}, kStart + FlushRhythm::kTime));
}

}  // namespace
}  // namespace lifeboat::relay
