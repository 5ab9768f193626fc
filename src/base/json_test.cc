#include "base/json.h"

#include <gtest/gtest.h>

namespace lifeboat {
namespace {

Code code_of(const auto& work) {
  try {
    work();
  } catch (const Exception& e) {
    return e.code();
  }
  return Code::kInternal;
}

TEST(ParseJson, DamagedTextIsCorruptionThatNamesTheThing) {
  EXPECT_EQ(parse_json(R"({"a":[1,2]})", "x").as_object().at("a").as_array().size(), 2U);
  for (const char* bad : {"", "{", "{\"a\":}", "[1,]", "1 2", "\xff"}) {
    EXPECT_EQ(code_of([&] { parse_json(bad, "mark m"); }), Code::kCorruption) << bad;
  }
  try {
    parse_json("{", "mark m");
  } catch (const Exception& e) {
    EXPECT_TRUE(e.error().message.starts_with("mark m: ")) << e.what();
  }
}

TEST(ParseJson, DeepNestingIsRefusedAndNotARecursionToDeath) {
  EXPECT_EQ(code_of([] { parse_json(std::string(1'000'000, '['), "x"); }), Code::kCorruption);
}

TEST(JsonMembers, AbsentOrOfAnotherTypeIsCorruption) {
  const json::object object{{"text", "a"}, {"number", 7}, {"half", 0.5}, {"null", nullptr}, {"flag", true}};
  EXPECT_EQ(json_string(object, "text"), "a");
  EXPECT_EQ(json_integer(object, "number"), 7);
  EXPECT_TRUE(json_flag(object, "flag"));
  EXPECT_EQ(json_number(object, "number"), 7.0);
  EXPECT_EQ(json_number(object, "half"), 0.5);
  EXPECT_EQ(code_of([&] { json_number(object, "text"); }), Code::kCorruption);
  EXPECT_EQ(code_of([&] { json_number(object, "null"); }), Code::kCorruption);
  EXPECT_EQ(code_of([&] { json_number(object, "absent"); }), Code::kCorruption);
  const json::object huge{{"endless", std::numeric_limits<double>::infinity()}};
  EXPECT_EQ(code_of([&] { json_number(huge, "endless"); }), Code::kCorruption);
  EXPECT_EQ(code_of([&] { json_string(object, "number"); }), Code::kCorruption);
  EXPECT_EQ(code_of([&] { json_string(object, "absent"); }), Code::kCorruption);
  EXPECT_EQ(code_of([&] { json_integer(object, "text"); }), Code::kCorruption);
  EXPECT_EQ(code_of([&] { json_integer(object, "half"); }), Code::kCorruption);
  EXPECT_EQ(code_of([&] { json_integer(object, "null"); }), Code::kCorruption);
  EXPECT_EQ(code_of([&] { json_flag(object, "number"); }), Code::kCorruption);
  EXPECT_EQ(code_of([&] { json_flag(object, "absent"); }), Code::kCorruption);
}

TEST(ErrorToJson, HasEveryFieldAndEscapesText) {
  const Error error{Code::kLocked, "vault \"v\"\n", "Try the recovery key.", {"opening"}, "src/x.cc:1"};
  EXPECT_EQ(json::serialize(error_to_json(error)),
            R"({"error":{"code":"locked","exit":15,"message":"vault \"v\"\n","hint":"Try the recovery key.",)"
            R"("context":["opening"]}})");
}

TEST(ErrorFromJson, GivesBackWhatErrorToJsonMade) {
  const Error error{Code::kBusy, "it is held", "Wait.", {"while committing"}, ""};
  const std::optional<Error> back = error_from_json(error_to_json(error));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->code, error.code);
  EXPECT_EQ(back->message, error.message);
  EXPECT_EQ(back->hint, error.hint);
  EXPECT_EQ(back->context, error.context);
  EXPECT_FALSE(error_from_json(json::object{{"image", "x"}}));
}

}  // namespace
}  // namespace lifeboat
