#include "vault/session.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "store/store_testing.h"
#include "vault/format.h"
#include "vault/sealed_object.h"
#include "vault/session_record.h"
#include "vault/token.h"
#include "vault/vault_testing.h"

namespace lifeboat::vault {
namespace {

std::vector<std::string> session_objects(Vault& vault) {
  std::vector<std::string> names;
  vault.store().list(kSessionsPrefix, [&](const store::ObjectInfo& object) { names.push_back(object.name); });
  return names;
}

/// The session of a process on another machine, so that nothing is known of it but what it wrote.
Id put_foreign_session(Vault& vault, std::chrono::milliseconds expires_in, std::uint64_t number = 0) {
  SessionRecord record;
  record.info.started = vault.store().clock();
  record.info.expires = record.info.started + expires_in;
  record.place = {"elsewhere", "another machine", 7, 7};
  const Id id = random_id();
  put_object(vault, ObjectKind::kSession, session_object_name(id, number), as_bytes(encode_session(record)));
  return id;
}

TEST(Session, IsSeenWhileItLivesAndLeavesNothing) {
  TestVault vault;
  {
    Session session(*vault, SessionKind::kRead, "20261122-000000-000000");
    session.obey({random_id()});
    session.check();
    const auto live = live_sessions(*vault);
    ASSERT_EQ(live.size(), 1U);
    EXPECT_EQ(live[0].kind, SessionKind::kRead);
    EXPECT_EQ(live[0].image, "20261122-000000-000000");
    EXPECT_EQ(live[0].knows.size(), 1U);
    EXPECT_EQ(live[0].pid, ::getpid());
    EXPECT_EQ(session_objects(*vault).size(), 1U) << "renewals remove the one before";
  }
  EXPECT_TRUE(session_objects(*vault).empty());
}

TEST(Session, EndedByAnotherKnowsItAtItsNextStep) {
  TestVault vault;
  Session session(*vault, SessionKind::kWrite);
  EXPECT_TRUE(end_session(*vault, list_sessions(*vault).at(0)));
  EXPECT_TRUE(live_sessions(*vault).empty());
  EXPECT_EQ(error_of([&] { session.check(); }).code, Code::kConflict);
  EXPECT_EQ(error_of([&] { session.check(); }).code, Code::kConflict) << "once lost, always lost";
  EXPECT_FALSE(session.finish());
}

TEST(Session, EndedAndTidiedUpKnowsItStill) {
  TestVault vault;
  Session session(*vault, SessionKind::kWrite);
  const SessionInfo seen = list_sessions(*vault).at(0);
  ASSERT_TRUE(end_session(*vault, seen));
  remove_session(*vault, seen);
  EXPECT_FALSE(session.finish());
  EXPECT_TRUE(live_sessions(*vault).empty());
}

TEST(Session, RenewedMeanwhileIsNotEnded) {
  TestVault vault;
  Session session(*vault, SessionKind::kWrite);
  const SessionInfo seen = list_sessions(*vault).at(0);
  session.check();
  EXPECT_FALSE(end_session(*vault, seen)) << "its next number is taken";
  session.check();
  session.check();
  EXPECT_FALSE(end_session(*vault, seen)) << "its next number is free again, but it is far beyond it";
  EXPECT_EQ(live_sessions(*vault).size(), 1U);
  EXPECT_TRUE(session.finish());
}

/// A store whose clock goes on while ours stands still.
class LaterStore : public store::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  std::chrono::milliseconds ahead{};

  SystemTime clock() override { return ForwardingStore::clock() + ahead; }
};

TEST(Session, OfAHostThatStoodStillGoesOnWhenItWakes) {
  TestVault vault;
  auto store = std::make_unique<LaterStore>(vault.open_store());
  LaterStore& later = *store;
  const auto own = Vault::open(std::move(store), credential(TestVault::kPassphrase));
  Session session(*own, SessionKind::kWrite);
  later.ahead = std::chrono::hours(3);
  EXPECT_TRUE(list_sessions(*own).at(0).dead) << "so it seems to everybody else";
  session.check();
  EXPECT_FALSE(list_sessions(*own).at(0).dead);
  EXPECT_GE(session.store_now(), own->store().clock() - std::chrono::minutes(1));
}

TEST(Session, OfAReaderThatWasTakenForDeadBeginsAnew) {
  TestVault vault;
  Session session(*vault, SessionKind::kRead, "20261122-000000-000000");
  const SessionInfo seen = list_sessions(*vault).at(0);
  ASSERT_TRUE(end_session(*vault, seen));
  session.check();
  const auto live = live_sessions(*vault);
  ASSERT_EQ(live.size(), 1U);
  EXPECT_NE(live[0].id, seen.id);
  EXPECT_EQ(live[0].image, "20261122-000000-000000");
  EXPECT_TRUE(session.finish());
  EXPECT_TRUE(live_sessions(*vault).empty());
}

TEST(Session, FinishedTwiceIsFinished) {
  TestVault vault;
  Session session(*vault, SessionKind::kWrite);
  EXPECT_TRUE(session.finish());
  EXPECT_TRUE(session.finish());
}

TEST(Session, OfAKilledProcessIsDeadAtOnce) {
  TestVault vault;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto own = vault.open();
    const Session session(*own, SessionKind::kWrite);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_EQ(list_sessions(*vault).size(), 1U);
  EXPECT_TRUE(list_sessions(*vault)[0].dead);
  EXPECT_TRUE(live_sessions(*vault).empty());
}

TEST(Session, OfAVolumeOutlivesItsProcess) {
  TestVault vault;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto own = vault.open();
    const Session session(*own, SessionKind::kKeep, "20261122-000000-000000", "a volume");
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  const auto live = live_sessions(*vault);
  ASSERT_EQ(live.size(), 1U);
  EXPECT_EQ(live[0].kind, SessionKind::kKeep);
  EXPECT_EQ(live[0].image, "20261122-000000-000000");
  EXPECT_EQ(live[0].holder, "a volume");
  end_keeping(*vault, "another volume");
  EXPECT_EQ(live_sessions(*vault).size(), 1U);
  end_keeping(*vault, "a volume", {live[0].id});
  EXPECT_EQ(live_sessions(*vault).size(), 1U);
  end_keeping(*vault, "a volume");
  EXPECT_TRUE(session_objects(*vault).empty());
}

TEST(Session, OfAnotherMachineLivesUntilItExpires) {
  TestVault vault;
  put_foreign_session(*vault, std::chrono::minutes(1));
  EXPECT_EQ(live_sessions(*vault).size(), 1U);
  TestVault other;
  put_foreign_session(*other, -std::chrono::minutes(1));
  EXPECT_TRUE(live_sessions(*other).empty());
}

TEST(Session, DamagedCountsAsAWriterThatKnowsNothing) {
  TestVault vault;
  const Id id = put_foreign_session(*vault, std::chrono::minutes(1));
  const std::string name = session_object_name(id, 0);
  Bytes object = vault.content(name);
  object.back() ^= 1U;
  vault.replace(name, object);
  const auto live = live_sessions(*vault);
  ASSERT_EQ(live.size(), 1U);
  EXPECT_EQ(live[0].kind, SessionKind::kWrite);
  EXPECT_FALSE(live[0].damage.empty());
}

TEST(Session, EveryFlippedBitOfAnEndIsFound) {
  TestVault vault;
  const std::string name = session_object_name(random_id(), 3);
  const Bytes token = make_token(vault->keys(), ObjectKind::kSession, name, "ended");
  EXPECT_EQ(read_token(vault->keys(), ObjectKind::kSession, name, token, {"other", "ended"}), "ended");
  for_each_flipped_bit(token, [&](const Bytes& changed, std::size_t bit) {
    const Error error =
        error_of([&] { read_token(vault->keys(), ObjectKind::kSession, name, changed, {"other", "ended"}); });
    EXPECT_TRUE(tells_of_damage(error)) << bit;
  });
}

}  // namespace
}  // namespace lifeboat::vault
