// What production is left for a home: who of several servers has what, and who is given back what.

#include "rescue/homecoming_origin.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "relay/relay.h"
#include "relay/source_testing.h"
#include "relay/succession.h"

namespace lifeboat::rescue {
namespace {

using relay::testing::ScriptedSource;

relay::TextResult one_value(const std::string& value) {
  return {.columns = {"v"}, .rows = {{value}}};
}

/// Another server of production, by what it says of itself.
struct ProductionServer {
  std::string position = "0-1-5";
  std::string read_only = "0";
  std::string left_out;  ///< of its log: binlog_ignore_db

  ScriptedSource::Answer answer(std::string_view sql) const {
    if (sql == "SELECT @@GLOBAL.read_only") return one_value(read_only);
    if (sql == "SELECT @@GLOBAL.gtid_binlog_pos") return one_value(position);
    if (sql == "SHOW MASTER STATUS")
      return relay::TextResult{.columns = {"f", "p", "d", "i"}, .rows = {{"b", "4", "", left_out}}};
    if (sql.starts_with("SELECT @@global.log_slave_updates")) {
      return relay::TextResult{.columns = {"l", "p", "s"}, .rows = {{"1", "", ""}}};
    }
    return relay::TextResult{.columns = {"user", "id"}, .rows = {}};
  }
};

ScriptedSource serve(ProductionServer server) {
  return ScriptedSource([server = std::move(server)](std::string_view sql) { return server.answer(sql); },
                        {.number = 1236, .state = "HY000", .message = "no dump here"});
}

relay::SourceLogin production_at(std::uint16_t port) {
  return {.address = {.endpoint = {.host = "127.0.0.1", .port = port}, .user = "admin"},
          .password = codec::Secret(std::string_view("pw"))};
}

class LivingOriginTest : public ::testing::Test {
 protected:
  LivingOriginTest() {
    record_.name = "move";
    record_.directory = directory_.path() / "move";
  }
  LivingOrigin origin(std::initializer_list<std::uint16_t> ports) {
    std::vector<relay::SourceLogin> logins;
    for (const std::uint16_t port : ports) logins.push_back(production_at(port));
    return {record_, {.logins = std::move(logins), .relay = relay_.path(), .by = "move"}, means_};
  }
  static void expect_refused(LivingOrigin origin, std::string_view why) {
    try {
      origin.ensure();
      FAIL() << why;
    } catch (const Exception& e) {
      EXPECT_EQ(e.code(), Code::kRefused);
      EXPECT_NE(e.error().message.find(why), std::string::npos) << e.error().text();
    }
  }
  std::string address(const ScriptedSource& server) { return production_at(server.port()).address.text(); }

  TempDir directory_;
  TempDir relay_;
  RescueRecord record_;
  RescueMeans means_;
};

TEST(BranchOrigin, IsNotBegunAnewFromItsImage) {
  const TempDir state;
  RescueRecord record;
  record.name = "rescue-1";
  record.directory = state.path() / "rescue";
  record.images = {"image"};
  RescueMeans means;
  means.branch.mount.state_root = state.path();
  RescueRun run(record, means);
  try {
    BranchOrigin(record, run, means).ensure();
    FAIL() << "there is no such branch";
  } catch (const Exception& e) {
    EXPECT_EQ(e.code(), Code::kNotFound);
    EXPECT_NE(e.error().message.find("gone"), std::string::npos) << e.error().text();
  }
}

TEST_F(LivingOriginTest, OfARingHasWhatAnyOfItHas) {
  const ScriptedSource left = serve({.position = "0-1-5,1-2-99"});
  const ScriptedSource other = serve({.position = "0-1-4,1-2-100"});
  EXPECT_EQ(origin({left.port(), other.port()}).position(), binlog::GtidPosition::parse("0-1-5,1-2-100"));
}

TEST_F(LivingOriginTest, IsOnlyWhatTakesWrites) {
  const ScriptedSource open = serve({});
  EXPECT_NO_THROW(origin({open.port()}).ensure());
  const ScriptedSource shut = serve({.read_only = "1"});
  expect_refused(origin({open.port(), shut.port()}), "read only");
  record_.finish["fenced"] = {{address(shut), false}};
  EXPECT_NO_THROW(origin({open.port(), shut.port()}).ensure()) << "it is read only by us";
}

TEST_F(LivingOriginTest, IsNoServerThatAnotherHasReplaced) {
  const ScriptedSource open = serve({});
  const relay::SourceAddress here = production_at(open.port()).address;
  relay::SuccessionStep step{
      .source = here, .like = here, .listen = {}, .retired = {relay::source_name(here.endpoint)}, .by = "rescue-1"};
  step.source.endpoint.port = 1;
  relay::succeed(relay_.path(), step);
  expect_refused(origin({open.port()}), "rescue-1");
}

TEST_F(LivingOriginTest, LogsTheWholeDatabase) {
  const ScriptedSource open = serve({});
  const ScriptedSource half = serve({.left_out = "stock"});
  expect_refused(origin({open.port(), half.port()}), "stock");
  const ScriptedSource nothing = serve({.position = ""});
  expect_refused(origin({nothing.port()}), "logged nothing");
}

TEST_F(LivingOriginTest, IsNotOfAnImageFromAnotherHistory) {
  constexpr std::uint16_t kPort = 3306;
  relay::testing::LogBuilder log({}, relay::testing::kGroupTime, 1);
  log.group({0, 1, 1}, "DO 0", relay::testing::kGroupTime);
  const Path incarnation = relay_.path() / relay::source_name(production_at(kPort).address.endpoint) / "000001";
  make_directories(incarnation);
  write_file_durably(incarnation / "bin.000001", log.bytes());
  const auto at = [](std::uint32_t seconds) { return from_unix_ms(std::int64_t{seconds} * 1000); };
  ImagePosition position{.gtid = binlog::GtidPosition::parse("0-1-1"),
                         .file = {},
                         .position = 0,
                         .source = "127.0.0.1:3306",
                         .taken = at(relay::testing::kGroupTime + 60)};
  EXPECT_EQ(origin({kPort}).contradiction(position), "");
  position.taken = at(relay::testing::kGroupTime - 86400);
  EXPECT_NE(origin({kPort}).contradiction(position), "") << "the log has it from a day later: the server was rebuilt";
  position.gtid = binlog::GtidPosition::parse("0-1-2");
  EXPECT_NE(origin({kPort}).contradiction(position), "") << "it is no place of this log";
}

TEST_F(LivingOriginTest, GivesBackWhatItFencedEvenIfOneOfThemHasDied) {
  const ScriptedSource never_fenced = serve({});
  const ScriptedSource fenced = serve({});
  std::string dead;
  std::uint16_t dead_port = 0;
  {
    const ScriptedSource gone = serve({});
    dead = address(gone);
    dead_port = gone.port();
  }
  record_.finish["fenced"] = {{dead, false}, {address(fenced), false}};
  EXPECT_FALSE(origin({dead_port, never_fenced.port(), fenced.port()}).give_back());
  EXPECT_EQ(never_fenced.connections(), 0) << "it was left alone";
  EXPECT_EQ(fenced.connections(), 1);
  EXPECT_EQ(record_.finish.at("fenced"), json::value(json::object{{dead, false}}));
}

TEST_F(LivingOriginTest, IsAskedOnlyWhereItStillAnswers) {
  const ScriptedSource alive = serve({.position = "0-1-5"});
  std::uint16_t dead = 0;
  {
    const ScriptedSource gone = serve({});
    dead = gone.port();
  }
  record_.finish["fenced"] = {{address(alive), false}};
  EXPECT_THROW(origin({dead}).still_answers(), Exception) << "nobody would fence the other again";
  LivingOrigin ring = origin({dead, alive.port()});
  EXPECT_TRUE(ring.still_answers());
  EXPECT_EQ(ring.position(), binlog::GtidPosition::parse("0-1-5"));
  EXPECT_EQ(ring.others().size(), 2U) << "both places are taken";
  record_.finish = {};
  EXPECT_FALSE(origin({dead}).still_answers());
}

TEST_F(LivingOriginTest, WritesDownWhatAServerWasBeforeItIsFenced) {
  const ScriptedSource stubborn = serve({.read_only = "0"});
  EXPECT_THROW(origin({stubborn.port()}).fence(), Exception) << "it takes writes all the same";
  const auto kept = find_record(record_.directory);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->finish.at("fenced"), json::value(json::object{{address(stubborn), false}}));
}

}  // namespace
}  // namespace lifeboat::rescue
