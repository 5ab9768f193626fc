#include "rescue/rescue_order.h"

#include <gtest/gtest.h>

#include "rescue/rescue_plan.h"

namespace lifeboat::rescue {
namespace {

TEST(RescueOrder, AsksForNothingIfItSaysNoMoreThanAName) {
  EXPECT_TRUE(asks_nothing({.name = "mine"}));
  EXPECT_FALSE(asks_nothing({.to = "0-1-42"}));
  EXPECT_FALSE(asks_nothing({.skip = {"0-1-42"}}));
  EXPECT_FALSE(asks_nothing({.way = "image"}));
  EXPECT_FALSE(asks_nothing({.image = "2026"}));
}

TEST(RescueOrder, IsToldFromAnotherByItsRecord) {
  EXPECT_EQ(request_of({.name = "a", .skip = {"0-1-42"}}), request_of({.name = "b", .skip = {"0-1-42"}}));
  EXPECT_NE(request_of({.way = "image"}), request_of({}));
}

TEST(RescueWayOfARecord, IsTheOneThatItGoesBy) {
  RescueRecord record;
  record.request = request_of({});
  EXPECT_EQ(way_of(record), "image");
  record.request = request_of({.way = "older"});
  EXPECT_EQ(way_of(record), "older");
  record.standby = "standby";
  EXPECT_EQ(way_of(record), "standby");
}

TEST(RescuePicture, BeginsWithTheWayOfARescueThatWasBegun) {
  RescuePicture picture;
  for (const char* name : {"standby", "image", "older"}) picture.ways.push_back({.name = name});
  picture.begin_with("older");
  EXPECT_EQ(picture.ways[0].name + picture.ways[1].name + picture.ways[2].name, "olderstandbyimage");
  picture.begin_with("none");
  EXPECT_EQ(picture.ways[0].name, "older");
}

}  // namespace
}  // namespace lifeboat::rescue
