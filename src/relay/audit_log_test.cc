#include "relay/audit_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "codec/hash.h"

namespace lifeboat::relay {
namespace {

class AuditLogTest : public ::testing::Test {
 protected:
  Path file() const { return directory_.path() / "audit.log"; }
  std::string content() const { return std::string(as_text(read_file(file()))); }
  void write(const std::string& text) const { std::ofstream(file(), std::ios::binary) << text; }

  void append(const std::string& event) const {
    AuditLog log(file());
    const auto lock = log.lock(std::chrono::seconds(1));
    log.read_new([](const AuditEntry&) {});
    log.append(event, {{"word", event}});
  }
  /// "1:a 2:b", or the error.
  std::string events() const {
    AuditLog log(file());
    std::string text;
    try {
      log.read_new([&](const AuditEntry& entry) {
        text += format("{}{}:{}", text.empty() ? "" : " ", entry.number, entry.event);
      });
    } catch (const Exception& e) {
      text += format(" {}", e.error().message.substr(e.error().message.find("line")));
    }
    return text;
  }

  TempDir directory_;
};

TEST_F(AuditLogTest, TellsWhatWasAppendedInOrder) {
  EXPECT_EQ(events(), "");
  append("a");
  append("b");
  EXPECT_EQ(events(), "1:a 2:b");
}

TEST_F(AuditLogTest, TellsAReaderOnlyWhatIsNew) {
  append("a");
  AuditLog log(file());
  std::string seen;
  const auto read = [&] { log.read_new([&](const AuditEntry& entry) { seen += entry.event; }); };
  read();
  append("b");
  append("c");
  read();
  read();
  EXPECT_EQ(seen, "abc");
}

TEST_F(AuditLogTest, ForgetsHalfAnEntryThatACrashLeft) {
  append("a");
  append("b");
  const std::string whole = content();
  const std::size_t second = whole.find('\n') + 1;
  for (std::size_t size = second; size < whole.size(); ++size) {  // cut at every length
    write(whole.substr(0, size));
    EXPECT_EQ(events(), "1:a") << size;
    append("c");
    EXPECT_EQ(events(), "1:a 2:c") << size;
  }
}

TEST_F(AuditLogTest, NamesTheFirstLineThatWasChanged) {
  append("a");
  append("b");
  append("c");
  const std::string whole = content();
  for (std::size_t i = 0; i < whole.size(); ++i) {  // each byte in turn
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    write(changed);
    const std::string told = events();
    const auto line = std::ranges::count(whole.substr(0, i), '\n');
    // The last line feed gone, the last line is half an entry.
    if (i + 1 == whole.size()) {
      EXPECT_EQ(told, "1:a 2:b");
    } else {
      EXPECT_NE(told.find(format("line {}:", line + 1)), std::string::npos) << i << ": " << told;
    }
  }
}

TEST_F(AuditLogTest, MissesLinesThatWereRemovedAddedOrExchanged) {
  for (const char* event : {"a", "b", "c"}) append(event);
  const std::string whole = content();
  const std::size_t b = whole.find('\n') + 1;
  const std::size_t c = whole.find('\n', b) + 1;
  const std::string first = whole.substr(0, b);
  const std::string second = whole.substr(b, c - b);
  const std::string third = whole.substr(c);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {first + third, "1:a line 2:"},          {second + third, " line 1:"},
      {first + third + second, "1:a line 2:"}, {first + second + second + third, "1:a 2:b line 3:"},
      {first + "\n" + second, "1:a line 2:"},
  };
  for (const auto& [text, expected] : cases) {
    write(text);
    EXPECT_TRUE(events().starts_with(expected)) << events();
  }
}

TEST_F(AuditLogTest, RefusesAnEntryThatIsTooLongAndGoesOn) {
  append("a");
  AuditLog log(file());
  log.read_new([](const AuditEntry&) {});
  EXPECT_THROW(log.append("b", {{"x", std::string(AuditLog::kLineMax, 'x')}}), Exception);
  log.append("c", {});
  EXPECT_EQ(events(), "1:a 2:c");
}

TEST_F(AuditLogTest, TakesNoEntryThatIsOlderThanTheOneBefore) {
  append("a");
  const std::string before = content().substr(0, 64);
  const std::string payload = R"({"number":2,"time":"2023-11-14T22:13:20Z","time_ms":1700000000000,"event":"b"})";
  write(content() + to_hex(codec::sha256(as_bytes(before + " " + payload))) + " " + payload + "\n");
  EXPECT_TRUE(events().starts_with("1:a line 2: it is older")) << events();
}

TEST_F(AuditLogTest, TakesNoEntryBeforeItsTime) {
  SystemTime time = now();
  append("a");
  AuditLog early(file(), [&] { return time + std::chrono::hours(1); });
  early.read_new([](const AuditEntry&) {});
  early.append("b", {});
  AuditLog log(file(), [&] { return time; });
  std::string seen;
  const auto read = [&] { log.read_new([&](const AuditEntry& entry) { seen += entry.event; }); };
  EXPECT_THROW(read(), Exception);
  EXPECT_EQ(seen, "a");
  time += std::chrono::hours(1);
  read();
  EXPECT_EQ(seen, "ab");
}

TEST_F(AuditLogTest, IsWholeAlsoWhereAClockWasSetBack) {
  append("a");
  AuditLog late(file(), [] { return now() - std::chrono::hours(1); });
  EXPECT_THROW(late.read_new([](const AuditEntry&) {}), Exception);  // so far back that the last entry is to come
  AuditLog slightly(file(), [] { return now() - std::chrono::seconds(2); });
  slightly.read_new([](const AuditEntry&) {});
  slightly.append("b", {});
  EXPECT_EQ(events(), "1:a 2:b");
}

TEST_F(AuditLogTest, TakesNothingMoreAfterALineThatDoesNotFit) {
  append("a");
  write(content() + "x\n");
  EXPECT_THROW(append("b"), Exception);
  EXPECT_EQ(events().substr(0, 3), "1:a");
}

TEST_F(AuditLogTest, NoticesThatEntriesWereCutOffWhileItReads) {
  append("a");
  const std::string one = content();
  append("b");
  AuditLog log(file());
  log.read_new([](const AuditEntry&) {});
  std::filesystem::resize_file(file(), one.size());
  EXPECT_THROW(log.read_new([](const AuditEntry&) {}), Exception);
  EXPECT_THROW(log.read_new([](const AuditEntry&) {}), Exception);  // for good
}

TEST_F(AuditLogTest, BeginsAnewWhenTheFileWasMovedAway) {
  append("a");
  AuditLog log(file());
  log.read_new([](const AuditEntry&) {});
  std::filesystem::rename(file(), directory_.path() / "evidence");
  bool anew = false;
  std::string seen;
  const auto read = [&] { log.read_new([&](const AuditEntry& entry) { seen += entry.event; }, [&] { anew = true; }); };
  read();
  EXPECT_TRUE(anew);
  append("b");
  read();
  EXPECT_EQ(seen, "b");
}

TEST_F(AuditLogTest, WaitsForTheLockOnlySoLong) {
  const AuditLog log(file());
  const auto held = log.lock(std::chrono::seconds(1));
  EXPECT_THROW(log.lock(std::chrono::milliseconds(20)), Exception);
}

TEST_F(AuditLogTest, HashesAsItsDocumentSays) {
  AuditLog log(file(), [] { return from_unix_ms(1'700'000'000'000); });
  log.append("a", {{"x", 1}});
  EXPECT_EQ(content(),
            "29f97099a5089c405370dc1165d4389122c963c9b7423296177a98d82c4cfcbf "
            "{\"number\":1,\"time\":\"2023-11-14T22:13:20Z\",\"time_ms\":1700000000000,\"event\":\"a\",\"x\":1}\n");
}

}  // namespace
}  // namespace lifeboat::relay
