#include "base/units.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lifeboat {
namespace {

using std::chrono::milliseconds;

TEST(Time, RoundTripsInUtc) {
  EXPECT_EQ(format_time(from_unix_ms(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_time(from_unix_ms(1'795'374'250'999)), "2026-11-22T19:04:10Z");
  EXPECT_EQ(unix_ms(parse_time("2026-11-22T19:04:10Z")), 1'795'374'250'000);
  EXPECT_EQ(format_time(parse_time("2024-02-29T23:59:59Z")), "2024-02-29T23:59:59Z");
}

TEST(Time, RefusesEverythingElse) {
  for (const char* text : {"", "2026-11-22", "2026-11-22T19:04:10", "2026-11-22T19:04:10Z ", "2026-13-01T00:00:00Z",
                           "2026-11-22T25:00:00Z", "yesterday"}) {
    EXPECT_THROW(parse_time(text), Exception) << text;
  }
}

TEST(Duration, ParsesEachUnit) {
  EXPECT_EQ(parse_duration("7"), milliseconds(7000));
  EXPECT_EQ(parse_duration("7ms"), milliseconds(7));
  EXPECT_EQ(parse_duration("90s"), milliseconds(90'000));
  EXPECT_EQ(parse_duration("15m"), milliseconds(900'000));
  EXPECT_EQ(parse_duration("36h"), milliseconds(129'600'000));
  EXPECT_EQ(parse_duration("35d"), milliseconds(3'024'000'000));
  EXPECT_EQ(parse_duration("2w"), parse_duration("14d"));
  EXPECT_EQ(parse_duration("0"), milliseconds(0));
}

TEST(Duration, RefusesNonsenseAndOverflow) {
  for (const char* text :
       {"", "s", "-1s", "+1s", "1.5h", "1 h", "1y", "1hh", " 1", "99999999999999999999s", "9223372036854775807w"}) {
    EXPECT_THROW(parse_duration(text), Exception) << text;
  }
}

TEST(Duration, ReadsLikeAPersonWouldSayIt) {
  EXPECT_EQ(format_duration(milliseconds(0)), "0ms");
  EXPECT_EQ(format_duration(milliseconds(999)), "999ms");
  EXPECT_EQ(format_duration(milliseconds(1'250)), "1.2s");
  EXPECT_EQ(format_duration(milliseconds(245'000)), "4m 5s");
  EXPECT_EQ(format_duration(milliseconds(7'260'000)), "2h 1m");
  EXPECT_EQ(format_duration(milliseconds(183'600'000)), "2d 3h");
}

TEST(Size, ParsesEachUnit) {
  EXPECT_EQ(parse_size("512"), 512U);
  EXPECT_EQ(parse_size("512B"), 512U);
  EXPECT_EQ(parse_size("64KiB"), 65'536U);
  EXPECT_EQ(parse_size("64K"), 65'536U);
  EXPECT_EQ(parse_size("8M"), 8'388'608U);
  EXPECT_EQ(parse_size("3GiB"), 3'221'225'472U);
  EXPECT_EQ(parse_size("1T"), std::uint64_t{1} << 40U);
}

TEST(Size, RefusesNonsenseAndOverflow) {
  for (const char* text : {"", "K", "-1", "1.5G", "1 G", "1kb", "1P", "18446744073709551616", "9223372036854775807K"}) {
    EXPECT_THROW(parse_size(text), Exception) << text;
  }
}

TEST(Size, ReadsLikeAPersonWouldSayIt) {
  EXPECT_EQ(format_size(0), "0 B");
  EXPECT_EQ(format_size(1023), "1023 B");
  EXPECT_EQ(format_size(1024), "1.0 KiB");
  EXPECT_EQ(format_size(3'650'722'201), "3.4 GiB");
  EXPECT_EQ(format_size(std::uint64_t{3} << 40U), "3.0 TiB");
  EXPECT_EQ(format_size(std::uint64_t{5000} << 40U), "5000.0 TiB");
}

TEST(Stopwatch, NeverGoesBackwards) {
  const Stopwatch watch;
  const double first = watch.seconds();
  EXPECT_GE(first, 0);
  EXPECT_GE(watch.seconds(), first);
}

}  // namespace
}  // namespace lifeboat
