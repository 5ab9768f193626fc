#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <set>

namespace lifeboat {
namespace {

TEST(Random, FillsEveryByteOfAnySize) {
  EXPECT_TRUE(random_bytes(0).empty());
  // A byte that is never written stays zero in all of 64 tries with probability 2^-512.
  for (const std::size_t size : {1U, 7U, 32U, 300U, 100'000U}) {
    Bytes seen(size);
    for (int i = 0; i < 64; ++i) {
      const Bytes bytes = random_bytes(size);
      for (std::size_t at = 0; at < size; ++at) seen[at] = static_cast<std::uint8_t>(seen[at] | bytes[at]);
    }
    EXPECT_EQ(std::ranges::count(seen, 0), 0) << size;
  }
}

TEST(Random, IdsDoNotRepeat) {
  std::set<std::string> ids;
  for (int i = 0; i < 10'000; ++i) ids.insert(random_hex(16));
  EXPECT_EQ(ids.size(), 10'000U);
  EXPECT_EQ(ids.begin()->size(), 32U);
}

TEST(Random, NumbersDoNotRepeat) {
  std::set<std::uint64_t> numbers;
  for (int i = 0; i < 10'000; ++i) numbers.insert(random_number());
  EXPECT_EQ(numbers.size(), 10'000U);
}

TEST(Random, HalfOfTheBitsAreSet) {
  std::int64_t ones = 0;
  const Bytes bytes = random_bytes(1'000'000);
  for (const std::uint8_t byte : bytes) ones += std::popcount(byte);
  // 4,000,000 expected; ten standard deviations are 14,142.
  EXPECT_NEAR(static_cast<double>(ones), 4'000'000.0, 14'142.0);
}

}  // namespace
}  // namespace lifeboat
