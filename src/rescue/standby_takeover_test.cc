// A standby goes from who runs it to one rescue, and to no other.

#include "rescue/standby_takeover.h"

#include <gtest/gtest.h>

#include <future>

#include "base/error.h"
#include "rescue/standby_status.h"

namespace lifeboat::rescue {
namespace {

class StandbyTakeoverTest : public ::testing::Test {
 protected:
  StandbyTakeoverTest() {
    standby_.name = "standby";
    standby_.directory = directory_.path();
  }
  Path lock_file() const { return directory_.path() / "standby.lock"; }

  TempDir directory_;
  server::BranchRecord standby_;
};

TEST_F(StandbyTakeoverTest, IsNotedBeforeWhoRunsItLetsGo) {
  auto runs = std::make_unique<FileLock>(lock_file(), "standby");
  auto taken = std::async(std::launch::async, [this] { return take_standby(standby_, "rescue-1"); });
  while (!find_standby_taken(directory_.path())) std::this_thread::yield();
  EXPECT_EQ(find_standby_taken(directory_.path())->rescue, "rescue-1");
  EXPECT_THROW(check_not_taken(directory_.path()), Exception);
  runs.reset();
  const FileLock lock = taken.get();
  EXPECT_TRUE(FileLock::held(lock_file()));
}

TEST_F(StandbyTakeoverTest, IsGoneOnWithByTheSameRescueAlone) {
  static_cast<void>(take_standby(standby_, "rescue-1"));
  static_cast<void>(take_standby(standby_, "rescue-1"));
  try {
    static_cast<void>(take_standby(standby_, "rescue-2"));
    FAIL();
  } catch (const Exception& e) {
    EXPECT_EQ(e.code(), Code::kConflict);
    EXPECT_NE(e.error().message.find("rescue-1"), std::string::npos);
  }
  EXPECT_EQ(find_standby_taken(directory_.path())->rescue, "rescue-1");
}

TEST_F(StandbyTakeoverTest, CanBeTakenBack) {
  static_cast<void>(take_standby(standby_, "rescue-1"));
  remove_standby_taken(directory_.path());
  EXPECT_NO_THROW(check_not_taken(directory_.path()));
  static_cast<void>(take_standby(standby_, "rescue-2"));
}

}  // namespace
}  // namespace lifeboat::rescue
