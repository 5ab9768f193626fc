// A real S3 server behind a proxy that is slow, breaks and lies (tests/servers/faulty_proxy.py): what passes is
// retried and succeeds, what persists ends in a clear error in bounded time, and no wrong byte comes back as right
// where S3's protocol can tell. (A flipped bit in a body it cannot: the vault's seals do.)

#include <fcntl.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/random.h"
#include "net/http_client.h"
#include "store/s3_credentials.h"
#include "store/s3_store.h"

namespace lifeboat::store {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20U;
constexpr S3Tuning kPatient{.retry = {.first_wait = std::chrono::milliseconds(10),
                                      .longest_wait = std::chrono::milliseconds(100),
                                      .deadline = std::chrono::milliseconds(10'000)},
                            .limits = {.stall = std::chrono::seconds(1)}};
// One that gives up soon, for faults that never end.
constexpr S3Tuning kHasty{.retry = {.first_wait = std::chrono::milliseconds(10),
                                    .longest_wait = std::chrono::milliseconds(50),
                                    .deadline = std::chrono::milliseconds(200)},
                          .limits = {.stall = std::chrono::seconds(1)}};

class FaultyStore : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* url = std::getenv("LIFEBOAT_TEST_S3_URL");
    if (url == nullptr) GTEST_SKIP() << "LIFEBOAT_TEST_S3_URL is not set";
    S3Location location = parse_s3_location(parse_url(url), url);
    location.prefix = random_hex(8) + "/";
    direct_ = open_s3_store(location, load_s3_credentials());
    start_proxy(location.host);
    location.host = proxy_;
    store_ = open_s3_store(location, load_s3_credentials(), kPatient);
    hasty_ = open_s3_store(location, load_s3_credentials(), kHasty);
    store_->put("small", as_bytes("0123456789"));
    large_ = random_bytes(20 * kMiB);
    const auto writer = store_->create("large");
    writer->append(large_);
    writer->commit();
  }

  void TearDown() override {
    if (!direct_) return;
    direct_->list("", [&](const ObjectInfo& info) { direct_->remove(info.name); });
    EXPECT_EQ(direct_->remove_unfinished(-std::chrono::hours(1)), 0U) << "an upload was left behind";
  }

  void start_proxy(const std::string& upstream) {
    const Path out = directory_.path() / "out";
    child_.emplace(ProcessOptions{.argv = {"/usr/bin/python3", "tests/servers/faulty_proxy.py", "--upstream", upstream},
                                  .stdout_file = out,
                                  .die_with_parent = true});
    // It says where it listens, or ends; the pause only spares the processor.
    std::string line;
    while (!line.ends_with('\n')) {
      ASSERT_FALSE(child_->wait_for(std::chrono::milliseconds(10))) << "the proxy ended";
      line = as_text(find_and_read_file(out).value_or(Bytes()));
    }
    proxy_ = line.substr(line.rfind(' ') + 1);
    proxy_.pop_back();
  }

  // A JSON list of rules, or nothing.
  void rules(const std::string& json) {
    net::HttpClient client({});
    const std::string body = format("[{}]", json);
    ASSERT_EQ(client.send({.method = "PUT", .url = format("http://{}/~rules", proxy_), .body = as_bytes(body)}).status,
              200);
  }

  int faults() {
    net::HttpClient client({});
    const net::HttpAnswer answer = client.send({.method = "GET", .url = format("http://{}/~stats", proxy_)});
    const json::value stats = parse_json(as_text(answer.body), "stats");
    int sum = 0;
    for (const auto& each : stats.as_object().at("faults").as_object())
      sum += static_cast<int>(each.value().as_int64());
    return sum;
  }

  static void write(Store& store, const std::string& name, ByteView content) {
    const auto writer = store.create(name);
    writer->append(content);
    writer->commit();
  }

  static Error error_of(const std::function<void()>& call) {
    const Stopwatch watch;
    try {
      call();
    } catch (const Exception& e) {
      EXPECT_LT(watch.seconds(), 10) << e.what();
      return e.error();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
  }

  TempDir directory_;
  std::optional<ChildProcess> child_;
  std::string proxy_;
  std::unique_ptr<Store> direct_;  ///< past the proxy
  std::unique_ptr<Store> store_;   ///< through it
  std::unique_ptr<Store> hasty_;   ///< through it too
  Bytes large_;
};

TEST_F(FaultyStore, ReadsOutliveEachFaultTwice) {
  for (const std::string fault : {"status", "reset", "lost", "hang", "truncate", "stall", "short", "range", "late"}) {
    rules(format(R"({{"method":"GET","fault":"{}","ms":300,"times":2}})", fault));
    Bytes out(3 * kMiB);
    store_->get_range("large", 5 * kMiB, out);
    EXPECT_TRUE(std::ranges::equal(out, ByteView(large_).subspan(5 * kMiB, out.size()))) << fault;
    EXPECT_EQ(faults(), fault == "late" ? 1 : 2) << fault;
    // A whole object that claims to be shorter is believed: only the vault knows how long it should be.
    if (fault == "short") continue;
    rules(format(R"({{"method":"GET","fault":"{}","ms":300,"times":2}})", fault));
    EXPECT_EQ(as_text(store_->get("small")), "0123456789") << fault;
  }
  rules(R"({"method":"GET","fault":"missing"})");
  EXPECT_EQ(as_text(store_->get("small")), "0123456789");
}

TEST_F(FaultyStore, WritesOutliveEachFaultTwice) {
  int n = 0;
  for (const std::string fault : {"status", "reset", "lost", "hang", "truncate", "late"}) {
    for (const std::string method : {"PUT", "POST"}) {
      rules(format(R"({{"method":"{}","fault":"{}","ms":300,"times":2,"skip":{}}})", method, fault,
                   method == "PUT" ? 0 : 1));
      const std::string name = format("written/{}", ++n);
      if (method == "PUT") {
        store_->put(name, as_bytes(name));
        EXPECT_EQ(as_text(direct_->get(name)), name) << fault;
      } else {
        write(*store_, name, large_);  // the completion is hit
        EXPECT_EQ(direct_->get(name), large_) << fault;
      }
      EXPECT_GE(faults(), 1) << method << " " << fault;
    }
    rules(format(R"({{"method":"PUT","match":"partNumber=2","fault":"{}","ms":300,"times":2}})", fault));
    const std::string name = format("written/{}", ++n);
    write(*store_, name, large_);
    EXPECT_EQ(direct_->get(name), large_) << fault;
    direct_->remove(name);
  }
}

TEST_F(FaultyStore, ListsOutliveEachFaultTwice) {
  for (int i = 0; i < 1200; ++i) direct_->put(format("list/{:04}", i), {});
  for (const std::string fault : {"status", "reset", "lost", "hang", "truncate", "short", "replay"}) {
    rules(format(R"({{"method":"GET","match":"list-type","fault":"{}","times":2,"skip":1}})", fault));
    int count = 0;
    store_->list("list/", [&](const ObjectInfo& info) { EXPECT_EQ(info.name, format("list/{:04}", count++)); });
    EXPECT_EQ(count, 1200) << fault;
    EXPECT_EQ(faults(), 2) << fault;
  }
}

TEST_F(FaultyStore, WhatPersistsIsAClearErrorSoon) {
  Bytes out(kMiB);
  for (const std::string fault : {"status", "reset", "hang", "truncate", "stall", "short", "range", "missing"}) {
    rules(format(R"({{"match":"large|new","fault":"{}","times":-1}})", fault));
    const Error read = error_of([&] { hasty_->get_range("large", 0, out); });
    EXPECT_TRUE(read.code == Code::kUnavailable || read.code == Code::kTimeout || read.code == Code::kCorruption ||
                read.code == Code::kNotFound)
        << fault << ": " << read.text();
    EXPECT_NE(read.text().find("large"), std::string::npos) << fault << ": " << read.text();
    if (fault == "short" || fault == "range" || fault == "missing" || fault == "stall" || fault == "truncate") continue;
    const Error written = error_of([&] { hasty_->put("new", as_bytes("x")); });
    EXPECT_TRUE(written.code == Code::kUnavailable || written.code == Code::kTimeout)
        << fault << ": " << written.text();
    EXPECT_EQ(error_of([&] { write(*hasty_, "new", large_); }).code, written.code) << fault;
  }
  rules("");
  EXPECT_FALSE(direct_->find("new"));
  direct_->remove_unfinished(-std::chrono::hours(1));  // removing them was among what could not be done
}

TEST_F(FaultyStore, LostAnswersNeverMakeASecondWinner) {
  for (int round = 0; round < 10; ++round) {
    rules(R"({"method":"PUT","fault":"lost","times":4})");
    const std::string name = format("race/{}", round);
    std::atomic<int> winners = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
          const std::string content = format("{}", i);
          try {
            store_->put(name, as_bytes(content));
            ++winners;
            EXPECT_EQ(as_text(direct_->get(name)), content);
          } catch (const Exception& e) {
            EXPECT_EQ(e.code(), Code::kExists) << e.what();
          }
        });
      }
    }
    EXPECT_EQ(winners, 1);
  }
}

TEST_F(FaultyStore, AnAbandonedWriterDoesNotWaitForAHangingServer) {
  rules(R"({"match":"partNumber=1","fault":"hang","times":-1})");
  const Stopwatch watch;
  store_->create("abandoned")->append(large_);
  EXPECT_LT(watch.seconds(), 5);
}

}  // namespace
}  // namespace lifeboat::store
