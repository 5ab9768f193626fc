// The decisions of a standby that need no server: where it begins, when it can be committed, what it purges, whom it
// follows, before what it stands.
#include <gtest/gtest.h>

#include "base/error.h"
#include "relay/succession.h"
#include "rescue/standby_begin.h"
#include "rescue/standby_commit.h"
#include "rescue/standby_relay.h"

namespace lifeboat::rescue {
namespace {

binlog::GtidPosition at(std::string_view text) {
  return binlog::GtidPosition::parse(text);
}

TEST(StandbyCommit, WaitsWhileSomethingIsLoggedWhosePositionIsNotRecorded) {
  EXPECT_EQ(reason_to_wait(at("0-1-5,1-1-9"), at("0-1-5,1-1-9"), 77), std::nullopt);
  EXPECT_EQ(reason_to_wait(at("0-1-5,1-1-9"), at("0-1-5"), 77), std::nullopt) << "its own log began later";
  EXPECT_EQ(reason_to_wait(at("0-1-6"), at("0-1-5"), 77), std::nullopt) << "the guard's skips are not in its log";
  EXPECT_NE(reason_to_wait(at("0-1-5"), at("0-1-6"), 77).value_or("").find("0-1-6"), std::string::npos);
  EXPECT_NE(reason_to_wait(at("0-1-5,1-1-8"), at("0-1-5,1-1-9"), 77), std::nullopt);
  EXPECT_NE(reason_to_wait(at(""), at("0-1-1"), 77), std::nullopt);
}

TEST(StandbyCommit, SaysThatSomebodyWroteToTheStandby) {
  EXPECT_NE(reason_to_wait(at("0-1-5"), at("0-77-6"), 77)->find("wrote to the standby"), std::string::npos);
}

TEST(StandbyServer, HasOfItsSourceWhatItAppliedAndWhatItLoggedButNothingOfItsOwn) {
  EXPECT_EQ(done_of_source(at("0-1-5,1-1-9"), at("0-1-6,1-1-8"), 77), at("0-1-6,1-1-9"));
  EXPECT_EQ(done_of_source(at("0-1-5"), at("0-77-6,2-1-1"), 77), at("0-1-5,2-1-1"));
  EXPECT_EQ(done_of_source(at(""), at("0-1-5"), 77), at("0-1-5")) << "where its log begins";
}

TEST(StandbyBegin, IsWhereEitherPositionIsLater) {
  EXPECT_EQ(later_of(at("0-1-5,2-1-4"), at("0-2-7,1-1-1,2-1-3")), at("0-2-7,1-1-1,2-1-4"));
  EXPECT_EQ(later_of(at(""), at("0-1-1")), at("0-1-1"));
}

TEST(StandbyServer, KeepsTheNewestBinaryLogsThatFitAndAlwaysTwo) {
  using Logs = std::vector<std::pair<std::string, std::uint64_t>>;
  const Logs logs{{"l.1", 60}, {"l.2", 60}, {"l.3", 60}, {"l.4", 10}};
  EXPECT_EQ(oldest_log_to_keep(logs, 130), "l.2");
  EXPECT_EQ(oldest_log_to_keep(logs, 129), "l.3");
  EXPECT_EQ(oldest_log_to_keep(logs, 0), "l.3");
  EXPECT_EQ(oldest_log_to_keep(logs, 1000), "");
  EXPECT_EQ(oldest_log_to_keep({}, 0), "");
  EXPECT_EQ(oldest_log_to_keep({{"l.1", 500}}, 0), "");
}

json::object source_at(std::string_view listen, std::string_view source) {
  return {{"source", source}, {"listen", listen}, {"gtid", "0-1-9"}, {"state", "following"}, {"problem", ""}};
}

Code code_of_finding(const json::object& status, const std::optional<net::Endpoint>& wanted) {
  try {
    static_cast<void>(find_relayed_source(status, wanted));
  } catch (const Exception& e) {
    return e.code();
  }
  return Code::kInternal;
}

TEST(StandbyRelay, TheOnlySourceServedIsItsOwn) {
  json::object kept_only = source_at("", "mysql://r@db2:3306");
  kept_only.erase("listen");
  const json::object status{{"sources", json::array{kept_only, source_at("0.0.0.0:3307", "mysql://r@db1:3306")}}};
  const RelayedSource source = find_relayed_source(status, std::nullopt);
  EXPECT_EQ(source.listen, net::Endpoint::parse("127.0.0.1:3307"));
  EXPECT_EQ(source.source, "db1:3306");
  EXPECT_EQ(source.trouble, "");
}

TEST(StandbyRelay, OfSeveralThePortTellsWhich) {
  const json::object status{{"sources", json::array{source_at("[::]:3307", "mysql://r@db1:3306"),
                                                    source_at("[::]:3308", "mysql://r@db2:3306")}}};
  EXPECT_EQ(find_relayed_source(status, net::Endpoint{"relay.example", 3308}).source, "db2:3306");
  EXPECT_EQ(code_of_finding(status, std::nullopt), Code::kUsage);
  EXPECT_EQ(code_of_finding(status, net::Endpoint{"127.0.0.1", 3309}), Code::kNotFound);
  EXPECT_EQ(code_of_finding({}, std::nullopt), Code::kCorruption);
}

/// What a standby there would follow.
std::string follows(const Path& relay, const std::string& known, std::string_view applied) {
  return StandbyRelay(relay).source(net::Endpoint{"127.0.0.1", 3307}, known, at(applied)).source;
}

TEST(StandbyRelay, GoesOnToWhereItsSourceHasMovedOnceItHasAllOfThat) {
  const TempDir relay;
  json::object moved = source_at("127.0.0.1:3307", "mysql://r@db1:3306");
  moved["retired"] = "move";
  const json::object status{{"sources", json::array{moved, source_at("127.0.0.1:3308", "mysql://r@home:3306")}}};
  write_file_durably(relay.path() / "status.json", as_bytes(json::serialize(status)));
  relay::succeed(relay.path(), {.source = relay::SourceAddress::parse("mysql://r@home:3306"),
                                .like = relay::SourceAddress::parse("mysql://r@db1:3306"),
                                .listen = "127.0.0.1:3308",
                                .retired = {"db1-3306"},
                                .moved = true,
                                .by = "move"});
  EXPECT_EQ(follows(relay.path(), "db1:3306", "0-1-8"), "db1:3306") << "what home's log begins with is behind it";
  EXPECT_EQ(follows(relay.path(), "db1:3306", ""), "db1:3306");
  EXPECT_EQ(follows(relay.path(), "db1:3306", "0-1-9"), "home:3306");
  EXPECT_EQ(follows(relay.path(), "home:3306", ""), "home:3306") << "it had gone on before it was started anew";
}

TEST(StandbyRelay, SaysWhyItHasNothingNew) {
  json::object source = source_at("127.0.0.1:3307", "mysql://r@db1:3306");
  source["state"] = "waiting";
  source["problem"] = "connection refused";
  const json::object status{{"sources", json::array{source}}};
  EXPECT_EQ(find_relayed_source(status, std::nullopt).trouble,
            "the relay does not follow its source (waiting): connection refused");
}

TEST(StandbyRelay, OnlyTheHoldAtWhichItStandsItselfCounts) {
  relay::Hold hold;
  hold.subject.id = "h1";
  hold.subject.objects = {"shop.a", "shop.b"};
  EXPECT_EQ(find_held_danger({hold}, 12), std::nullopt) << "nobody stands there";
  hold.streams["id:13"].arrived = now();
  EXPECT_EQ(find_held_danger({hold}, 12), std::nullopt);
  hold.streams["id:12"] = {};
  EXPECT_EQ(find_held_danger({hold}, 12), std::nullopt) << "decided before it came there";
  hold.streams["id:12"].arrived = now();
  ASSERT_TRUE(find_held_danger({hold}, 12));
  EXPECT_EQ(find_held_danger({hold}, 12)->objects, "shop.a, shop.b");
  hold.streams["id:12"].decision = relay::HoldState::kSkipped;
  EXPECT_EQ(find_held_danger({hold}, 12), std::nullopt);
}

}  // namespace
}  // namespace lifeboat::rescue
