// A file of MariaDB 11.8: what 10.11 does not write.
#include <gtest/gtest.h>

#include <algorithm>

#include "binlog/describe.h"
#include "binlog/make_events.h"
#include "binlog/testing.h"

namespace lifeboat::binlog {
namespace {

constexpr std::size_t kLimit = std::size_t{1} << 20U;

TEST(MariadbFeatures, everything_decodes) {
  Describer describer(kLimit);
  const TestLog log = read_test_log("mariadb-11.8-features");
  EXPECT_EQ(log.format.flavour, Flavour::kMariadb);
  for (const Event& event : log.events) {
    EXPECT_TRUE(checksum_matches(event));
    const json::object described = describer.describe(event, 0);
    EXPECT_FALSE(described.contains("error")) << json::serialize(described);
    EXPECT_FALSE(described.contains("status_complete")) << json::serialize(described);
  }
}

TEST(MariadbFeatures, gtids_tell_the_thread_and_both_phases_and_can_be_made_again) {
  const TestLog log = read_test_log("mariadb-11.8-features");
  const std::vector<Event> gtids = log.of(EventType::kGtid);
  ASSERT_EQ(gtids.size(), 9U);
  for (const Event& event : gtids) {
    EXPECT_TRUE(std::ranges::equal(make_gtid(decode_gtid(event), event.header, event.checksum), event.whole));
  }
  EXPECT_EQ(decode_gtid(gtids[0]).thread_id, 5U);
  EXPECT_TRUE(decode_gtid(gtids[6]).has_extra(GtidEvent::kExtraStartAlter));
  EXPECT_TRUE(decode_gtid(gtids[7]).has_extra(GtidEvent::kExtraCommitAlter));
  EXPECT_EQ(decode_gtid(gtids[7]).start_alter_sequence, 7U);
}

TEST(MariadbFeatures, an_update_without_duplicates_has_the_changed_column_only) {
  const TestLog log = read_test_log("mariadb-11.8-features");
  Describer describer(kLimit);
  std::string rows;
  for (const Event& event : log.events) {
    const json::object described = describer.describe(event, 0);
    if (event.header.type == EventType::kUpdateRowsV1) rows = json::serialize(described.at("rows"));
  }
  EXPECT_TRUE(rows.ends_with(R"("@6":"2026-11-22 12:34:56.789","@7":"x"},"after":{"@7":"y"}}])")) << rows;
}

}  // namespace
}  // namespace lifeboat::binlog
