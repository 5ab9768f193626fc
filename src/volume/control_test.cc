#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <latch>

#include "base/error.h"
#include "volume/control_client.h"
#include "volume/control_server.h"
#include "volume/state_dir.h"

namespace lifeboat::volume {
namespace {

Code code_of_call(const Path& state_dir, std::string_view what) {
  try {
    control_call(state_dir, what);
  } catch (const Exception& e) {
    return e.code();
  }
  ADD_FAILURE() << what << ": nothing was thrown";
  return Code::kInternal;
}

json::object echo(std::string_view what, const json::object& request, const ControlServer::SendProgress&) {
  return {{"did", what}, {"with", request.contains("number") ? request.at("number") : json::value(nullptr)}};
}

TEST(Control, RequestAndArgumentsReachTheHandlerAndItsReplyReturns) {
  const TempDir dir;
  const ControlServer server(control_socket(dir.path()), echo);
  const json::object reply = control_call(dir.path(), "something", {{"number", 7}});
  EXPECT_EQ(json_string(reply, "did"), "something");
  EXPECT_EQ(json_integer(reply, "with"), 7);
}

TEST(Control, WorksInDirectoriesWithPathsLongerThanASocketAddress) {
  const TempDir dir;
  const Path deep = dir.path() / std::string(100, 'a') / std::string(100, 'b');
  make_directories(deep);
  const ControlServer server(control_socket(deep), echo);
  EXPECT_EQ(json_string(control_call(deep, "x"), "did"), "x");
}

TEST(Control, HandlersErrorArrivesAsTheExceptionItWas) {
  const TempDir dir;
  const ControlServer server(
      control_socket(dir.path()),
      [](std::string_view, const json::object&, const ControlServer::SendProgress&) -> json::object {
        fail(Code::kBusy, "somebody is at it", "Wait.");
      });
  try {
    control_call(dir.path(), "x");
    FAIL();
  } catch (const Exception& e) {
    EXPECT_EQ(e.code(), Code::kBusy);
    EXPECT_EQ(e.error().message, "somebody is at it");
    EXPECT_EQ(e.error().hint, "Wait.");
  }
}

TEST(Control, ProgressLinesComeBeforeTheReply) {
  const TempDir dir;
  const ControlServer server(control_socket(dir.path()),
                             [](std::string_view, const json::object&, const ControlServer::SendProgress& progress) {
                               for (int i = 0; i < 3; ++i) progress({{"step", i}});
                               return json::object{{"done", true}};
                             });
  std::vector<std::int64_t> steps;
  const json::object reply = control_call(dir.path(), "x", {}, std::chrono::seconds(60), [&](const json::object& line) {
    steps.push_back(json_integer(line, "step"));
  });
  EXPECT_EQ(steps, (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_TRUE(reply.at("done").as_bool());
}

TEST(Control, SeveralClientsAreServedAtOnce) {
  const TempDir dir;
  std::latch both(2);
  const ControlServer server(control_socket(dir.path()),
                             [&](std::string_view, const json::object&, const ControlServer::SendProgress&) {
                               both.arrive_and_wait();
                               return json::object{};
                             });
  std::thread other([&] { control_call(dir.path(), "a"); });
  control_call(dir.path(), "b");
  other.join();
}

TEST(Control, NobodyThereIsUnavailable) {
  const TempDir dir;
  EXPECT_EQ(code_of_call(dir.path(), "x"), Code::kUnavailable);
  {
    const ControlServer server(control_socket(dir.path()), echo);
  }
  EXPECT_EQ(code_of_call(dir.path(), "x"), Code::kUnavailable);
}

TEST(Control, WhatIsNoRequestGetsAnErrorAndNotACrash) {
  const TempDir dir;
  const ControlServer server(control_socket(dir.path()), echo);
  for (const std::string_view bad : {"no json\n", "[1,2]\n", "{\"do\":7}\n", "{}\n", "\n"}) {
    LineSocket socket(find_connection(control_socket(dir.path())));
    ASSERT_EQ(::write(socket.fd(), bad.data(), bad.size()), static_cast<ssize_t>(bad.size()));
    const std::optional<json::object> reply = socket.receive(std::chrono::seconds(10));
    ASSERT_TRUE(reply) << bad;
    EXPECT_TRUE(reply->contains("error")) << bad;
  }
  EXPECT_EQ(json_string(control_call(dir.path(), "still"), "did"), "still");
}

TEST(Control, AnEndlessLineIsCutOff) {
  const TempDir dir;
  const ControlServer server(control_socket(dir.path()), echo);
  LineSocket socket(find_connection(control_socket(dir.path())));
  const std::string block(65536, 'x');
  for (int i = 0; i < 64; ++i) {
    if (::send(socket.fd(), block.data(), block.size(), MSG_NOSIGNAL) < 0) break;
  }
  EXPECT_EQ(json_string(control_call(dir.path(), "still"), "did"), "still");
}

}  // namespace
}  // namespace lifeboat::volume
