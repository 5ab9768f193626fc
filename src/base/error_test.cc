#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <new>
#include <set>
#include <stdexcept>

namespace lifeboat {
namespace {

Error caught(const auto& work) {
  try {
    work();
  } catch (...) {
    return current_error();
  }
  return Error{Code::kInternal, "nothing was thrown", "", {}, ""};
}

TEST(Error, EveryCodeHasItsOwnNameAndExitStatus) {
  std::set<std::string_view> names;
  std::set<int> statuses;
  for (Code code : all_codes()) {
    names.insert(code_name(code));
    statuses.insert(exit_status(code));
    EXPECT_EQ(code_of_exit_status(exit_status(code)), code);
    EXPECT_GE(http_status(code), 400);
    EXPECT_LT(http_status(code), 600);
  }
  EXPECT_EQ(names.size(), all_codes().size());
  EXPECT_EQ(statuses.size(), all_codes().size());
  EXPECT_FALSE(statuses.contains(0));
  EXPECT_EQ(code_of_exit_status(0), Code::kInternal);
}

TEST(Error, FailCarriesCodeMessageHintAndPlace) {
  const Error error = caught([] { fail(Code::kBusy, "volume a: in use", "Stop it first."); });
  EXPECT_EQ(error.code, Code::kBusy);
  EXPECT_EQ(error.message, "volume a: in use");
  EXPECT_EQ(error.hint, "Stop it first.");
  EXPECT_TRUE(error.place.starts_with("src/base/error_test.cc:")) << error.place;
}

TEST(Error, ContextIsOutermostFirst) {
  const Error error = caught([] {
    try {
      try {
        fail(Code::kCorruption, "truncated");
      } catch (Exception& e) {
        e.add_context("chunk 3");
        throw;
      }
    } catch (Exception& e) {
      e.add_context("importing x");
      EXPECT_STREQ(e.what(), "importing x: chunk 3: truncated");
      throw;
    }
  });
  EXPECT_EQ(error.context, (std::vector<std::string>{"importing x", "chunk 3"}));
}

TEST(Error, ErrnoBecomesTheCodeThatTellsWhatToDo) {
  const auto code_of = [](int number) { return caught([&] { fail_errno("open x", number); }).code; };
  EXPECT_EQ(code_of(ENOSPC), Code::kOutOfSpace);
  EXPECT_EQ(code_of(EDQUOT), Code::kOutOfSpace);
  EXPECT_EQ(code_of(EACCES), Code::kDenied);
  EXPECT_EQ(code_of(EROFS), Code::kDenied);
  EXPECT_EQ(code_of(ENOENT), Code::kNotFound);
  EXPECT_EQ(code_of(EEXIST), Code::kExists);
  EXPECT_EQ(code_of(EIO), Code::kIo);
  EXPECT_EQ(caught([] { fail_errno("open x", EIO); }).message, "open x: Input/output error");
}

TEST(Error, ForeignExceptionsBecomeErrors) {
  EXPECT_EQ(caught([] { throw std::bad_alloc(); }).code, Code::kOutOfSpace);
  EXPECT_EQ(caught([] { throw std::runtime_error("odd"); }).message, "odd");
  EXPECT_EQ(caught([] { throw 7; }).code, Code::kInternal);
  EXPECT_EQ(caught([] { static_cast<void>(std::filesystem::canonical("/no/such/path")); }).code, Code::kNotFound);
}

TEST(ErrorDeathTest, CheckNamesConditionAndPlace) {
  const int one = 1;
  EXPECT_DEATH(LIFEBOAT_CHECK(one == 2), "bug: one == 2 at src/base/error_test.cc");
}

}  // namespace
}  // namespace lifeboat
