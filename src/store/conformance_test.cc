// The suite every driver passes: on a directory always, on S3 when LIFEBOAT_TEST_S3_URL names a bucket of a real server
// (tests/servers/with-ceph-rgw.sh sets it). Each test has a fresh, empty store; `open()` gives one more view of it, as
// another process would have.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <latch>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "store/store.h"

namespace lifeboat::store {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20U;

// Bytes that depend on `seed` and have no short period, so that a shifted or swapped part shows.
Bytes pattern(std::size_t size, std::uint64_t seed) {
  Bytes bytes(size);
  std::uint64_t state = seed * 0x9E3779B97F4A7C15U + 1;
  for (std::uint8_t& byte : bytes) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<std::uint8_t>(state >> 56U);
  }
  return bytes;
}

std::vector<std::string> names(Store& store, std::string_view prefix) {
  std::vector<std::string> found;
  store.list(prefix, [&](const ObjectInfo& info) { found.push_back(info.name); });
  return found;
}

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

std::vector<std::string> kinds() {
  if (std::getenv("LIFEBOAT_TEST_S3_URL") != nullptr) return {"directory", "s3"};
  return {"directory"};
}

class StoreConformance : public ::testing::TestWithParam<std::string> {
 protected:
  StoreConformance() {
    if (GetParam() == "directory") {
      url_ = "file://" + (directory_.path() / "store").string();
    } else {
      // bucket URL with options: the prefix goes before the question mark
      url_ = std::getenv("LIFEBOAT_TEST_S3_URL");
      url_.insert(std::min(url_.find('?'), url_.size()), "/" + random_hex(8));
    }
    store_ = open();
  }

  ~StoreConformance() override {
    for (const std::string& name : names(*store_, "")) store_->remove(name);
  }

  std::unique_ptr<Store> open() const { return open_store(url_); }

  // Runs `work(i)` on `count` threads that start together.
  template <typename Work>
  static void at_once(int count, Work work) {
    std::latch start(count);
    std::vector<std::jthread> threads;
    for (int i = 0; i < count; ++i) {
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        work(i);
      });
    }
  }

  TempDir directory_;
  std::string url_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Drivers, StoreConformance, ::testing::ValuesIn(kinds()),
                         [](const auto& test) { return test.param; });

TEST_P(StoreConformance, AnObjectPutIsReadBackByAnotherView) {
  const Bytes content = pattern(100'000, 1);
  store_->put("packs/ab/one", content);
  EXPECT_EQ(open()->get("packs/ab/one"), content);
  const auto info = open()->find("packs/ab/one");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->name, "packs/ab/one");
  EXPECT_EQ(info->size, content.size());
}

TEST_P(StoreConformance, AnEmptyObjectIsAnObject) {
  store_->put("empty", {});
  EXPECT_TRUE(store_->get("empty").empty());
  EXPECT_EQ(store_->find("empty")->size, 0U);
  store_->create("empty-too")->commit();
  EXPECT_TRUE(store_->get("empty-too").empty());
  store_->get_range("empty", 0, {});
  EXPECT_EQ(names(*store_, ""), (std::vector<std::string>{"empty", "empty-too"}));
}

TEST_P(StoreConformance, WhatIsAbsentIsNotFound) {
  Bytes out(1);
  EXPECT_EQ(code_of([&] { store_->get("a/b"); }), Code::kNotFound);
  EXPECT_EQ(code_of([&] { store_->get_range("a/b", 0, out); }), Code::kNotFound);
  EXPECT_FALSE(store_->find("a/b"));
  EXPECT_TRUE(names(*store_, "").empty());
  EXPECT_TRUE(names(*store_, "a/").empty());
  store_->remove("a/b");
  store_->put("a/c", pattern(10, 1));
  EXPECT_EQ(code_of([&] { store_->get("a/b"); }), Code::kNotFound);
  EXPECT_FALSE(store_->find("a"));
}

TEST_P(StoreConformance, ATakenNameIsRefusedAndItsObjectUntouched) {
  const Bytes first = pattern(5000, 1);
  store_->put("name", first);
  EXPECT_EQ(code_of([&] { store_->put("name", pattern(6000, 2)); }), Code::kExists);
  EXPECT_EQ(code_of([&] { open()->put("name", first); }), Code::kExists);
  const auto writer = store_->create("name");
  writer->append(pattern(10, 3));
  EXPECT_EQ(code_of([&] { writer->commit(); }), Code::kExists);
  EXPECT_EQ(store_->get("name"), first);
}

TEST_P(StoreConformance, OfManyPuttersExactlyOneWins) {
  for (int round = 0; round < 10; ++round) {
    const std::string name = format("race/{}", round);
    std::atomic<int> winner = -1;
    std::atomic<int> losers = 0;
    at_once(8, [&](int i) {
      try {
        open()->put(name, pattern(20'000, static_cast<std::uint64_t>(i)));
        EXPECT_EQ(winner.exchange(i), -1);
      } catch (const Exception& e) {
        EXPECT_EQ(e.code(), Code::kExists) << e.what();
        ++losers;
      }
    });
    EXPECT_EQ(losers, 7);
    ASSERT_GE(winner, 0);
    EXPECT_EQ(store_->get(name), pattern(20'000, static_cast<std::uint64_t>(winner.load())));
  }
}

TEST_P(StoreConformance, AWriterStreamsAnObjectOfManyParts) {
  const Bytes content = pattern(27 * kMiB + 12'345, 4);
  const auto writer = store_->create("big");
  std::size_t step = 1;
  for (std::size_t at = 0; at < content.size(); at += step) {
    step = std::min(step * 3 + 1, std::min(3 * kMiB, content.size() - at));
    writer->append(ByteView(content).subspan(at, step));
    if (at < kMiB) {
      EXPECT_FALSE(store_->find("big"));
    }
  }
  writer->commit();
  EXPECT_EQ(store_->find("big")->size, content.size());
  EXPECT_EQ(store_->get("big"), content);
  for (const std::size_t at : {std::size_t{0}, 8 * kMiB - 1, 16 * kMiB - 5000, content.size() - 10'000}) {
    Bytes out(10'000);
    store_->get_range("big", at, out);
    EXPECT_TRUE(std::ranges::equal(out, ByteView(content).subspan(at, out.size()))) << at;
  }
}

TEST_P(StoreConformance, AnAbandonedWriterLeavesNothingVisible) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{100}, 20 * kMiB}) {
    store_->create("abandoned")->append(pattern(size, 5));
    EXPECT_FALSE(store_->find("abandoned"));
    EXPECT_TRUE(names(*store_, "").empty());
  }
  store_->put("abandoned", pattern(3, 1));
}

TEST_P(StoreConformance, OneOfSeveralWritersOfANameMakesIt) {
  const auto first = store_->create("name");
  const auto other = open();
  const auto second = other->create("name");
  first->append(pattern(100, 1));
  second->append(pattern(200, 2));
  second->commit();
  EXPECT_EQ(code_of([&] { first->commit(); }), Code::kExists);
  EXPECT_EQ(store_->get("name"), pattern(200, 2));
}

TEST_P(StoreConformance, ARangeBeyondTheEndIsCorruption) {
  store_->put("short", pattern(1000, 1));
  Bytes out(100);
  EXPECT_EQ(code_of([&] { store_->get_range("short", 901, out); }), Code::kCorruption);
  EXPECT_EQ(code_of([&] { store_->get_range("short", 1000, out); }), Code::kCorruption);
  EXPECT_EQ(code_of([&] { store_->get_range("short", 1'000'000'000'000, out); }), Code::kCorruption);
  store_->get_range("short", 900, out);
  EXPECT_TRUE(std::ranges::equal(out, ByteView(pattern(1000, 1)).last(100)));
}

TEST_P(StoreConformance, AnObjectLargerThanAllowedIsCorruption) {
  store_->put("large", pattern(1000, 1));
  EXPECT_EQ(code_of([&] { store_->get("large", 999); }), Code::kCorruption);
  EXPECT_EQ(store_->get("large", 1000).size(), 1000U);
}

TEST_P(StoreConformance, ListIsInBytewiseOrderOfWholeNames) {
  std::vector<std::string> all = {"b",      "a.b",    "a-b",     "a/b",   "a/b.c", "a/b-c", "a/bc",    "a0",  "aB",
                                  "A/z",    "a/c/d",  "a/c.d",   "a/c-d", "_x",    "-x",    ".hidden", "...", "Z",
                                  "zz/z/z", "a/c0/d", "a/cZ/dd", "a_/b",  "a-/b",  "x/.y",  "x/_"};
  for (const std::string& name : all) store_->put(name, as_bytes(name));
  std::ranges::sort(all);
  EXPECT_EQ(names(*store_, ""), all);
  for (const std::string prefix : {"a", "a/", "a/c", "a/c/", "a/b", "A", "x/", "zz/z/", "zz/z/z", "none", "a/none/x"}) {
    std::vector<std::string> expected;
    std::ranges::copy_if(all, std::back_inserter(expected), [&](const auto& name) { return name.starts_with(prefix); });
    EXPECT_EQ(names(*open(), prefix), expected) << prefix;
  }
  store_->list("", [](const ObjectInfo& info) { EXPECT_EQ(info.size, info.name.size()); });
}

TEST_P(StoreConformance, ListSpansPages) {
  constexpr int kObjects = 2300;  // S3 lists at most 1000 at once
  at_once(8, [&](int i) {
    for (int n = i; n < kObjects; n += 8) store_->put(format("many/{:04}", n), {});
  });
  const auto found = names(*store_, "many/");
  ASSERT_EQ(found.size(), static_cast<std::size_t>(kObjects));
  for (int n = 0; n < kObjects; ++n) EXPECT_EQ(found[static_cast<std::size_t>(n)], format("many/{:04}", n));
  EXPECT_EQ(names(*store_, "many/22").size(), 100U);
  at_once(8, [&](int i) {
    for (int n = i; n < kObjects; n += 8) store_->remove(format("many/{:04}", n));
  });
  EXPECT_TRUE(names(*open(), "").empty());
}

TEST_P(StoreConformance, ListMayRemoveWhatItShows) {
  for (int n = 0; n < 50; ++n) store_->put(format("gone/{}", n), {});
  int seen = 0;
  store_->list("gone/", [&](const ObjectInfo& info) {
    ++seen;
    store_->remove(info.name);
  });
  EXPECT_EQ(seen, 50);
  EXPECT_TRUE(names(*store_, "").empty());
}

TEST_P(StoreConformance, PutsAndRemovesShowAtOnceInOtherViews) {
  const auto other = open();
  Bytes out(10);
  store_->put("now", pattern(10, 1));
  EXPECT_EQ(names(*other, "no"), std::vector<std::string>{"now"});
  other->get_range("now", 0, out);
  store_->remove("now");
  EXPECT_FALSE(other->find("now"));
  EXPECT_TRUE(names(*other, "").empty());
  EXPECT_EQ(code_of([&] { other->get_range("now", 0, out); }), Code::kNotFound);
  other->put("now", pattern(10, 2));
  store_->get_range("now", 0, out);
  EXPECT_EQ(out, pattern(10, 2));
}

TEST_P(StoreConformance, OddNamesAreKeptAsTheyAre) {
  const std::string longest = std::string(100, 'x') + "/" + std::string(99, 'y');
  for (const std::string& name :
       {std::string("-"), std::string("_"), std::string("..."), std::string(".a"), std::string("a..b"),
        std::string("tmp/x"), std::string("CON"), std::string("A/a/A"), std::string("-rf"), longest}) {
    store_->put(name, as_bytes(name));
    EXPECT_EQ(as_text(store_->get(name)), name);
    EXPECT_EQ(names(*store_, name), std::vector<std::string>{name});
    store_->remove(name);
  }
}

TEST_P(StoreConformance, IllegalNamesAreRefused) {
  for (const std::string& name :
       {std::string(), std::string("/"), std::string("/a"), std::string("a/"), std::string("a//b"), std::string("."),
        std::string(".."), std::string("../a"), std::string("a/../b"), std::string("a/./b"), std::string("a/.."),
        std::string("~tmp/x"), std::string("a b"), std::string("a\n"), std::string("a\0b", 3), std::string("ä"),
        std::string("a%2e"), std::string(201, 'a')}) {
    EXPECT_EQ(code_of([&] { store_->put(name, {}); }), Code::kUsage) << name;
    EXPECT_EQ(code_of([&] { store_->create(name); }), Code::kUsage) << name;
    EXPECT_EQ(code_of([&] { store_->get(name); }), Code::kUsage) << name;
    EXPECT_EQ(code_of([&] { store_->find(name); }), Code::kUsage) << name;
    EXPECT_EQ(code_of([&] { store_->remove(name); }), Code::kUsage) << name;
  }
}

TEST_P(StoreConformance, ManyThreadsWriteReadListAndRemove) {
  at_once(8, [&](int i) {
    for (std::uint64_t n = 0; n < 20; ++n) {
      const std::string name = format("t{}/{}", i, n);
      const Bytes content = pattern(1000 * (n + 1), n + static_cast<std::uint64_t>(i) * 100);
      store_->put(name, content);
      Bytes out(500);
      for (std::size_t at = 0; at + out.size() <= content.size(); at += 2000) {
        store_->get_range(name, at, out);
        EXPECT_TRUE(std::ranges::equal(out, ByteView(content).subspan(at, out.size())));
      }
      EXPECT_EQ(names(*store_, format("t{}/", i)).size(), (n + 1) / 2 + 1);
      if (n % 2 == 1) store_->remove(name);
    }
  });
  EXPECT_EQ(names(*store_, "t").size(), 80U);
}

TEST_P(StoreConformance, ClockAndTimesOfObjectsAgree) {
  const SystemTime before = store_->clock();
  store_->put("dated", {});
  const SystemTime after = store_->clock();
  const SystemTime modified = store_->find("dated")->modified;
  // S3 gives whole seconds.
  EXPECT_GE(modified, before - std::chrono::seconds(1));
  EXPECT_LE(modified, after + std::chrono::seconds(1));
  EXPECT_LT(after - before, std::chrono::minutes(1));
}

TEST_P(StoreConformance, UnfinishedObjectsAreRemovedByAgeOnly) {
  const auto unfinished = store_->create("unfinished");
  unfinished->append(pattern(20 * kMiB, 1));
  EXPECT_EQ(store_->remove_unfinished(std::chrono::hours(1)), 0U);
  const auto finished = store_->create("finished");
  finished->append(pattern(20 * kMiB, 2));
  finished->commit();
  EXPECT_EQ(store_->get("finished"), pattern(20 * kMiB, 2));
  // In a second it is older than nothing at all, by any clock's resolution.
  EXPECT_GT(store_->remove_unfinished(-std::chrono::seconds(2)), 0U);
  EXPECT_EQ(code_of([&] { unfinished->commit(); }), Code::kConflict);
  EXPECT_EQ(names(*store_, ""), std::vector<std::string>{"finished"});
}

TEST(S3Tls, OnlyATrustedServerIsTalkedTo) {
  const char* named = std::getenv("LIFEBOAT_TEST_S3_TLS_URL");
  if (named == nullptr) GTEST_SKIP() << "LIFEBOAT_TEST_S3_TLS_URL is not set";
  std::string url = named;
  url.insert(url.find('?'), "/" + random_hex(8));
  const auto store = open_store(url);
  store->put("tls", pattern(100'000, 1));
  EXPECT_EQ(store->get("tls"), pattern(100'000, 1));
  store->remove("tls");
  // Not signed by an authority that the system knows, and no certificate for this name.
  const std::string untrusted = url.substr(0, url.find("&ca="));
  EXPECT_EQ(code_of([&] { open_store(untrusted)->get("tls"); }), Code::kDenied);
  std::string other_name = url;
  other_name.replace(other_name.find("127.0.0.1"), 9, "localhost");
  EXPECT_EQ(code_of([&] { open_store(other_name)->get("tls"); }), Code::kDenied);
}

}  // namespace
}  // namespace lifeboat::store
