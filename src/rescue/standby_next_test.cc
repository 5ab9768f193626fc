// The next standby has the next name that is free.

#include "rescue/standby_next.h"

#include <gtest/gtest.h>

namespace lifeboat::rescue {
namespace {

TEST(StandbyNext, CountsOn) {
  const TempDir root;
  EXPECT_EQ(next_standby_name(root.path(), "standby"), "standby-2");
  EXPECT_EQ(next_standby_name(root.path(), "standby-2"), "standby-3");
  EXPECT_EQ(next_standby_name(root.path(), "of-db1"), "of-db1-2");
  server::BranchRecord taken;
  taken.name = "standby-2";
  taken.directory = server::branches_directory(root.path()) / taken.name;
  make_directories(taken.directory);
  save_branch(taken);
  EXPECT_EQ(next_standby_name(root.path(), "standby"), "standby-3");
}

}  // namespace
}  // namespace lifeboat::rescue
