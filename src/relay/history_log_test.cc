// Files that are in the vault alone are served as if they were on the disk, and what cannot be had is told.

#include "relay/history_log.h"

#include <gtest/gtest.h>

#include "relay/serving_testing.h"
#include "relay/sql_error.h"
#include "relay/stream_sealer.h"

namespace lifeboat::relay {
namespace {

using namespace std::chrono_literals;
using testing::LogBuilder;

constexpr auto kHistoryPatience = 400ms;

class History : public ::testing::Test {
 protected:
  History() {
    const auto store = store::open_store(store_path().string());
    vault::Vault::init(*store, passphrase());
    make_directories(incarnation());
    for (int i = 0; i < 4; ++i) {
      const auto before = static_cast<std::uint64_t>(i) * 10;
      LogBuilder content(i == 0 ? std::vector<binlog::Gtid>() : std::vector<binlog::Gtid>{{0, 1, before}});
      for (std::uint64_t n = 1; n <= 10; ++n) content.group({0, 1, before + n}, std::string(1000 * n, 'x'));
      if (i < 3) content.rotate(name(i + 1));
      write_file_durably(incarnation() / name(i), content.bytes());
      written_.push_back(content.bytes());
    }
    log_ = std::make_shared<LogDirectory>(incarnation());
    door_ = std::make_shared<VaultDoor>(store_path().string(), [this] {
      return vault::Vault::open(store::open_store(store_path().string()), passphrase());
    });
    StreamSealer("db1-3306", log_).seal(door_->vault(), [] { return false; });
  }
  static vault::Credential passphrase() { return {codec::Secret(std::string_view("correct horse"))}; }
  static std::string name(int i) { return format("mysql-bin.{:06}", i + 1); }
  Path store_path() const { return directory_.path() / "store"; }
  Path incarnation() const { return directory_.path() / "000001"; }
  void remove_from_disk(int files) const {
    for (int i = 0; i < files; ++i) ASSERT_GT(log_->remove_oldest(name(i)), 0U);
  }
  static std::string names(const std::vector<ServedLog::File>& files) {
    std::string text;
    for (const ServedLog::File& each : files) text += each.name.back() + std::string(each.here ? " " : "* ");
    return text;
  }
  /// Reads as a dump does; the error that it was told, if it was.
  static std::string wait_until_closed(HistoryLog& history, const std::string& name) {
    try {
      for (ServedLog::End end = history.end_of(name); !end.closed; end = history.end_of(name)) {
        history.wait_beyond(name, end.readable, 50ms);
      }
    } catch (const SqlFailure& failure) {
      return format("{}: {}", failure.error().number, failure.what());
    }
    return "";
  }

  TempDir directory_;
  std::vector<Bytes> written_;
  std::shared_ptr<LogDirectory> log_;
  std::shared_ptr<VaultDoor> door_;
};

TEST_F(History, IsWhatIsInTheVaultAndThenWhatIsOnTheDisk) {
  HistoryLog history(log_, door_, incarnation() / "history", kHistoryPatience);
  EXPECT_EQ(names(history.all_files()), "1 2 3 4 ");
  remove_from_disk(2);
  EXPECT_EQ(names(history.files()), "3 4 ");
  const std::vector<ServedLog::File> all = history.all_files();
  EXPECT_EQ(names(all), "1* 2* 3 4 ");
  EXPECT_GT(log_->remove_oldest(name(2)), 0U);
  EXPECT_EQ(names(history.all_files()), "1* 2* 3* 4 ");
  EXPECT_EQ(all.at(0).head, std::vector<binlog::Gtid>());
  EXPECT_EQ(all.at(1).head, (std::vector<binlog::Gtid>{{0, 1, 10}}));
}

TEST_F(History, BringsAFileForWhoHoldsItAndRemovesItAfterwards) {
  remove_from_disk(2);
  HistoryLog history(log_, door_, incarnation() / "history", kHistoryPatience);
  auto held = history.hold(name(1));
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(history.hold(name(1)), held);
  EXPECT_EQ(wait_until_closed(history, name(1)), "");
  EXPECT_EQ(read_file(held->path), written_.at(1));
  EXPECT_EQ(history.end_of(name(1)).readable, written_.at(1).size());
  const Path path = held->path;
  held.reset();
  for (int i = 0; i < 200 && std::filesystem::exists(path); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(history.hold(name(2))->path, incarnation() / name(2));
  EXPECT_EQ(history.hold("mysql-bin.000009"), nullptr);
}

TEST_F(History, BringsSeveralAtOnce) {
  remove_from_disk(3);
  HistoryLog history(log_, door_, incarnation() / "history", kHistoryPatience);
  std::vector<std::thread> readers;
  std::atomic<int> same = 0;
  for (int i = 0; i < 9; ++i) {
    readers.emplace_back([&, i] {
      const auto held = history.hold(name(i % 3));
      const bool whole = wait_until_closed(history, name(i % 3)).empty();
      same += whole && read_file(held->path) == written_.at(static_cast<std::size_t>(i % 3)) ? 1 : 0;
    });
  }
  for (std::thread& each : readers) each.join();
  EXPECT_EQ(same, 9);
}

TEST_F(History, SaysThatTheVaultIsGoneAndGoesOnWhenItIsBack) {
  remove_from_disk(2);
  HistoryLog history(log_, door_, incarnation() / "history", kHistoryPatience);
  history.all_files();
  const Path away = directory_.path() / "away";
  std::filesystem::rename(store_path(), away);
  const auto held = history.hold(name(0));
  EXPECT_TRUE(wait_until_closed(history, name(0)).starts_with("1105: mysql-bin.000001 comes from the vault, which"));
  EXPECT_EQ(names(history.files()), "3 4 ");
  std::filesystem::rename(away, store_path());
  std::string said = "?";
  for (int i = 0; i < 300 && !said.empty(); ++i) said = wait_until_closed(history, name(0));
  EXPECT_EQ(said, "");
  EXPECT_EQ(read_file(held->path), written_.at(0));
}

TEST_F(History, SaysThatTheVaultCannotBeListed) {
  remove_from_disk(2);
  HistoryLog history(log_, door_, incarnation() / "history", kHistoryPatience);
  std::filesystem::rename(store_path(), directory_.path() / "away");
  EXPECT_THROW(history.all_files(), SqlFailure);
}

TEST_F(History, ServesNothingThatHasAHoleBehindIt) {
  for (const vault::ListedLogPart& part : vault::list_log_parts(door_->vault())) {
    if (part.name.file == 2) vault::remove_log_part(door_->vault(), part.name);
  }
  remove_from_disk(3);
  HistoryLog history(log_, door_, incarnation() / "history", kHistoryPatience);
  EXPECT_EQ(names(history.all_files()), "3* 4 ");
}

TEST_F(History, SaysWhatIsMissingForGood) {
  remove_from_disk(2);
  HistoryLog history(log_, door_, incarnation() / "history", kHistoryPatience);
  history.all_files();
  for (const vault::ListedLogPart& part : vault::list_log_parts(door_->vault())) {
    if (part.name.file == 1) vault::remove_log_part(door_->vault(), part.name);
  }
  const auto held = history.hold(name(0));
  const std::string said = wait_until_closed(history, name(0));
  EXPECT_TRUE(said.starts_with("1236: mysql-bin.000001 comes from the vault, where bytes 0 to")) << said;
}

}  // namespace
}  // namespace lifeboat::relay
