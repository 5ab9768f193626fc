#include "rescue/fence.h"

#include <gtest/gtest.h>

#include "relay/source_testing.h"

namespace lifeboat::rescue {
namespace {

using relay::testing::ScriptedSource;

relay::SourceLogin login_at(std::uint16_t port) {
  return {.address = {.endpoint = {.host = "127.0.0.1", .port = port}, .user = "admin"},
          .password = codec::Secret(std::string_view("pw"))};
}

/// What it says of read_only afterwards.
ScriptedSource server_that_says(std::string value) {
  return ScriptedSource(
      [value = std::move(value)](std::string_view sql) -> ScriptedSource::Answer {
        if (sql == "SELECT @@GLOBAL.read_only") return relay::TextResult{.columns = {"v"}, .rows = {{value}}};
        return relay::TextResult{.columns = {"user"}, .rows = {{"root"}}};
      },
      {.number = 1236, .state = "HY000", .message = "no dump here"});
}

TEST(Fence, TellsWhoIsNotReachedFromWhoSaysNothing) {
  std::uint16_t port = 0;
  {
    const net::Listener silent({.host = "127.0.0.1", .port = 0});
    port = silent.port();
    EXPECT_FALSE(why_not_reached(login_at(port))) << "somebody listens, who may live";
  }
  EXPECT_TRUE(why_not_reached(login_at(port)));
}

TEST(Fence, IsOneOnlyIfTheServerSaysSoAfterwards) {
  const ScriptedSource fenced = server_that_says("1");
  EXPECT_EQ(fence_server(login_at(fenced.port())), std::vector<std::string>{"root"});
  const ScriptedSource stubborn = server_that_says("0");
  try {
    fence_server(login_at(stubborn.port()));
    FAIL() << "it still takes writes";
  } catch (const Exception& e) {
    EXPECT_EQ(e.code(), Code::kRefused);
  }
}

}  // namespace
}  // namespace lifeboat::rescue
