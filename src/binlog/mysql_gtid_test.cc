#include "binlog/mysql_gtid.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "base/error.h"

namespace lifeboat::binlog {
namespace {

constexpr std::string_view kA = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
constexpr std::string_view kB = "4e11fa47-71ca-11e1-9e33-c80aa9429562";

TEST(MysqlGtid, text_and_back) {
  EXPECT_EQ(format_uuid(parse_uuid(kA)), kA);
  EXPECT_EQ(format_uuid(parse_uuid("3E11FA4771CA11E19E33C80AA9429562")), kA);
  EXPECT_EQ(format_gtid(parse_mysql_gtid(format("{}:5", kA))), format("{}:5", kA));
  EXPECT_EQ(format_gtid(parse_mysql_gtid(format("{}:tag:5", kA))), format("{}:tag:5", kA));
  EXPECT_THROW(parse_mysql_gtid(format("{}:5-6", kA)), Exception);
  EXPECT_THROW(parse_uuid("3e11fa47-71ca-11e1-9e33-c80aa942956"), Exception);
}

TEST(GtidSet, text_is_brought_into_order) {
  const std::string text = format("{1}:7:5-6:1,\n {0}:2:1 : tag_a : 4-9, {0}:_b:1", kA, kB);
  EXPECT_EQ(GtidSet::parse(text).format(), format("{0}:1-2:_b:1:tag_a:4-9,{1}:1:5-7", kA, kB));
  EXPECT_EQ(GtidSet::parse("").format(), "");
  EXPECT_EQ(GtidSet::parse(format("{}:9-5", kA)).count(), 0U);
}

TEST(GtidSet, refuses_what_is_none) {
  for (const char* rest : {":0", ":a-b", ":1-", ":-1", ":TAG:1", ":99999999999999999999"}) {
    EXPECT_THROW(GtidSet::parse(format("{}{}", kA, rest)), Exception) << rest;
  }
}

TEST(GtidSet, wire_form_by_hand) {
  const GtidSet set = GtidSet::parse(format("{}:1-5:9", kA));
  EXPECT_EQ(to_hex(set.encode()),
            "0100000000000000"
            "3e11fa4771ca11e19e33c80aa9429562"
            "0200000000000000"
            "01000000000000000600000000000000"
            "09000000000000000a00000000000000");
  const GtidSet tagged = GtidSet::parse(format("{}:ab:1", kA));
  EXPECT_EQ(to_hex(tagged.encode()),
            "0101000000000001"
            "3e11fa4771ca11e19e33c80aa9429562"
            "046162"
            "0100000000000000"
            "01000000000000000200000000000000");
  EXPECT_EQ(GtidSet::decode(set.encode()), set);
  EXPECT_EQ(GtidSet::decode(tagged.encode()), tagged);
}

TEST(GtidSet, wire_form_that_lies_is_refused) {
  const Bytes good = GtidSet::parse(format("{}:1-5:9", kA)).encode();
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_THROW(GtidSet::decode(ByteView(good).first(size)), Exception) << size;
  }
  Bytes many = good;
  many[24 + 5] = 1;  // the number of intervals
  EXPECT_THROW(GtidSet::decode(many), Exception);
  Bytes back = good;
  back[32] = 7;  // begins after its end
  EXPECT_THROW(GtidSet::decode(back), Exception);
}

// Against a plain set of numbers.
TEST(GtidSet, agrees_with_a_model_under_random_operations) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(format("seed {}", seed));
  std::mt19937 random(seed);
  const GtidSource source{parse_uuid(kA), ""};
  GtidSet set;
  std::set<std::uint64_t> model;
  for (int step = 0; step < 2000; ++step) {
    const std::uint64_t begin = 1 + random() % 60;
    const std::uint64_t end = begin + random() % 8;
    const bool adding = random() % 2 == 0;
    adding ? set.add(source, {begin, end}) : set.subtract(source, {begin, end});
    for (std::uint64_t n = begin; n < end; ++n)
      adding ? static_cast<void>(model.insert(n)) : static_cast<void>(model.erase(n));
    ASSERT_EQ(set.count(), model.size());
    const std::uint64_t probe = 1 + random() % 70;
    ASSERT_EQ(set.contains(MysqlGtid{source, probe}), model.contains(probe));
    ASSERT_EQ(GtidSet::parse(set.format()), set);
    ASSERT_EQ(GtidSet::decode(set.encode()), set);
  }
}

TEST(GtidSet, add_subtract_and_contain_sets) {
  const GtidSet all = GtidSet::parse(format("{}:1-10,{}:1-5", kA, kB));
  GtidSet part = GtidSet::parse(format("{}:3-4:8", kA));
  EXPECT_TRUE(all.contains(part));
  EXPECT_FALSE(part.contains(all));
  GtidSet rest = all;
  rest.subtract(part);
  EXPECT_EQ(rest.format(), format("{}:1-2:5-7:9-10,{}:1-5", kA, kB));
  rest.add(part);
  EXPECT_EQ(rest, all);
}

}  // namespace
}  // namespace lifeboat::binlog
