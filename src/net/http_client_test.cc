#include "net/http_client.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <latch>

#include "net/scripted_server.h"

namespace lifeboat::net {
namespace {

using testing::reply;
using testing::Reply;
using testing::ScriptedServer;
using testing::SeenRequest;

constexpr HttpLimits kLimits{.connect = std::chrono::milliseconds(5000), .stall = std::chrono::seconds(1)};

template <typename Call>
Code code_of(Call call) {
  try {
    call();
  } catch (const Exception& e) {
    return e.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return Code::kInternal;
}

// The code of a GET that this reply answers.
Code code_of_get(const Reply& answer) {
  ScriptedServer server([&](const SeenRequest&) { return answer; });
  HttpClient client(kLimits);
  return code_of([&] { client.send({.method = "GET", .url = server.url()}); });
}

TEST(HttpClient, SendsMethodPathHeadersAndBodyAsGiven) {
  ScriptedServer server(
      [](const SeenRequest&) { return reply(201, "made", "X-Odd:  spaced out \r\nETag: \"1\"\r\n"); });
  HttpClient client(kLimits);
  const std::string body(3'000'000, 'b');
  const HttpAnswer answer = client.send(
      {.method = "PUT", .url = server.url() + "/a/../b?q=%2F", .headers = {{"x-one", "1"}}, .body = as_bytes(body)});
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(as_text(answer.body), "made");
  EXPECT_EQ(answer.header("x-odd"), "spaced out");
  EXPECT_EQ(answer.header("etag"), "\"1\"");
  EXPECT_EQ(answer.header("none"), "");
  const SeenRequest seen = server.seen().at(0);
  EXPECT_EQ(seen.method, "PUT");
  EXPECT_EQ(seen.target, "/a/../b?q=%2F");
  EXPECT_EQ(seen.header("x-one"), "1");
  EXPECT_EQ(seen.header("Expect"), "");
  EXPECT_EQ(seen.body, body);
}

TEST(HttpClient, KeepsItsConnectionForEveryMethod) {
  ScriptedServer server([](const SeenRequest& request) {
    return request.method == "HEAD" ? Reply{"HTTP/1.1 200 X\r\nContent-Length: 99\r\n\r\n"} : reply(200, "ok");
  });
  HttpClient client(kLimits);
  for (const std::string method : {"GET", "HEAD", "PUT", "POST", "DELETE", "GET"}) {
    EXPECT_EQ(client.send({.method = method, .url = server.url()}).status, 200) << method;
  }
  EXPECT_EQ(server.connections(), 1);
  ASSERT_EQ(server.seen().size(), 6U);
  EXPECT_EQ(server.seen()[4].method, "DELETE");
}

TEST(HttpClient, ABodyGoesStraightToItsTarget) {
  ScriptedServer server([](const SeenRequest&) { return reply(206, "0123456789"); });
  HttpClient client(kLimits);
  Bytes target(12, '-');
  const HttpAnswer answer = client.send({.method = "GET", .url = server.url(), .target = target});
  EXPECT_EQ(answer.target_size, 10U);
  EXPECT_TRUE(answer.body.empty());
  EXPECT_EQ(as_text(target), "0123456789--");
}

TEST(HttpClient, AnErrorsBodyLeavesTheTargetAlone) {
  ScriptedServer server([](const SeenRequest&) { return reply(404, "<Error/>"); });
  HttpClient client(kLimits);
  Bytes target(4, '-');
  const HttpAnswer answer = client.send({.method = "GET", .url = server.url(), .target = target});
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.target_size, 0U);
  EXPECT_EQ(as_text(answer.body), "<Error/>");
  EXPECT_EQ(as_text(target), "----");
}

TEST(HttpClient, AnswersAreBounded) {
  ScriptedServer server([](const SeenRequest& request) {
    if (request.target == "/headers") return reply(200, "", "X-Long: " + std::string(100'000, 'x') + "\r\n");
    return reply(200, std::string(101, 'x'));
  });
  HttpClient client(kLimits);
  Bytes target(100);
  EXPECT_EQ(code_of([&] { client.send({.method = "GET", .url = server.url(), .target = target}); }), Code::kOutOfSpace);
  EXPECT_EQ(code_of([&] { client.send({.method = "GET", .url = server.url(), .body_size_max = 100}); }),
            Code::kOutOfSpace);
  EXPECT_EQ(client.send({.method = "GET", .url = server.url(), .body_size_max = 101}).body.size(), 101U);
  EXPECT_EQ(code_of([&] { client.send({.method = "GET", .url = server.url() + "/headers"}); }), Code::kOutOfSpace);
}

TEST(HttpClient, BrokenAnswersAreErrors) {
  EXPECT_EQ(code_of_get({.bytes = "HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\n12345", .close = true}),
            Code::kUnavailable);
  EXPECT_EQ(code_of_get({.bytes = "HTTP/1.1 200 X\r\nContent-Le", .close = true}), Code::kUnavailable);
  EXPECT_EQ(code_of_get({.bytes = "HTTP/1.1 200 X\r\n\r\n12345", .close = true}), Code::kUnavailable);
  EXPECT_EQ(code_of_get({.bytes = "", .close = true}), Code::kUnavailable);
  EXPECT_EQ(code_of_get({.bytes = "SSH-2.0-OpenSSH\r\n\r\n", .close = true}), Code::kCorruption);
  EXPECT_EQ(code_of_get({.bytes = "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123", .close = true}),
            Code::kUnavailable);
}

TEST(HttpClient, ASilentServerTimesOut) {
  EXPECT_EQ(code_of_get({.bytes = "", .hang = true}), Code::kTimeout);
  EXPECT_EQ(code_of_get({.bytes = "HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\n12345", .hang = true}), Code::kTimeout);
}

TEST(HttpClient, NoServerIsUnavailable) {
  std::string url;
  {
    ScriptedServer server([](const SeenRequest&) { return reply(200); });
    url = server.url();
  }
  HttpClient client(kLimits);
  EXPECT_EQ(code_of([&] { client.send({.method = "GET", .url = url}); }), Code::kUnavailable);
  EXPECT_EQ(code_of([&] { client.send({.method = "GET", .url = "file:///etc/passwd"}); }), Code::kCorruption);
}

TEST(HttpClient, ABodyIsSentAgainWhenAKeptConnectionHasDied) {
  ScriptedServer server([](const SeenRequest& request) {
    Reply answer = reply(200, "ok");
    answer.close = request.body == "first";  // after its answer, without saying so
    return answer;
  });
  HttpClient client(kLimits);
  client.send({.method = "PUT", .url = server.url(), .body = as_bytes("first")});
  const std::string body(1'000'000, 's');
  EXPECT_EQ(client.send({.method = "PUT", .url = server.url(), .body = as_bytes(body)}).status, 200);
  EXPECT_EQ(server.seen().back().body, body);
}

TEST(HttpClient, AStopEndsARequestThatWaits) {
  std::stop_source stop;
  ScriptedServer server([&](const SeenRequest&) {
    stop.request_stop();
    return Reply{.hang = true};
  });
  HttpClient client({.stall = std::chrono::seconds(60)});
  EXPECT_EQ(code_of([&] { client.send({.method = "GET", .url = server.url(), .stop = stop.get_token()}); }),
            Code::kCancelled);
}

TEST(HttpClient, RedirectsAreAnswersNotFollowed) {
  ScriptedServer server([](const SeenRequest&) { return reply(307, "", "Location: http://127.0.0.1:1/\r\n"); });
  HttpClient client(kLimits);
  EXPECT_EQ(client.send({.method = "GET", .url = server.url()}).status, 307);
}

TEST(HttpClient, ManyThreadsShareOneClient) {
  ScriptedServer server([](const SeenRequest& request) { return reply(200, request.target); });
  HttpClient client(kLimits);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        for (int n = 0; n < 50; ++n) {
          const std::string path = format("/{}/{}", i, n);
          EXPECT_EQ(as_text(client.send({.method = "GET", .url = server.url() + path}).body), path);
        }
      });
    }
  }
  EXPECT_LE(server.connections(), 8);
}

TEST(HttpClient, ConnectionsAreNotInherited) {
  ScriptedServer server([](const SeenRequest&) { return reply(200); });
  HttpClient client(kLimits);
  client.send({.method = "GET", .url = server.url()});
  int sockets = 0;
  for (const std::string& name : list_directory("/proc/self/fd")) {
    const int fd = std::stoi(name);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 || address.sin_family != AF_INET) continue;
    ++sockets;
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_EQ(sockets, 3);  // the listening one, and both ends
}

TEST(HttpClient, AMissingCaFileIsAnError) {
  EXPECT_EQ(code_of([] { HttpClient client(kLimits, "/no/such/file"); }), Code::kNotFound);
}

TEST(HttpDate, IsParsed) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
  EXPECT_EQ(parse_http_date(""), -1);
  EXPECT_EQ(parse_http_date("yesterday"), -1);
}

}  // namespace
}  // namespace lifeboat::net
