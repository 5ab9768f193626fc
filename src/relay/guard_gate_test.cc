#include "relay/guard_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <new>
#include <thread>

#include "base/error.h"
#include "relay/serving_testing.h"

namespace lifeboat::relay {
namespace {

using namespace std::chrono_literals;
using testing::FakeLog;
using testing::LogBuilder;

constexpr auto kWhen = 1'700'000'001U;

/// Without memory the first time that it is read.
class ExhaustedLog : public FakeLog {
 public:
  End end_of(const std::string& name) const override {
    if (!exhausted_.exchange(true)) throw std::bad_alloc();
    return FakeLog::end_of(name);
  }

 private:
  mutable std::atomic<bool> exhausted_ = false;
};

/// Its first file goes into the vault while it is read: it is said to come from there, and nobody asks for it.
class TrimmedLog : public FakeLog {
 public:
  void trim() { trimmed_ = true; }
  std::vector<File> files() const override {
    std::vector<File> files = FakeLog::files();
    if (trimmed_) files.erase(files.begin());
    return files;
  }
  std::vector<File> all_files() override { return FakeLog::files(); }
  End end_of(const std::string& name) const override {
    if (name != FakeLog::files().front().name) return FakeLog::end_of(name);
    return trimmed_ ? End{.coming = true} : End{.readable = 4};
  }

 private:
  std::atomic<bool> trimmed_ = false;
};

class GuardGateTest : public ::testing::Test {
 protected:
  GuardGateTest() { restart(); }

  void restart() {
    gate_.reset();
    guard_.reset();
    guard_ = std::make_unique<Guard>(directory_.path(), config_file_);
    gate_ = std::make_unique<GuardGate>(*guard_, GuardGate::Place{.source = "db1-3306", .incarnation = "000001"}, log_);
  }
  /// Appends a statement as a group of its own; its place.
  std::uint64_t add(std::string_view statement, std::uint32_t when = kWhen) {
    const std::uint64_t begin = content_.size();
    content_.group({.domain = 0, .server = 1, .sequence = ++sequence_}, statement, when);
    log_.put(file_, content_, "", "0-1-1");
    added_[begin] = {.file = file_, .position = begin, .gtid = format("0-1-{}", sequence_), .time = when};
    return begin;
  }
  GateAnswer ask(std::uint64_t position, std::uint32_t server_id = 2) {
    const auto known = added_.find(position);
    const GroupPlace place = known == added_.end() ? GroupPlace{.position = position} : known->second;
    for (int i = 0; i < 200; ++i) {
      GateAnswer answer = gate_->answer({.file = file_, .position = position, .gtid = place.gtid, .time = place.time},
                                        {.user = "r", .server_id = server_id});
      if (answer.verdict != Verdict::kWait) return answer;
    }
    return {.verdict = Verdict::kWait, .reason = "for ever"};
  }
  Verdict verdict(std::uint64_t position, std::uint32_t server_id = 2) { return ask(position, server_id).verdict; }
  template <typename Condition>
  bool soon(Condition condition) {
    for (int i = 0; i < 200 && !condition(); ++i) std::this_thread::sleep_for(10ms);
    return condition();
  }
  void configure(const std::string& text) {
    config_file_ = directory_.path() / "guard.toml";
    write_file_durably(config_file_, as_bytes(text));
  }
  std::string problem() { return json_string(guard_->status(), "problem"); }

  TempDir directory_;
  Path config_file_;
  FakeLog log_;
  std::string file_ = "bin.000001";
  LogBuilder content_{{}};
  std::uint64_t sequence_ = 0;
  std::map<std::uint64_t, GroupPlace> added_;  ///< the last at each position
  std::unique_ptr<Guard> guard_;
  std::unique_ptr<GuardGate> gate_;
};

TEST_F(GuardGateTest, HoldsWhatDestroysAndNothingElse) {
  const std::uint64_t insert = add("INSERT INTO shop.t VALUES (1)");
  const std::uint64_t drop = add("DROP DATABASE shop");
  const std::uint64_t after = add("INSERT INTO other.t VALUES (1)");
  EXPECT_EQ(verdict(insert), Verdict::kPass);
  const GateAnswer held = ask(drop);
  EXPECT_EQ(held.verdict, Verdict::kHold);
  EXPECT_TRUE(held.reason.ends_with("drop_database shop.*")) << held.reason;
  EXPECT_EQ(verdict(after), Verdict::kPass);
  const Hold hold = guard_->book().get("0-1-2");
  EXPECT_EQ(hold.subject.statement, "DROP DATABASE shop");
  EXPECT_EQ(hold.subject.event_time, from_unix_ms(std::int64_t{kWhen} * 1000));
  EXPECT_TRUE(hold.streams.contains("id:2"));
}

TEST_F(GuardGateTest, HoldsTheSameAfterARestart) {
  const std::uint64_t drop = add("DROP TABLE shop.t");
  verdict(drop);
  const Hold before = guard_->book().list().at(0);
  restart();
  EXPECT_EQ(verdict(drop), Verdict::kHold);
  ASSERT_EQ(guard_->book().list().size(), 1U);
  EXPECT_EQ(guard_->book().list().at(0).subject.id, before.subject.id);
  EXPECT_EQ(guard_->book().list().at(0).since, before.since);
}

TEST_F(GuardGateTest, AppliesNoDecisionToWhatStandsAtTheSamePlaceOfALogBegunAnew) {
  for (const char* again : {"DROP TABLE shop.t", "INSERT INTO shop.t VALUES (1)"}) {
    const std::uint64_t place = add("DROP TABLE shop.t");
    EXPECT_EQ(verdict(place), Verdict::kHold) << again;
    guard_->book().skip({.id = guard_->book().get(format("0-1-{}", sequence_)).subject.id}, "os:ann");
    EXPECT_EQ(verdict(place), Verdict::kSkip) << again;
    content_ = LogBuilder({});
    restart();
    ASSERT_EQ(add(again, kWhen + 60), place);
    EXPECT_EQ(verdict(place), again[0] == 'D' ? Verdict::kHold : Verdict::kPass) << again;
    content_ = LogBuilder({});
    restart();
  }
}

TEST_F(GuardGateTest, TellsWhatWasLeftOutAndHoldsNothingForIt) {
  const std::uint64_t drop = add("DROP TABLE shop.t");
  const auto left_out = [&] { return gate_->left_out(added_.at(drop), {.user = "r", .server_id = 2}); };
  EXPECT_FALSE(left_out());
  EXPECT_TRUE(guard_->book().list().empty());
  verdict(drop);
  EXPECT_FALSE(left_out());
  guard_->book().skip({.id = guard_->book().list().at(0).subject.id}, "os:ann");
  EXPECT_TRUE(left_out());
}

TEST_F(GuardGateTest, TakesUpASkipThatAnotherProcessWrote) {
  const std::uint64_t drop = add("DROP TABLE shop.t");
  verdict(drop);
  HoldBook book(directory_.path());
  book.refresh();
  book.skip({.id = book.get("0-1-1").subject.id}, "os:ann");
  EXPECT_TRUE(soon([&] { return verdict(drop) == Verdict::kSkip; }));
  restart();
  EXPECT_EQ(verdict(drop), Verdict::kSkip);
}

TEST_F(GuardGateTest, HoldsOneReplicaOfTwoByRule) {
  configure("[[guard.rule]]\nreplicas = 'id:3'\nthen = 'hold'\n[[guard.rule]]\nthen = 'allow'\n");
  restart();
  const std::uint64_t drop = add("DROP TABLE shop.t");
  EXPECT_EQ(verdict(drop, 2), Verdict::kPass);
  EXPECT_EQ(verdict(drop, 3), Verdict::kHold);
  EXPECT_EQ(verdict(drop, 2), Verdict::kPass);
}

TEST_F(GuardGateTest, TakesUpChangedRulesButLeavesWhatIsHeldToPeople) {
  configure("");
  restart();
  const std::uint64_t first = add("DROP TABLE shop.t");
  const std::uint64_t second = add("DROP TABLE shop.u");
  EXPECT_EQ(verdict(first), Verdict::kHold);
  configure("[[guard.rule]]\nthen = 'allow'\n");
  EXPECT_TRUE(soon([&] { return guard_->config()->rules.size() == 1; }));
  EXPECT_EQ(verdict(first), Verdict::kHold);
  EXPECT_EQ(verdict(second), Verdict::kPass);
  guard_->book().skip({.id = guard_->book().list().at(0).subject.id}, "os:ann");
  EXPECT_EQ(verdict(first), Verdict::kSkip);
}

TEST_F(GuardGateTest, LeavesWhatIsHeldToPeopleForReplicasThatComeLaterToo) {
  configure("");
  restart();
  const std::uint64_t drop = add("DROP TABLE shop.t");
  EXPECT_EQ(verdict(drop, 2), Verdict::kHold);
  configure("[[guard.rule]]\nthen = 'allow'\n");
  EXPECT_TRUE(soon([&] { return guard_->config()->rules.size() == 1; }));
  EXPECT_EQ(verdict(drop, 3), Verdict::kHold);
  EXPECT_TRUE(guard_->book().list().at(0).streams.contains("id:3"));
}

TEST_F(GuardGateTest, KeepsTheLastGoodRulesAndSaysSo) {
  configure("[[guard.rule]]\nthen = 'allow'\n");
  restart();
  configure("[[guard.rule]]\nthen = 'alow'\n");
  EXPECT_TRUE(soon([&] { return problem().find("alow") != std::string::npos; }));
  EXPECT_EQ(verdict(add("DROP TABLE shop.t")), Verdict::kPass);
  std::filesystem::remove(config_file_);
  EXPECT_TRUE(soon([&] { return problem().find("alow") == std::string::npos; }));
  EXPECT_NE(problem(), "");
  configure("[[guard.rule]]\nthen = 'allow'\n");
  EXPECT_TRUE(soon([&] { return problem().empty(); }));
}

TEST_F(GuardGateTest, StartsNotWithABrokenConfig) {
  configure("[[guard.rule]]\n");
  EXPECT_THROW(restart(), Exception);
}

TEST_F(GuardGateTest, HoldsAlsoWhatItCannotRecord) {
  const Path log = guard_directory(directory_.path()) / "audit.log";
  const std::uint64_t drop = add("DROP TABLE shop.t");
  std::ofstream(log, std::ios::app) << "not an entry\n";
  const GateAnswer answer = ask(drop);
  EXPECT_EQ(answer.verdict, Verdict::kHold);
  EXPECT_NE(answer.reason.find("not recorded"), std::string::npos) << answer.reason;
  EXPECT_TRUE(soon([&] { return problem().find("audit.log line") != std::string::npos; }));
  std::filesystem::remove(log);
  EXPECT_TRUE(soon([&] { return ask(drop).reason.find("not recorded") == std::string::npos; }));
  EXPECT_EQ(guard_->book().list().size(), 1U);
}

TEST_F(GuardGateTest, HoldsADeleteInALoopAsTheMassThatItIs) {
  constexpr int kBeforeMass = 19;  // of 500 rows each
  std::vector<std::uint64_t> places;
  places.reserve(kBeforeMass + 1);
  for (int i = 0; i <= kBeforeMass; ++i)
    places.push_back(add("DELETE FROM shop.log WHERE a < 5 LIMIT 500", kWhen + 60U * static_cast<unsigned>(i)));
  for (int i = 0; i < kBeforeMass; ++i) EXPECT_EQ(verdict(places.at(static_cast<std::size_t>(i))), Verdict::kPass) << i;
  EXPECT_EQ(verdict(places.back()), Verdict::kHold);
  EXPECT_EQ(guard_->book().list().at(0).subject.danger_class, "mass_delete");
  // An hour later it counts anew.
  EXPECT_EQ(verdict(add("DELETE FROM shop.log WHERE a < 5 LIMIT 500", kWhen + 7200)), Verdict::kPass);
}

TEST_F(GuardGateTest, AppliesADecisionOnARunToItsChunksAndToNothingElse) {
  constexpr std::string_view kChunk = "DELETE FROM shop.log WHERE a < 5 LIMIT 2000";
  const std::uint64_t first = add(kChunk);
  const std::uint64_t second = add("DELETE FROM shop.log WHERE a < 6 LIMIT 2000", kWhen + 5);
  const std::uint64_t other = add("DELETE FROM shop.orders WHERE a < 5 LIMIT 2000", kWhen + 5);
  const std::uint64_t drop = add("DROP TABLE shop.log", kWhen + 6);
  const std::uint64_t third = add(kChunk, kWhen + 3600);
  const std::uint64_t late = add(kChunk, kWhen + 3601);
  EXPECT_EQ(verdict(first), Verdict::kHold);
  guard_->book().skip({.id = guard_->book().list().at(0).subject.id, .run = true}, "os:ann");
  EXPECT_EQ(verdict(first), Verdict::kSkip);
  EXPECT_EQ(verdict(second), Verdict::kSkip);
  EXPECT_EQ(verdict(other), Verdict::kHold);
  EXPECT_EQ(verdict(drop), Verdict::kHold);
  EXPECT_EQ(verdict(third), Verdict::kSkip);
  EXPECT_EQ(verdict(late), Verdict::kHold);
  EXPECT_EQ(guard_->book().list().size(), 4U);
  EXPECT_EQ(guard_->book().get("0-1-1").covered, 2U);
}

TEST_F(GuardGateTest, LeavesOutWhatWasLeftOutOfARunWhateverTheRulesSayByNow) {
  configure("");
  restart();
  const std::uint64_t first = add("DELETE FROM shop.log WHERE a < 5 LIMIT 2000");
  const std::uint64_t second = add("DELETE FROM shop.log WHERE a < 5 LIMIT 2000");
  verdict(first);
  guard_->book().skip({.id = guard_->book().get("0-1-1").subject.id, .run = true}, "os:ann");
  EXPECT_EQ(verdict(second, 2), Verdict::kSkip);
  configure("[[guard.rule]]\nthen = 'allow'\n");
  restart();
  EXPECT_EQ(verdict(second, 3), Verdict::kSkip);
}

TEST_F(GuardGateTest, HoldsAChunkWhoseRecordCannotBeWritten) {
  const std::uint64_t first = add("DELETE FROM shop.log WHERE a < 5 LIMIT 2000");
  const std::uint64_t second = add("DELETE FROM shop.log WHERE a < 5 LIMIT 2000");
  verdict(first);
  guard_->book().skip({.id = guard_->book().get("0-1-1").subject.id, .run = true}, "os:ann");
  std::ofstream(guard_directory(directory_.path()) / "audit.log", std::ios::app) << "not an entry\n";
  const GateAnswer answer = ask(second);
  EXPECT_EQ(answer.verdict, Verdict::kHold);
  EXPECT_NE(answer.reason.find("not recorded"), std::string::npos) << answer.reason;
}

TEST_F(GuardGateTest, RemembersAcrossFilesAndForAReplicaThatComesLate) {
  for (int i = 0; i < 19; ++i) add("DELETE FROM shop.log WHERE a < 5 LIMIT 500");
  content_.rotate("bin.000002");
  log_.put(file_, content_, "", "0-1-1");
  file_ = "bin.000002";
  content_ = LogBuilder({});
  const std::uint64_t last = add("DELETE FROM shop.log WHERE a < 5 LIMIT 500");
  EXPECT_EQ(verdict(last), Verdict::kHold);  // its file was the first that anybody asked for
  restart();
  EXPECT_EQ(verdict(last), Verdict::kHold);
}

TEST_F(GuardGateTest, CountsWhatWentWithinTheWindowHoweverManyFilesAgo) {
  for (int i = 0; i < 19; ++i) add("DELETE FROM shop.log WHERE a < 5 LIMIT 500");
  for (int number = 2; number <= 5; ++number) {
    content_.rotate(format("bin.00000{}", number));
    log_.put(file_, content_, "", "0-1-1");
    file_ = format("bin.00000{}", number);
    content_ = LogBuilder({}, kWhen + 60U * static_cast<unsigned>(number));
    add("INSERT INTO shop.t VALUES (1)", kWhen + 600);
  }
  const std::uint64_t last = add("DELETE FROM shop.log WHERE a < 5 LIMIT 500", kWhen + 600);
  EXPECT_EQ(verdict(last), Verdict::kHold);
}

TEST_F(GuardGateTest, ForgetsNothingForATimeThatASessionMadeUp) {
  constexpr std::uint32_t kToCome = 4'100'000'000;
  std::vector<std::uint64_t> places;
  for (std::uint32_t i = 0; i < 20; ++i) {
    places.push_back(add("DELETE FROM shop.log WHERE a < 5 LIMIT 500", kToCome + 7200 * i));
  }
  EXPECT_EQ(verdict(places.front()), Verdict::kPass);
  EXPECT_EQ(verdict(places.back()), Verdict::kHold);
}

TEST_F(GuardGateTest, HoldsWhatACrashOfTheSourceLeftWithoutAnEnd) {
  const auto add_torn = [&](std::string_view statement) {
    const std::uint64_t begin = content_.size();
    content_.torn_group({.domain = 0, .server = 1, .sequence = ++sequence_}, statement);
    return begin;
  };
  const std::uint64_t before_another = add_torn("DELETE FROM shop.t");
  const std::uint64_t another = add("INSERT INTO shop.t VALUES (1)");
  const std::uint64_t at_the_end = add_torn("DELETE FROM shop.u");
  log_.put(file_, content_, "", "0-1-2");
  log_.put("bin.000002", LogBuilder({}), "", "0-1-2");
  EXPECT_EQ(verdict(before_another), Verdict::kHold);
  EXPECT_EQ(verdict(another), Verdict::kPass);
  EXPECT_EQ(verdict(at_the_end), Verdict::kHold);
  EXPECT_EQ(guard_->book().get("0-1-1").subject.statement, "DELETE FROM shop.t");
  EXPECT_EQ(guard_->book().get("0-1-3").subject.statement, "DELETE FROM shop.u");
}

TEST_F(GuardGateTest, AnswersForAPlaceInsideAGroupAsForTheGroup) {
  const std::uint64_t drop = add("DROP TABLE shop.t");
  EXPECT_EQ(verdict(drop + 42), Verdict::kHold);  // after its Gtid event
  EXPECT_EQ(guard_->book().list().size(), 1U);
}

TEST_F(GuardGateTest, ServesManyReplicasAtOnceFromManyPlaces) {
  std::vector<std::uint64_t> places;
  for (int i = 0; i < 2000; ++i)
    places.push_back(add(i % 100 == 50 ? "DROP TABLE shop.t" : "INSERT INTO t VALUES (1)"));
  std::vector<std::thread> replicas;
  std::atomic<int> held = 0;
  std::atomic<int> wrong = 0;
  for (unsigned r = 0; r < 4; ++r) {
    replicas.emplace_back([&, r] {
      for (std::size_t i = r * 400; i < places.size(); ++i) {
        const bool is_held = verdict(places[i], r + 2) == Verdict::kHold;
        held += is_held ? 1 : 0;
        wrong += is_held != (i % 100 == 50) ? 1 : 0;
      }
    });
  }
  for (std::thread& each : replicas) each.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(held, 20 + 16 + 12 + 8);
  EXPECT_EQ(guard_->book().list().size(), 20U);
}

TEST_F(GuardGateTest, GoesNotOnBehindWhatItFailedToReadForWantOfMemory) {
  const std::uint64_t insert = add("INSERT INTO t VALUES (1)");
  ExhaustedLog log;
  log.put(file_, content_, "", "0-1-1");
  GuardGate gate(*guard_, GuardGate::Place{.source = "db1-3306", .incarnation = "000001"}, log);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(gate.answer({.file = file_, .position = insert}, {.user = "r", .server_id = 2}).verdict, Verdict::kHold);
  }
}

TEST_F(GuardGateTest, GoesOnWhereTheFileThatItReadsIsRemovedFromTheDisk) {
  TrimmedLog log;
  add("INSERT INTO shop.t VALUES (1)");
  log.put(file_, content_.rotate("bin.000002"), "", "0-1-1");
  file_ = "bin.000002";
  content_ = LogBuilder({});
  const std::uint64_t drop = add("DROP TABLE shop.t");
  log.put(file_, content_, "", "0-1-2");
  GuardGate gate(*guard_, GuardGate::Place{.source = "db1-3306", .incarnation = "000001"}, log);
  const auto verdict = [&] {
    return gate.answer({.file = file_, .position = drop}, {.user = "r", .server_id = 2}).verdict;
  };
  EXPECT_EQ(verdict(), Verdict::kWait) << "it reads the file before";
  log.trim();
  EXPECT_EQ(verdict(), Verdict::kWait);
  EXPECT_EQ(verdict(), Verdict::kHold);
  EXPECT_EQ(guard_->book().list().size(), 1U);
}

TEST_F(GuardGateTest, HoldsWhatItCannotRead) {
  add("INSERT INTO t VALUES (1)");
  const std::uint64_t damaged = add("INSERT INTO t VALUES (2)");
  const UniqueFd file = open_file(log_.files().at(0).path, O_WRONLY);
  pwrite_full(file.get(), Bytes{1, 0, 0, 0}, damaged + 9, "log");  // an event of one byte
  const GateAnswer answer = ask(damaged);
  EXPECT_EQ(answer.verdict, Verdict::kHold);
}

}  // namespace
}  // namespace lifeboat::relay
