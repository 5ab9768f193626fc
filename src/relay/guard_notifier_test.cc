#include "relay/guard_notifier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "net/scripted_server.h"

namespace lifeboat::relay {
namespace {

using namespace std::chrono_literals;
using net::testing::reply;
using net::testing::ScriptedServer;
using net::testing::SeenRequest;

class GuardNotifierTest : public ::testing::Test {
 protected:
  GuardNotifierTest() { book_.refresh(); }

  void start() {
    notifier_ = std::make_unique<GuardNotifier>(book_, [this] { return std::make_shared<const GuardConfig>(config_); });
  }
  /// A script whose runs are counted in the file "runs", and which gets its stdin into "told".
  void use_hook(const std::string& rest) {
    const Path script = directory_.path() / "hook";
    std::ofstream(script) << "#!/bin/sh\necho \"$1\" >> " << file("runs").string() << "\n" << rest << "\n";
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    config_.notify.hook = {script.string(), "$(touch " + file("injected").string() + ")"};
  }
  Path file(const std::string& name) const { return directory_.path() / name; }
  std::string content(const std::string& name) const {
    const auto bytes = find_and_read_file(file(name));
    return bytes ? std::string(as_text(*bytes)) : std::string();
  }
  long lines(const std::string& name) const { return std::ranges::count(content(name), '\n'); }
  void hold() {
    HoldSubject subject;
    subject.id = "h0123456789";
    subject.severity = binlog::Severity::kDestroys;
    subject.statement = "DROP DATABASE `; touch x; $(touch x)`";
    book_.begin(subject, "id:2");
  }
  template <typename Condition>
  bool soon(Condition condition) {
    for (int i = 0; i < 800 && !condition(); ++i) std::this_thread::sleep_for(10ms);
    return condition();
  }
  bool told(const std::string& channel) {
    book_.refresh();
    const Hold hold = book_.list().at(0);
    return hold.notices.contains("hold") && hold.notices.at("hold").contains(channel);
  }

  TempDir directory_;
  HoldBook book_{directory_.path()};
  GuardConfig config_;
  std::unique_ptr<GuardNotifier> notifier_;
};

TEST_F(GuardNotifierTest, GivesTheHookItsJsonOnceAndNoShell) {
  use_hook("cat >> " + file("told").string());
  hold();
  start();
  ASSERT_TRUE(soon([&] { return told("hook"); }));
  notifier_.reset();
  start();  // as after a restart
  std::this_thread::sleep_for(600ms);
  EXPECT_EQ(content("runs"), "$(touch " + file("injected").string() + ")\n");
  const json::object body = parse_json(content("told"), "told").as_object();
  EXPECT_EQ(json_string(body, "notice"), "hold");
  EXPECT_EQ(json_string(body, "id"), "h0123456789");
  EXPECT_EQ(json_string(body, "statement"), "DROP DATABASE `; touch x; $(touch x)`");
  EXPECT_FALSE(std::filesystem::exists(file("injected")));
}

TEST_F(GuardNotifierTest, TellsWhoseKeysAreNew) {
  use_hook("cat >> " + file("told").string());
  book_.set_approvers({make_approver("eve", codec::Secret(std::string_view("eve's secret")))}, "os:eve");
  start();
  const auto told_of = [&] {
    book_.refresh();
    return book_.approvers_changes().at(0).told.contains("hook");
  };
  ASSERT_TRUE(soon(told_of));
  const json::object body = parse_json(content("told"), "told").as_object();
  EXPECT_EQ(json_string(body, "notice"), "approvers");
  EXPECT_EQ(json_string(body, "by"), "os:eve");
  EXPECT_EQ(body.at("new_keys"), (json::array{"eve"}));
}

TEST_F(GuardNotifierTest, TriesAgainWhatFailed) {
  use_hook("[ $(wc -l < " + file("runs").string() + ") -ge 2 ]");
  hold();
  start();
  EXPECT_TRUE(soon([&] { return !notifier_->problem().empty(); }));
  EXPECT_TRUE(soon([&] { return told("hook"); }));
  EXPECT_EQ(lines("runs"), 2);
  EXPECT_TRUE(soon([&] { return notifier_->problem().empty(); }));
}

TEST_F(GuardNotifierTest, EndsAHookThatDoesNotEnd) {
  use_hook("sleep 600");
  config_.notify.hook_timeout = 100ms;
  hold();
  start();
  EXPECT_TRUE(soon([&] { return notifier_->problem().find("ran longer than") != std::string::npos; }));
  const auto begun = std::chrono::steady_clock::now();
  notifier_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
}

TEST_F(GuardNotifierTest, SaysThatThereIsNoSuchHook) {
  config_.notify.hook = {file("absent").string()};
  hold();
  start();
  EXPECT_TRUE(soon([&] { return notifier_->problem().find("absent") != std::string::npos; }));
}

TEST_F(GuardNotifierTest, PostsToTheWebhookUntilItIsTaken) {
  std::atomic<int> requests = 0;
  std::string body;
  ScriptedServer server([&](const SeenRequest& request) {
    body = request.body;
    return reply(++requests < 2 ? 503 : 204);
  });
  config_.notify.webhook = server.url() + "/hook";
  hold();
  start();
  EXPECT_TRUE(soon([&] { return told("webhook"); }));
  EXPECT_EQ(requests, 2);
  EXPECT_EQ(json_string(parse_json(body, "body").as_object(), "id"), "h0123456789");
}

}  // namespace
}  // namespace lifeboat::relay
