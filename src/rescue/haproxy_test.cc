#include "rescue/haproxy.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lifeboat::rescue {
namespace {

constexpr std::string_view kHead =
    "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
    "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state "
    "bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl\n";

std::string state_of(std::string_view operation, std::string_view admin) {
  return std::string(kHead) + "4 db 1 a 127.0.0.1 " + std::string(operation) + " " + std::string(admin) +
         " 1 1 35 1 0 2 0 0 0 0 - 3306 - 0\n\n";
}

TEST(HaproxyState, IsReadByTheNamesOfItsColumns) {
  const HaproxyServer expected{.name = "a", .address = "127.0.0.1", .port = 3306, .admin = "ready", .running = true};
  EXPECT_EQ(parse_servers_state(state_of("2", "0")), std::vector{expected});
}

TEST(HaproxyState, TellsWhatAServerWasToldAndWhetherItGetsConnections) {
  EXPECT_EQ(parse_servers_state(state_of("0", "1")).at(0).admin, "maint");
  EXPECT_EQ(parse_servers_state(state_of("0", "32")).at(0).admin, "maint");
  EXPECT_EQ(parse_servers_state(state_of("3", "8")).at(0).admin, "drain");
  EXPECT_FALSE(parse_servers_state(state_of("0", "0")).at(0).running);
}

TEST(HaproxyState, OfAnUnknownFormatIsRefused) {
  EXPECT_THROW(parse_servers_state("1\n# be_id srv_name\n4 a\n"), Exception);
  EXPECT_THROW(parse_servers_state("4 db 1 a 127.0.0.1 2 0\n"), Exception);
  EXPECT_THROW(parse_servers_state(state_of("up", "0")), Exception);
  EXPECT_TRUE(parse_servers_state("").empty());
  EXPECT_TRUE(parse_servers_state(kHead).empty());
}

TEST(Haproxy, ThatDoesNotListenIsUnavailable) {
  const TempDir directory;
  try {
    static_cast<void>(Haproxy(directory.path() / "socket", "db").servers());
    FAIL();
  } catch (const Exception& e) {
    EXPECT_EQ(e.code(), Code::kUnavailable);
    EXPECT_NE(e.error().hint.find("level admin"), std::string::npos);
  }
}

}  // namespace
}  // namespace lifeboat::rescue
