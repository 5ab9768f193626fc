// Whether production may come home from a rescue, and what of it is on the disk.

#include "rescue/homecoming.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "relay/succession.h"

namespace lifeboat::rescue {
namespace {

relay::SourceAddress relayed_at(std::uint16_t port) {
  return {.endpoint = {.host = "127.0.0.1", .port = port}, .user = "r"};
}

TEST(Homecoming, IsRefusedOnceALaterRescueHasTakenOver) {
  const TempDir relay;
  RescueRecord record;
  record.name = "rescue-1";
  record.relay = relay.path();
  record.cut_over = {{"state", "switched"}};
  relay::succeed(relay.path(), {.source = relayed_at(4001),
                                .like = relayed_at(3306),
                                .listen = {},
                                .retired = {"127.0.0.1-3306"},
                                .by = "rescue-1"});
  EXPECT_NO_THROW(check_in_place(record));
  relay::succeed(relay.path(), {.source = relayed_at(4002),
                                .like = relayed_at(4001),
                                .listen = {},
                                .retired = {"127.0.0.1-4001"},
                                .by = "rescue-2"});
  try {
    check_in_place(record);
    FAIL() << "production has gone on elsewhere";
  } catch (const Exception& e) {
    EXPECT_EQ(e.code(), Code::kRefused);
  }
  record.finish = {{"state", "opening"}};
  EXPECT_NO_THROW(check_in_place(record)) << "it was its own home that took over";
}

}  // namespace
}  // namespace lifeboat::rescue
