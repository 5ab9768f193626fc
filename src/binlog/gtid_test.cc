#include "binlog/gtid.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lifeboat::binlog {
namespace {

TEST(Gtid, text_and_back) {
  EXPECT_EQ(format_gtid(Gtid{0, 1, 42}), "0-1-42");
  EXPECT_EQ(parse_gtid(" 4294967295-7-18446744073709551615 "), (Gtid{4294967295, 7, 18446744073709551615U}));
  EXPECT_EQ(parse_gtid_list("0-1-42, 1-2-7"), (std::vector<Gtid>{{0, 1, 42}, {1, 2, 7}}));
  EXPECT_TRUE(parse_gtid_list("  ").empty());
}

TEST(Gtid, refuses_what_is_none) {
  for (const char* text :
       {"1", "1-2", "1-2-", "1-2-3-4", "a-1-2", "4294967296-1-1", "1-2-3,", "-1-2-3", "1-2--3", ",1-2-3"}) {
    EXPECT_THROW(parse_gtid_list(text), Exception) << text;
  }
}

TEST(GtidPosition, one_per_domain_in_order) {
  GtidPosition position = GtidPosition::parse("5-1-10,0-2-3");
  EXPECT_EQ(position.format(), "0-2-3,5-1-10");
  position.update({5, 9, 11});
  EXPECT_EQ(position.find(5), (Gtid{5, 9, 11}));
  EXPECT_FALSE(position.find(1));
  EXPECT_THROW(GtidPosition::parse("0-1-1,0-2-2"), Exception);
  EXPECT_TRUE(GtidPosition::parse("").empty());
}

TEST(GtidPosition, reached_by_number_in_each_domain) {
  const GtidPosition position = GtidPosition::parse("0-1-10,1-1-5");
  EXPECT_TRUE(position.reached(Gtid{0, 2, 10}));
  EXPECT_FALSE(position.reached(Gtid{0, 1, 11}));
  EXPECT_FALSE(position.reached(Gtid{2, 1, 1}));
  EXPECT_TRUE(position.reached(GtidPosition::parse("1-1-5")));
  EXPECT_FALSE(position.reached(GtidPosition::parse("0-1-1,1-1-6")));
}

TEST(GtidState, keeps_every_server_and_who_was_last) {
  GtidState state = GtidState::from_list({{0, 1, 10}, {0, 2, 9}, {3, 1, 1}});
  EXPECT_EQ(state.last(0), (Gtid{0, 2, 9}));
  EXPECT_EQ(state.sequence(0, 1), 10U);
  EXPECT_TRUE(state.covers({0, 1, 10}));
  EXPECT_FALSE(state.covers({0, 1, 11}));
  EXPECT_FALSE(state.covers({0, 3, 1}));
  EXPECT_EQ(state.position().format(), "0-2-9,3-1-1");
  state.update({0, 1, 12});
  EXPECT_EQ(format_gtid_list(state.list()), "0-2-9,0-1-12,3-1-1");
  EXPECT_EQ(GtidState::from_list(state.list()), state);
}

}  // namespace
}  // namespace lifeboat::binlog
