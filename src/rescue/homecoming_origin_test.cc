// What production is left for a home: who of several servers has what, and who is given back what.

#include "rescue/homecoming_origin.h"

#include <gtest/gtest.h>

#include "relay/source_testing.h"

namespace lifeboat::rescue {
namespace {

using relay::testing::ScriptedSource;

relay::TextResult one(const std::string& value) {
  return {.columns = {"v"}, .rows = {{value}}};
}

/// Another server of production, by what it says of itself.
struct Server {
  std::string position = "0-1-5";
  std::string read_only = "0";
  std::string left_out;  ///< of its log: binlog_ignore_db

  ScriptedSource::Answer answer(std::string_view sql) const {
    if (sql == "SELECT @@GLOBAL.read_only") return one(read_only);
    if (sql == "SELECT @@GLOBAL.gtid_binlog_pos") return one(position);
    if (sql == "SHOW MASTER STATUS") return relay::TextResult{.columns = {"f", "p", "d", "i"}, .rows = {{"b", "4", "", left_out}}};
    if (sql.starts_with("SELECT @@global.log_slave_updates")) {
      return relay::TextResult{.columns = {"l", "p", "s"}, .rows = {{"1", "", ""}}};
    }
    return relay::TextResult{.columns = {"user", "id"}, .rows = {}};
  }
};

ScriptedSource run(Server server) {
  return ScriptedSource([server = std::move(server)](std::string_view sql) { return server.answer(sql); },
                        {.number = 1236, .state = "HY000", .message = "no dump here"});
}

relay::SourceLogin login_at(std::uint16_t port) {
  return {.address = {.endpoint = {.host = "127.0.0.1", .port = port}, .user = "admin"},
          .password = codec::Secret(std::string_view("pw"))};
}

class LivingOriginTest : public ::testing::Test {
 protected:
  LivingOrigin origin(std::initializer_list<std::uint16_t> ports) {
    std::vector<relay::SourceLogin> logins;
    for (const std::uint16_t port : ports) logins.push_back(login_at(port));
    return LivingOrigin(std::move(logins), means_);
  }

  RescueMeans means_;
};

TEST_F(LivingOriginTest, OfARingHasWhatAnyOfItHas) {
  const ScriptedSource left = run({.position = "0-1-5,1-2-99"});
  const ScriptedSource other = run({.position = "0-1-4,1-2-100"});
  EXPECT_EQ(origin({left.port(), other.port()}).position(), binlog::GtidPosition::parse("0-1-5,1-2-100"));
}

}  // namespace
}  // namespace lifeboat::rescue
