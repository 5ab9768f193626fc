// The S3 driver against a server that fails and lies on purpose. What S3 does when all is well is in
// conformance_test.cc.

#include "store/s3_store.h"

#include <gtest/gtest.h>

#include <ctime>

#include "net/scripted_server.h"

namespace lifeboat::store {
namespace {

using net::testing::reply;
using net::testing::Reply;
using net::testing::ScriptedServer;
using net::testing::SeenRequest;

constexpr S3Tuning kTuning{.retry = {.first_wait = std::chrono::milliseconds(2),
                                     .longest_wait = std::chrono::milliseconds(20),
                                     .deadline = std::chrono::milliseconds(300)},
                           .limits = {.stall = std::chrono::seconds(1)}};
constexpr std::string_view kSecret = "very/secret+key";
constexpr std::string_view kToken = "very-secret-token";

std::unique_ptr<Store> open(const std::string& endpoint) {
  const std::string url = format("s3://bucket/vault?endpoint={}&region=here", endpoint);
  return open_s3_store(
      parse_s3_location(parse_url(url), url),
      {.access_key = "key", .secret_key = codec::Secret(kSecret), .session_token = std::string(kToken)}, kTuning);
}

Error error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Exception& e) {
    return e.error();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

Reply s3_error(int status, std::string_view code, std::string_view headers = {}) {
  return reply(status, format("<Error><Code>{}</Code><Message>words</Message></Error>", code), headers);
}
Reply hang_up() {
  return {.close = true};
}

/// Answers each request with the next reply, and the last one for ever.
ScriptedServer::Handler in_turn(std::vector<Reply> replies) {
  return [replies = std::move(replies), next = std::size_t{0}](const SeenRequest&) mutable {
    return replies[std::min(next++, replies.size() - 1)];
  };
}

/// A writer's server: the probe object is there, and the rest is up to `handler`.
ScriptedServer::Handler after_probe(ScriptedServer::Handler handler) {
  return [handler = std::move(handler)](const SeenRequest& request) {
    return request.target.find('~') != std::string::npos ? reply(412) : handler(request);
  };
}

std::string range_of(std::uint64_t first, std::uint64_t last, std::uint64_t total) {
  return format("Content-Range: bytes {}-{}/{}\r\n", first, last, total);
}

std::string read_range(Store& store, std::uint64_t offset, std::size_t size) {
  Bytes out(size);
  store.get_range("name", offset, out);
  return std::string(as_text(out));
}

TEST(S3Store, RetriesWhatMayPass) {
  const Reply good = reply(206, "2345", range_of(2, 5, 10));
  for (const Reply& bad : std::vector<Reply>{s3_error(503, "SlowDown"),
                                             s3_error(500, "InternalError"),
                                             reply(502),
                                             reply(429),
                                             hang_up(),
                                             s3_error(400, "RequestTimeout"),
                                             {.bytes = good.bytes.substr(0, good.bytes.size() - 2), .close = true},
                                             reply(206, "23", range_of(2, 5, 10)),
                                             reply(206, "3456", range_of(3, 6, 10)),
                                             reply(206, "2345"),
                                             reply(206, "23", range_of(2, 3, 10)),
                                             reply(200, "2345"),
                                             s3_error(404, "NoSuchKey"),
                                             {.bytes = "SSH-2.0\r\n\r\n", .close = true}}) {
    ScriptedServer server(in_turn({bad, good}));
    EXPECT_EQ(read_range(*open(server.url()), 2, 4), "2345") << bad.bytes;
    EXPECT_EQ(server.seen().size(), 2U);
    EXPECT_EQ(server.seen()[1].target, "/bucket/vault/name");
    EXPECT_EQ(server.seen()[1].header("range"), "bytes=2-5");
  }
}

TEST(S3Store, WhatPersistsEndsInAClearErrorInBoundedTime) {
  struct Case {
    Reply answer;
    Code code;
    std::string_view says;
  };
  for (const Case& each : std::vector<Case>{{s3_error(503, "SlowDown"), Code::kUnavailable, "SlowDown"},
                                            {hang_up(), Code::kUnavailable, "mpty reply"},
                                            {reply(206, "3456", range_of(3, 6, 10)), Code::kCorruption, "bytes 3-6/10"},
                                            {s3_error(404, "NoSuchKey"), Code::kNotFound, "no object name"},
                                            {{.hang = true}, Code::kTimeout, "hardly a byte"}}) {
    ScriptedServer server(in_turn({each.answer}));
    const Stopwatch watch;
    const Error error = error_of([&] { read_range(*open(server.url()), 2, 4); });
    EXPECT_LT(watch.seconds(), 4);
    EXPECT_EQ(error.code, each.code) << error.text();
    EXPECT_NE(error.text().find(each.says), std::string::npos) << error.text();
  }
}

TEST(S3Store, TheEndOfAnObjectIsNotRetried) {
  for (const Reply& answer :
       {reply(206, "23", range_of(2, 3, 4)), s3_error(416, "InvalidRange", "Content-Range: bytes */2\r\n")}) {
    ScriptedServer server(in_turn({answer}));
    const Error error = error_of([&] { read_range(*open(server.url()), 2, 4); });
    EXPECT_EQ(error.code, Code::kCorruption) << error.text();
    EXPECT_EQ(server.seen().size(), 1U);
  }
}

TEST(S3Store, RefusalsSayWhatToDo) {
  struct Case {
    Reply answer;
    Code code;
    std::string_view hint;
  };
  const std::string long_ago = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
  for (const Case& each : std::vector<Case>{
           {s3_error(403, "AccessDenied"), Code::kDenied, "permissions"},
           {s3_error(403, "SignatureDoesNotMatch"), Code::kDenied, "AWS_SECRET_ACCESS_KEY"},
           {s3_error(403, "InvalidAccessKeyId"), Code::kDenied, "AWS_ACCESS_KEY_ID"},
           {s3_error(403, "RequestTimeTooSkewed", long_ago), Code::kDenied, "ahead of the store's"},
           {reply(403, "", long_ago), Code::kDenied, "ahead of the store's"},
           {s3_error(404, "NoSuchBucket"), Code::kNotFound, "Make the bucket"},
           {s3_error(301, "PermanentRedirect", "x-amz-bucket-region: eu-north-9\r\n"), Code::kUsage, "eu-north-9"},
           {s3_error(403, "QuotaExceeded"), Code::kOutOfSpace, "quota"}}) {
    ScriptedServer server(in_turn({each.answer}));
    const Error error = error_of([&] { open(server.url())->list("", [](const ObjectInfo&) {}); });
    EXPECT_EQ(error.code, each.code) << error.text();
    EXPECT_NE(error.hint.find(each.hint), std::string::npos) << error.hint;
    EXPECT_EQ(server.seen().size(), 1U);
  }
}

TEST(S3Store, SecretsStayOutOfErrorsAndUrls) {
  ScriptedServer server(in_turn({s3_error(403, "AccessDenied")}));
  const auto store = open(server.url());
  const Error error = error_of([&] { store->get("name"); });
  for (const std::string& text : {error.text(), error.hint, store->url(), server.seen().at(0).head}) {
    EXPECT_EQ(text.find(kSecret), std::string::npos) << text;
  }
  for (const std::string& text : {error.text(), error.hint, store->url()}) {
    EXPECT_EQ(text.find(kToken), std::string::npos) << text;
    EXPECT_EQ(text.find("Signature="), std::string::npos) << text;
  }
  EXPECT_EQ(server.seen()[0].header("x-amz-security-token"), kToken);
}

TEST(S3Store, APutWhoseAnswerWasLostIsRecognised) {
  std::string mark;
  ScriptedServer server(after_probe([&](const SeenRequest& request) {
    if (request.method == "HEAD") return reply(200, "", format("x-amz-meta-lifeboat-writer: {}\r\n", mark));
    EXPECT_EQ(request.header("if-none-match"), "*");
    if (!mark.empty()) return s3_error(412, "PreconditionFailed");
    mark = request.header("x-amz-meta-lifeboat-writer");
    return hang_up();
  }));
  open(server.url())->put("name", as_bytes("content"));
  EXPECT_EQ(mark.size(), 32U);
}

TEST(S3Store, AnotherWritersObjectIsNotTakenForOurs) {
  for (const bool lost_answer : {false, true}) {
    bool first = true;
    ScriptedServer server(after_probe([&](const SeenRequest& request) {
      if (request.method == "HEAD")
        return Reply{"HTTP/1.1 200 X\r\nContent-Length: 9\r\nx-amz-meta-lifeboat-writer: 00\r\n\r\n"};
      return std::exchange(first, false) && lost_answer ? hang_up() : s3_error(412, "PreconditionFailed");
    }));
    EXPECT_EQ(error_of([&] { open(server.url())->put("name", as_bytes("content")); }).code, Code::kExists);
  }
}

TEST(S3Store, AServerThatOverwritesIsRefusedBeforeTheFirstWrite) {
  ScriptedServer server([](const SeenRequest&) { return reply(200); });
  const auto store = open(server.url());
  EXPECT_EQ(error_of([&] { store->put("name", {}); }).code, Code::kUnsupported);
  EXPECT_EQ(error_of([&] { store->create("name"); }).code, Code::kUnsupported);
  for (const SeenRequest& each : server.seen()) EXPECT_EQ(each.target, "/bucket/vault/~never-overwritten");
}

// The multipart side of S3, as far as a test needs it.
struct MultipartServer {
  std::vector<Reply> completions;  ///< answers to completions, in turn; the object appears with each 200
  std::size_t completed = 0;
  bool upload_exists = false;
  int aborted = 0;
  std::string mark;
  std::string object_mark;  ///< empty: no object

  Reply operator()(const SeenRequest& request) {
    const bool has_id = request.target.find("uploadId=") != std::string::npos;
    if (request.method == "HEAD") {
      if (object_mark.empty()) return {"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n"};
      return {format("HTTP/1.1 200 X\r\nContent-Length: 9\r\nx-amz-meta-lifeboat-writer: {}\r\n\r\n", object_mark)};
    }
    if (request.method == "POST" && !has_id) {
      mark = request.header("x-amz-meta-lifeboat-writer");
      upload_exists = true;
      return reply(200, "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>");
    }
    if (request.method == "PUT") return reply(200, "", "ETag: \"tag\"\r\n");
    if (request.method == "DELETE") {
      ++aborted;
      upload_exists = false;
      return reply(204);
    }
    if (request.method == "GET")
      return upload_exists ? reply(200, "<ListPartsResult/>") : s3_error(404, "NoSuchUpload");
    const Reply answer = completions[std::min(completed++, completions.size() - 1)];
    if (answer.close || answer.bytes.find("CompleteMultipartUploadResult") != std::string::npos) {
      object_mark = mark;
      upload_exists = false;
    }
    return answer;
  }
};

const Bytes& large() {
  static const Bytes bytes(std::size_t{17} << 20U, 'x');
  return bytes;
}

void write_large(Store& store) {
  const auto writer = store.create("name");
  writer->append(large());
  writer->commit();
}

TEST(S3Store, ACompletionWhoseAnswerWasLostIsRecognised) {
  MultipartServer script{.completions = {hang_up()}};
  ScriptedServer server(after_probe(std::ref(script)));
  write_large(*open(server.url()));
  EXPECT_GE(script.completed, 1U);
  EXPECT_EQ(script.aborted, 0);
}

TEST(S3Store, ACompletionIsRetriedAfterAnErrorInsideASuccess) {
  MultipartServer script{.completions = {s3_error(200, "InternalError"), s3_error(500, "InternalError"), reply(503),
                                         reply(200, "<CompleteMultipartUploadResult/>")}};
  ScriptedServer server(after_probe(std::ref(script)));
  write_large(*open(server.url()));
  EXPECT_EQ(script.completed, 4U);
}

TEST(S3Store, ACompletionThatCannotWorkEndsAndIsAborted) {
  MultipartServer script{.completions = {s3_error(400, "EntityTooSmall")}};
  ScriptedServer server(after_probe(std::ref(script)));
  EXPECT_EQ(error_of([&] { write_large(*open(server.url())); }).code, Code::kUnavailable);
  EXPECT_EQ(script.aborted, 1);
}

TEST(S3Store, AnUploadRemovedByOthersIsAConflict) {
  MultipartServer script{.completions = {s3_error(500, "InternalError")}};
  ScriptedServer server(after_probe([&](const SeenRequest& request) {
    if (request.method == "POST" && request.target.find("uploadId=") != std::string::npos) script.upload_exists = false;
    return script(request);
  }));
  EXPECT_EQ(error_of([&] { write_large(*open(server.url())); }).code, Code::kConflict);
}

TEST(S3Store, ALargeObjectIsNotPutOverAnother) {
  MultipartServer script{.object_mark = "another's"};
  ScriptedServer server(after_probe(std::ref(script)));
  EXPECT_EQ(error_of([&] { write_large(*open(server.url())); }).code, Code::kExists);
}

std::string list_page(std::initializer_list<std::string_view> keys, bool truncated) {
  std::string page = format("<ListBucketResult><IsTruncated>{}</IsTruncated>", truncated);
  for (const std::string_view key : keys) {
    page += format(
        "<Contents><Key>{}</Key><Size>1</Size><LastModified>2026-11-22T19:00:00.000Z</LastModified></Contents>", key);
  }
  return page + "</ListBucketResult>";
}

TEST(S3Store, ADuplicatePageIsAskedForAgain) {
  const Reply first = reply(200, list_page({"vault/a", "vault/b"}, true));
  ScriptedServer server(in_turn({first, first, reply(200, list_page({"vault/c", "vault/d d", "vault/~x"}, false))}));
  std::string names;
  open(server.url())->list("", [&](const ObjectInfo& info) { names += info.name; });
  EXPECT_EQ(names, "abc");
  EXPECT_NE(server.seen()[2].target.find("start-after=vault%2Fb"), std::string::npos);
}

TEST(S3Store, AListThatLiesForEverIsCorruption) {
  for (const std::string& page :
       {list_page({"vault/b", "vault/a"}, false), list_page({"vault/a", "vault/a"}, false),
        list_page({"elsewhere/a"}, false), list_page({}, true), std::string("<html/>"), std::string()}) {
    ScriptedServer server(in_turn({reply(200, page)}));
    EXPECT_EQ(error_of([&] { open(server.url())->list("", [](const ObjectInfo&) {}); }).code, Code::kCorruption)
        << page;
  }
}

TEST(S3Store, WhatIsNoS3ServerIsNotAskedForLong) {
  ScriptedServer server(in_turn({reply(200, "<html>It works!</html>")}));
  EXPECT_EQ(error_of([&] { open(server.url())->list("", [](const ObjectInfo&) {}); }).code, Code::kCorruption);
  EXPECT_LE(server.seen().size(), 5U);
}

TEST(S3Store, NoLossOfTheBucketLooksLikeAnEmptyOne) {
  ScriptedServer server([](const SeenRequest& request) {
    return request.method == "HEAD" ? Reply{"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n"}
                                    : s3_error(404, "NoSuchBucket");
  });
  const auto store = open(server.url());
  EXPECT_NE(error_of([&] { store->find("name"); }).text().find("no bucket"), std::string::npos);
  EXPECT_NE(error_of([&] { store->get("name"); }).text().find("no bucket"), std::string::npos);
  EXPECT_NE(error_of([&] { store->remove("name"); }).text().find("no bucket"), std::string::npos);
}

TEST(S3Store, ClockIsTheServersNotOurs) {
  ScriptedServer server([](const SeenRequest&) {
    return Reply{"HTTP/1.1 200 X\r\nContent-Length: 0\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"};
  });
  EXPECT_EQ(format_time(open(server.url())->clock()), "1994-11-06T08:49:37Z");
}

TEST(S3Store, LatencyIsLearnt) {
  ScriptedServer server([](const SeenRequest&) {
    return Reply{"HTTP/1.1 200 X\r\nContent-Length: 0\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"};
  });
  const auto store = open(server.url());
  const auto guess = store->latency();
  EXPECT_GT(guess.count(), 0);
  for (int i = 0; i < 20; ++i) store->clock();
  EXPECT_LT(store->latency(), guess);
}

}  // namespace
}  // namespace lifeboat::store
