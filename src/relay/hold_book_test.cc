#include "relay/hold_book.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"

namespace lifeboat::relay {
namespace {

using namespace std::chrono_literals;

class HoldBookTest : public ::testing::Test {
 protected:
  HoldBookTest() {
    add_approver("ann");
    add_approver("bob");
    time_ += 1h;
  }

  /// Another process's view: everything anew from the disk.
  std::unique_ptr<HoldBook> open() {
    auto book = std::make_unique<HoldBook>(directory_.path(), [this] { return time_; });
    book->refresh();
    return book;
  }
  static codec::Secret secret_of(const std::string& name) { return codec::Secret(name + "'s secret"); }
  void add_approver(const std::string& name) {
    approvers_.push_back(make_approver(name, secret_of(name)));
    HoldBook(directory_.path(), [this] { return time_; }).set_approvers(approvers_, "test");
  }
  static HoldSubject subject(binlog::Severity severity = binlog::Severity::kDestroys) {
    HoldSubject subject;
    subject.source = "db1-3306";
    subject.incarnation = "000001";
    subject.file = "bin.000001";
    subject.position = 1234;
    subject.gtid = "0-1-77";
    subject.id = hold_id(subject);
    subject.danger_class = "drop_database";
    subject.severity = severity;
    subject.statement = "DROP DATABASE shop \xff";
    subject.objects = {"shop.*"};
    return subject;
  }
  /// A chunk of a purge, so many seconds after the first.
  static HoldSubject chunk(int seconds) {
    HoldSubject chunk = subject();
    chunk.danger_class = "mass_delete";
    chunk.objects = {"shop.log"};
    chunk.rows = 1000;
    chunk.shape = "DELETE FROM log WHERE day < ? LIMIT ? \xff";
    chunk.event_time = from_unix_ms(1'600'000'000'000) + std::chrono::seconds(seconds);
    chunk.run_until = chunk.event_time + 1h;
    if (seconds != 0) {
      chunk.position = 5000U + static_cast<unsigned>(seconds);
      chunk.id = hold_id(chunk);
    }
    return chunk;
  }
  static Choice run() { return {.id = subject().id, .run = true}; }
  static Choice all() { return {.id = subject().id}; }
  static Choice only(const std::string& stream) { return {.id = subject().id, .stream = stream}; }
  HoldState state(const std::string& stream = "*") { return open()->get(all().id).state_of(stream); }
  Hold approve(const std::string& name, const Choice& choice = all()) {
    return open()->approve(choice, name, secret_of(name));
  }
  Code code_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const Exception& e) {
      return e.code();
    }
    return Code::kInternal;
  }
  void append(const std::string& event, json::object body) {
    AuditLog log(guard_directory(directory_.path()) / "audit.log", [this] { return time_; });
    log.read_new([](const AuditEntry&) {});
    log.append(event, std::move(body));
  }

  TempDir directory_;
  SystemTime time_ = from_unix_ms(1'700'000'000'000);
  std::vector<Approver> approvers_;
};

TEST_F(HoldBookTest, KeepsAHoldAsItBegan) {
  open()->begin(subject(), "id:2");
  const SystemTime since = time_;
  time_ += 5min;
  open()->begin(subject(), "id:2");
  const Hold hold = open()->get("h");
  EXPECT_EQ(hold.since, since);
  EXPECT_EQ(hold.state, HoldState::kHeld);
  EXPECT_EQ(hold.subject.gtid, "0-1-77");
  EXPECT_EQ(hold.subject.objects, std::vector<std::string>{"shop.*"});
  EXPECT_EQ(hold.streams.at("id:2").arrived, since);
  EXPECT_EQ(hold_to_json(hold, time_).at("age_s").as_int64(), 300);
}

TEST_F(HoldBookTest, KeepsAHoldWhateverTheSizeOfWhatTheLogNames) {
  HoldSubject large = subject();
  for (std::string* each : {&large.statement, &large.account, &large.database, &large.rule, &large.why}) {
    *each = std::string(3 << 20, '\x01');
  }
  large.objects = std::vector<std::string>(200, std::string(100'000, '\x01'));
  open()->begin(large, "id:2");
  EXPECT_EQ(state(), HoldState::kHeld);
  EXPECT_EQ(open()->get(large.id).subject.objects.size(), 101U);
}

TEST_F(HoldBookTest, IsSkippedByOnePerson) {
  open()->begin(subject(), "id:2");
  open()->skip(all(), "os:ann");
  EXPECT_EQ(state(), HoldState::kSkipped);
  EXPECT_EQ(code_of([&] { open()->skip(all(), "os:bob"); }), Code::kConflict);
  EXPECT_EQ(code_of([&] { approve("ann"); }), Code::kConflict);
}

TEST_F(HoldBookTest, ReleasesWhatDestroysByTwoKeysOnly) {
  open()->begin(subject(), "id:2");
  EXPECT_EQ(approve("ann").state, HoldState::kHeld);
  EXPECT_EQ(approve("ann").state, HoldState::kHeld);  // once more is not another
  EXPECT_EQ(approve("bob").state, HoldState::kReleased);
  EXPECT_EQ(state(), HoldState::kReleased);
  EXPECT_EQ(open()->get("h").decided_by, "ann, bob");
}

TEST_F(HoldBookTest, ReleasesWhatIsOnlyUnknownByOne) {
  open()->begin(subject(binlog::Severity::kUnknown), "id:2");
  EXPECT_EQ(approve("bob").state, HoldState::kReleased);
}

TEST_F(HoldBookTest, TakesNobodysWordWithoutTheirPassphrase) {
  open()->begin(subject(), "id:2");
  EXPECT_EQ(code_of([&] { open()->approve(all(), "ann", secret_of("bob")); }), Code::kLocked);
  EXPECT_EQ(code_of([&] { open()->approve(all(), "eve", secret_of("eve")); }), Code::kNotFound);
  EXPECT_EQ(open()->get("h").approvals.size(), 0U);
}

TEST_F(HoldBookTest, CountsAKeyHalfAnHourAfterItWasNoted) {
  add_approver("eve");
  time_ += 1s;
  open()->begin(subject(), "id:2");
  EXPECT_EQ(code_of([&] { approve("eve"); }), Code::kRefused);
  time_ += 30min;
  EXPECT_EQ(approve("eve").approvals.size(), 1U);
}

TEST_F(HoldBookTest, TellsOfEachChangeOfApproversUntilAChannelWasTold) {
  add_approver("eve");
  const ApproversChange change = open()->approvers_changes().back();
  EXPECT_EQ(change.by, "test");
  EXPECT_EQ(change.names, (std::vector<std::string>{"ann", "bob", "eve"}));
  EXPECT_EQ(change.new_keys, std::vector<std::string>{"eve"});
  EXPECT_TRUE(change.told.empty());
  open()->note_notice(change.id, "approvers", "hook");
  EXPECT_EQ(open()->approvers_changes().back().told, std::set<std::string>{"hook"});
  EXPECT_TRUE(open()->approvers_changes().front().told.empty());
}

TEST_F(HoldBookTest, CountsNoKeyThatIsListedNoMore) {
  open()->begin(subject(), "id:2");
  approvers_.pop_back();
  open()->set_approvers(approvers_, "test");
  EXPECT_EQ(code_of([&] { approve("bob"); }), Code::kNotFound);
}

TEST_F(HoldBookTest, CountsNoEntryThatSomebodyWroteWithoutTheKey) {
  open()->begin(subject(), "id:2");
  approve("ann");
  for (const std::string& signature : {std::string(128, '0'), std::string("00"), std::string()}) {
    append("approve", {{"id", all().id}, {"stream", "*"}, {"by", "bob"}, {"signature", signature}});
  }
  append("release", {{"id", all().id}, {"stream", "*"}, {"by", "bob"}});
  append("approve", {{"id", all().id}});
  append("break_glass", {{"id", all().id}, {"stream", "*"}, {"by", "eve"}, {"reason", "now"}});
  EXPECT_EQ(state(), HoldState::kHeld);
  EXPECT_EQ(approve("bob").state, HoldState::kReleased);
}

TEST_F(HoldBookTest, CountsNoApprovalThatWasGivenForAnotherHoldOrReplica) {
  open()->begin(subject(), "id:2");
  approve("ann", only("id:2"));
  EXPECT_EQ(approve("bob").state_of("id:3"), HoldState::kHeld);  // ann spoke for id:2 alone
  EXPECT_EQ(state("id:2"), HoldState::kReleased);
  EXPECT_EQ(state(), HoldState::kHeld);
}

TEST_F(HoldBookTest, DecidesForOneReplicaAndLaterForTheOthers) {
  open()->begin(subject(), "id:2");
  open()->begin(subject(), "id:3");
  open()->skip(only("id:2"), "os:ann");
  EXPECT_EQ(state("id:2"), HoldState::kSkipped);
  EXPECT_EQ(state("id:3"), HoldState::kHeld);
  approve("ann");
  approve("bob");
  EXPECT_EQ(state("id:2"), HoldState::kSkipped);
  EXPECT_EQ(state("id:3"), HoldState::kReleased);
}

TEST_F(HoldBookTest, BreaksTheGlassOnlyAfterHalfAnHourAndForAReason) {
  open()->begin(subject(), "id:2");
  time_ += 29min + 59s;
  EXPECT_EQ(code_of([&] { open()->break_glass(all(), "os:ann", "customers wait"); }), Code::kRefused);
  time_ += 1s;
  EXPECT_EQ(code_of([&] { open()->break_glass(all(), "os:ann", ""); }), Code::kUsage);
  open()->break_glass(all(), "os:ann", "customers wait");
  EXPECT_EQ(state(), HoldState::kReleased);
  EXPECT_EQ(open()->get("h").break_glass, "customers wait");
}

TEST_F(HoldBookTest, IsWholeWhereverAWriterIsKilled) {
  open()->begin(subject(), "id:2");
  open()->begin(subject(), "id:3");
  approve("ann");
  approve("bob");
  const Path file = guard_directory(directory_.path()) / "audit.log";
  const Bytes whole = read_file(file);
  std::size_t lines = 0;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const bool at_end_of_line = size > 0 && whole[size - 1] == '\n';
    lines += at_end_of_line ? 1 : 0;
    if (!at_end_of_line && size % 37 != 0) continue;
    write_file_durably(file, ByteView(whole).first(size));
    const std::optional<Hold> hold = open()->find(all().id);
    EXPECT_EQ(hold.has_value(), lines >= 3) << size;  // two lines of approvers
    EXPECT_EQ(hold && hold->state == HoldState::kReleased, lines == 7) << size;
    // And what was not done can be done again.
    if (!at_end_of_line) continue;
    if (lines < 2) open()->set_approvers(approvers_, "test");
    time_ += 31min;
    open()->begin(subject(), "id:2");
    if (lines < 7) {
      approve("ann");
      approve("bob");
    }
    EXPECT_EQ(state(), HoldState::kReleased) << size;
  }
  EXPECT_EQ(lines, 7U);
}

TEST_F(HoldBookTest, DecidesOnARunWithItsFirstChunk) {
  open()->begin(chunk(0), "id:2");
  EXPECT_FALSE(open()->find_run(chunk(1), "id:2"));
  open()->skip(run(), "os:ann");
  EXPECT_TRUE(open()->find_run(chunk(1), "id:2"));
  EXPECT_TRUE(open()->find_run(chunk(3600), "id:3"));
  EXPECT_FALSE(open()->find_run(chunk(3601), "id:2"));  // after the window
  EXPECT_FALSE(open()->find_run(chunk(-1), "id:2"));    // before the one that was seen
}

TEST_F(HoldBookTest, CountsAsARunOnlyWhatIsAlike) {
  open()->begin(chunk(0), "id:2");
  open()->skip(run(), "os:ann");
  const auto differs = [&](const std::function<void(HoldSubject&)>& change) {
    HoldSubject other = chunk(1);
    change(other);
    return !open()->find_run(other, "id:2");
  };
  EXPECT_FALSE(differs([](HoldSubject& other) { other.gtid = "0-1-99"; }));
  EXPECT_TRUE(differs([](HoldSubject& other) { other.source = "db2-3306"; }));
  EXPECT_TRUE(differs([](HoldSubject& other) { other.danger_class = "mass_update"; }));
  EXPECT_TRUE(differs([](HoldSubject& other) { other.objects = {"shop.orders"}; }));
  EXPECT_TRUE(differs([](HoldSubject& other) { other.objects.emplace_back("shop.orders"); }));
  EXPECT_TRUE(differs([](HoldSubject& other) { other.account = "eve@%"; }));
  EXPECT_TRUE(differs([](HoldSubject& other) { other.shape = "DELETE FROM log"; }));
  EXPECT_TRUE(differs([](HoldSubject& other) { other.run_until.reset(); }));  // it drops something, too
}

TEST_F(HoldBookTest, ReleasesARunByTwoWhoBothSaidSo) {
  open()->begin(chunk(0), "id:2");
  approve("ann", run());
  EXPECT_EQ(approve("bob", run()).state, HoldState::kReleased);
  EXPECT_EQ(open()->find_run(chunk(1), "id:2")->run_state_of("id:2"), HoldState::kReleased);
}

TEST_F(HoldBookTest, ReleasesOneChunkIfOnlyOneOfTwoMeantTheRun) {
  open()->begin(chunk(0), "id:2");
  approve("ann", run());
  EXPECT_EQ(approve("bob").state, HoldState::kReleased);
  EXPECT_FALSE(open()->find_run(chunk(1), "id:2"));
}

TEST_F(HoldBookTest, DecidesOnARunForOneReplica) {
  open()->begin(chunk(0), "id:2");
  Choice choice = run();
  choice.stream = "id:2";
  open()->skip(choice, "os:ann");
  EXPECT_TRUE(open()->find_run(chunk(1), "id:2"));
  EXPECT_FALSE(open()->find_run(chunk(1), "id:3"));
}

TEST_F(HoldBookTest, KeepsARecordOfWhatFollowedADecisionOnARun) {
  open()->begin(chunk(0), "id:2");
  open()->skip(run(), "os:ann");
  open()->cover(all().id, chunk(1));
  open()->cover(all().id, chunk(1));
  EXPECT_EQ(open()->get(all().id).covered, 1U);
  EXPECT_EQ(open()->get(all().id).covered_rows, 1000U);
  EXPECT_TRUE(open()->skipped_in_run(chunk(1).id, "id:2"));
  EXPECT_FALSE(open()->skipped_in_run(chunk(2).id, "id:2"));
}

TEST_F(HoldBookTest, TellsAllThatIsLeftOut) {
  const auto left_out = [this](const std::string& stream) {
    std::set<std::string> gtids;
    for (const HoldSubject& each : open()->left_out(stream)) gtids.insert(format("{} {}", each.incarnation, each.gtid));
    return gtids;
  };
  open()->begin(chunk(0), "id:2");
  EXPECT_TRUE(left_out("*").empty()) << "it is held";
  open()->skip(run(), "os:ann");
  HoldSubject later = chunk(1);
  later.gtid = "0-1-78";
  later.incarnation = "000002";
  open()->cover(all().id, later);
  EXPECT_EQ(left_out("*"), (std::set<std::string>{"000001 0-1-77", "000002 0-1-78"}));
  EXPECT_EQ(left_out("id:2"), left_out("*"));
}

TEST_F(HoldBookTest, TellsWhatIsLeftOutForOneReplicaToThatAlone) {
  open()->begin(subject(), "id:2");
  open()->skip(only("id:2"), "os:ann");
  EXPECT_TRUE(open()->left_out("*").empty());
  EXPECT_TRUE(open()->left_out("id:3").empty());
  EXPECT_EQ(open()->left_out("id:2").size(), 1U);
}

TEST_F(HoldBookTest, BreaksNoGlassForARun) {
  open()->begin(chunk(0), "id:2");
  time_ += 31min;
  EXPECT_EQ(code_of([&] { open()->break_glass(run(), "os:ann", "customers wait"); }), Code::kUsage);
  append("break_glass", {{"id", all().id}, {"stream", "*"}, {"by", "eve"}, {"reason", "now"}, {"run", true}});
  EXPECT_EQ(state(), HoldState::kHeld);
}

TEST_F(HoldBookTest, MakesNoRunOfADrop) {
  open()->begin(subject(), "id:2");
  EXPECT_EQ(code_of([&] { open()->skip(run(), "os:ann"); }), Code::kUsage);
  EXPECT_EQ(code_of([&] { approve("ann", run()); }), Code::kUsage);
  append("skip", {{"id", all().id}, {"stream", "*"}, {"by", "eve"}, {"run", true}});
  EXPECT_EQ(state(), HoldState::kHeld);
}

TEST_F(HoldBookTest, ReleasesNoRunByAnApprovalThatWasWrittenLarger) {
  open()->begin(chunk(0), "id:2");
  approve("ann", run());
  const Hold hold = open()->get(all().id);
  const auto key = make_key(approvers_.at(1), secret_of("bob"));
  const std::string signature = to_hex(key.sign(as_bytes(approval_text(hold, "*", false))));  // of the chunk alone
  append("approve", {{"id", all().id}, {"stream", "*"}, {"by", "bob"}, {"run", true}, {"signature", signature}});
  EXPECT_EQ(state(), HoldState::kHeld);
  append("approve", {{"id", all().id}, {"stream", "*"}, {"by", "bob"}, {"signature", signature}});
  EXPECT_EQ(state(), HoldState::kReleased);
  EXPECT_FALSE(open()->find_run(chunk(1), "id:2"));
  append("covered", {{"id", all().id},
                     {"transaction", chunk(1).id},
                     {"gtid", chunk(1).gtid},
                     {"rows", 1},
                     {"file", chunk(1).file},
                     {"position", chunk(1).position}});
  EXPECT_FALSE(open()->find_run(chunk(1), "id:2"));
  EXPECT_FALSE(open()->skipped_in_run(chunk(1).id, "id:2"));
}

TEST_F(HoldBookTest, FindsAHoldByItsBeginningOrGtid) {
  open()->begin(subject(), "id:2");
  EXPECT_EQ(open()->get("0-1-77").subject.id, all().id);
  EXPECT_EQ(open()->get(all().id.substr(0, 4)).subject.id, all().id);
  EXPECT_EQ(code_of([&] { open()->get("x"); }), Code::kNotFound);
  EXPECT_EQ(code_of([&] { open()->get(""); }), Code::kNotFound);
}

TEST_F(HoldBookTest, RefusesApproversThatShareAKeyOrAName) {
  const std::string one = format_approvers({approvers_[0]});
  EXPECT_EQ(code_of([&] { parse_approvers(one + one, "f"); }), Code::kUsage);
  EXPECT_EQ(code_of([&] { parse_approvers(one + "eve" + one.substr(one.find("ann ") + 3), "f"); }), Code::kUsage);
  EXPECT_EQ(code_of([&] { parse_approvers("ann ed25519-scrypt:15:8 AAAA AAAA", "f"); }), Code::kUsage);
  EXPECT_EQ(code_of([&] { make_approver("a b", secret_of("ann")); }), Code::kUsage);
  EXPECT_EQ(code_of([&] { make_approver("ann", codec::Secret(std::string_view("short"))); }), Code::kUsage);
  EXPECT_EQ(parse_approvers(format_approvers(approvers_), "f"), approvers_);
}

}  // namespace
}  // namespace lifeboat::relay
