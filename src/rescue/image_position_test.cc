#include "rescue/image_position.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lifeboat::rescue {
namespace {

ImagePosition example() {
  return {.gtid = binlog::GtidPosition::parse("0-1-42,1-2-7"),
          .file = "mysql-bin.000003",
          .position = 1234,
          .source = "db1:3306",
          .taken = parse_time("2026-11-28T22:40:00Z")};
}

vault::ImageInfo image_saying(json::value position) {
  vault::ImageInfo image{.name = "20261128-224000-abcdef"};
  image.server["position"] = std::move(position);
  return image;
}

Error error_of(const vault::ImageInfo& image) {
  try {
    static_cast<void>(position_of(image));
  } catch (const Exception& e) {
    return e.error();
  }
  return {};
}

TEST(ImagePosition, IsReadAsItWasWrittenThroughTheTextOfTheImage) {
  vault::ImageInfo image{.name = "i"};
  set_position(image, example());
  vault::ImageInfo read{.name = "i"};
  read.server = parse_json(json::serialize(image.server), "test").as_object();
  EXPECT_EQ(position_of(read), example());
}

TEST(ImagePosition, MembersAreThoseOfTheDocument) {
  EXPECT_EQ(json::serialize(to_json(example())),
            R"({"gtid":"0-1-42,1-2-7","file":"mysql-bin.000003","file_position":1234,"source":"db1:3306",)"
            R"("taken":"2026-11-28T22:40:00Z"})");
}

TEST(ImagePosition, IsAbsentWhereTheImageDoesNotSayOne) {
  EXPECT_EQ(position_of(vault::ImageInfo{.name = "i"}), std::nullopt);
}

TEST(ImagePosition, ReplacesTheOneThatWasThereAndLeavesTheRest) {
  vault::ImageInfo image = image_saying("old");
  image.server["version"] = "10.11.19";
  set_position(image, example());
  EXPECT_EQ(position_of(image), example());
  EXPECT_EQ(image.server.at("version").as_string(), "10.11.19");
}

TEST(ImagePosition, MayBeBeforeTheFirstTransaction) {
  ImagePosition nowhere = example();
  nowhere.gtid = {};
  vault::ImageInfo image{.name = "i"};
  set_position(image, nowhere);
  EXPECT_EQ(position_of(image), nowhere);
}

TEST(ImagePosition, ThatMakesNoSenseIsCorruptionAndNamesTheImage) {
  const auto with = [](std::string_view key, json::value value) {
    json::object object = to_json(example());
    object[key] = std::move(value);
    return image_saying(std::move(object));
  };
  json::object cut = to_json(example());
  cut.erase("file");
  for (const vault::ImageInfo& image :
       {image_saying("text"), image_saying(nullptr), image_saying(json::object{}), image_saying(std::move(cut)),
        with("gtid", "0-1"), with("gtid", "0-1-2,0-2-3"), with("gtid", 42), with("file_position", -1),
        with("file_position", "1"), with("taken", "yesterday"), with("source", json::array{})}) {
    const Error error = error_of(image);
    EXPECT_EQ(error.code, Code::kCorruption) << image.server;
    EXPECT_NE(error.message.find(image.name), std::string::npos) << error.message;
  }
}

}  // namespace
}  // namespace lifeboat::rescue
