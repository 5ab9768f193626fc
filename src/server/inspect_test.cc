// Against heads of files as real servers write them; real data directories are inspected in tests/integration.

#include "server/inspect.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "server/crc32c.h"
#include "server/encryption.h"
#include "server/redo_log.h"
#include "server/tablespace.h"

namespace lifeboat::server {
namespace {

void put_big(Bytes& bytes, std::size_t at, std::uint64_t value, int width) {
  for (int i = 0; i < width; ++i) {
    bytes[at + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(value >> (8 * (width - 1 - i)));
  }
}

constexpr std::uint64_t kRedoFile = std::uint64_t{1} << 20U;
constexpr std::uint64_t kFirstLsn = 12288;

/// A redo log with `transactions` one-record mini-transactions after a checkpoint at `checkpoint`.
Bytes make_redo(std::uint64_t checkpoint, int transactions, std::uint32_t format_word = 0x50687973) {
  Bytes file(kRedoFile);
  put_big(file, 0, format_word, 4);
  put_big(file, 8, kFirstLsn, 8);
  const std::string_view creator = "MariaDB 10.11.19";
  std::ranges::copy(as_bytes(creator), file.begin() + 16);
  put_big(file, 508, crc32c(ByteView(file).first(508)), 4);
  put_big(file, 4096, checkpoint, 8);
  put_big(file, 4104, checkpoint, 8);
  put_big(file, 4096 + 60, crc32c(ByteView(file).subspan(4096, 60)), 4);
  const std::uint64_t capacity = kRedoFile - 12288;
  std::uint64_t lsn = checkpoint;
  for (int i = 0; i < transactions; ++i) {
    // A record of 3 bytes after its first, then one of 300, whose length is a two-byte number (300 - 15 - 128 = 157).
    Bytes record = {0x33, 1, 2, 3, 0x30, 0x80, 157};
    record.resize(record.size() + 298, 7);
    const std::uint64_t end = lsn + record.size();
    const std::uint32_t crc = crc32c(record);
    record.push_back(((end - kFirstLsn) / capacity) % 2 == 0 ? 1 : 0);
    for (int shift = 24; shift >= 0; shift -= 8) record.push_back(static_cast<std::uint8_t>(crc >> shift));
    for (const std::uint8_t byte : record) file[12288 + (lsn++ - kFirstLsn) % capacity] = byte;
  }
  return file;
}

constexpr std::uint64_t kTransactionBytes = 7 + 298 + 5;

class Redo : public ::testing::Test {
 protected:
  std::optional<std::uint64_t> end_of(const Bytes& file) {
    const Path path = directory_.path() / "ib_logfile0";
    write_file_durably(path, file);
    return find_redo_end(path, read_redo_log(path), kRedoFile);
  }
  TempDir directory_;
};

TEST_F(Redo, WalksToTheLastWholeMiniTransaction) {
  EXPECT_EQ(end_of(make_redo(20000, 0)), 20000U);
  EXPECT_EQ(end_of(make_redo(20000, 1000)), 20000U + 1000 * kTransactionBytes);
  Bytes torn = make_redo(20000, 1000);
  torn[20000 + 500 * kTransactionBytes + 50] ^= 1U;
  EXPECT_EQ(end_of(torn), 20000U + 500 * kTransactionBytes);
}

TEST_F(Redo, WalksAcrossTheEndOfTheFileAndStopsAtTheOlderRound) {
  const std::uint64_t checkpoint = kFirstLsn + (kRedoFile - 12288) - 1000;
  EXPECT_EQ(end_of(make_redo(checkpoint, 100)), checkpoint + 100 * kTransactionBytes);
  // The same bytes a round later are stale.
  Bytes stale = make_redo(20000, 10);
  put_big(stale, 4096, 20000 + (kRedoFile - 12288), 8);
  put_big(stale, 4104, 20000 + (kRedoFile - 12288), 8);
  put_big(stale, 4096 + 60, crc32c(ByteView(stale).subspan(4096, 60)), 4);
  EXPECT_EQ(end_of(stale), 20000 + (kRedoFile - 12288));
}

TEST_F(Redo, KnowsEncryptedAndOlderFormats) {
  const auto head = [](std::uint32_t word) {
    return parse_redo_head(ByteView(make_redo(20000, 0, word)).first(kRedoHeadBytes), kRedoFile, "x");
  };
  EXPECT_FALSE(head(0x50687973).encrypted);
  EXPECT_EQ(head(0x50687973).creator, "MariaDB 10.11.19");
  EXPECT_TRUE(head(0xf09f979d).encrypted);
  EXPECT_EQ(head(0x50485953).format, RedoFormat::kOlder);
}

TEST_F(Redo, DamagedHeadsAreCorruption) {
  for (const std::size_t at : {std::size_t{9}, std::size_t{4100}}) {
    Bytes file = make_redo(20000, 0);
    file[at] ^= 0x40U;
    EXPECT_THROW(end_of(file), Exception) << at;
  }
  EXPECT_THROW(end_of(Bytes(100)), Exception);
}

TEST_F(Redo, ABackupsIsAsShortAsTheBackupAndDoesNotTellHowMuchIsToBeApplied) {
  Bytes file = make_redo(20000, 10);
  file.resize(kRedoHeadBytes + 16);
  EXPECT_THROW(end_of(file), Exception);
  std::ranges::copy(as_bytes("Backup 10.11.19\0"), file.begin() + 16);
  put_big(file, 508, crc32c(ByteView(file).first(508)), 4);
  EXPECT_EQ(end_of(file), std::nullopt);
}

Bytes make_tablespace(std::uint32_t flags, std::size_t page_bytes) {
  Bytes page(page_bytes);
  put_big(page, 38, 5, 4);
  put_big(page, 46, 768, 4);
  put_big(page, 54, flags, 4);
  return page;
}

TEST(Tablespace, FlagsOfBothDialectsGiveThePageSize) {
  EXPECT_EQ(parse_tablespace_header(make_tablespace(0x15, 16384), "x").page_bytes, 16384U);
  EXPECT_EQ(parse_tablespace_header(make_tablespace(0x13, 4096), "x").page_bytes, 4096U);
  EXPECT_EQ(parse_tablespace_header(make_tablespace(0x17, 65536), "x").page_bytes, 65536U);
  EXPECT_TRUE(parse_tablespace_header(make_tablespace(0x35, 16384), "x").page_compressed);
  // ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8 with 16 KiB pages.
  const TablespaceHeader zip = parse_tablespace_header(make_tablespace(0x29, 8192), "x");
  EXPECT_EQ(zip.page_bytes, 16384U);
  EXPECT_EQ(zip.physical_bytes, 8192U);
  EXPECT_THROW(parse_tablespace_header(make_tablespace(0x1f, 16384), "x"), Exception);
  EXPECT_THROW(parse_tablespace_header(Bytes(100), "x"), Exception);
}

TEST(Tablespace, CryptDataTellsEncryptionAndKey) {
  Bytes page = make_tablespace(0x15, 16384);
  const Bytes crypt = {'s', 0x0e, 0x0c, 'R', 'E', 't', 1, 16};
  std::ranges::copy(crypt, page.begin() + 10390);
  put_big(page, 10390 + 28, 2, 4);
  const TablespaceHeader header = parse_tablespace_header(page, "x");
  EXPECT_TRUE(header.encrypted);
  EXPECT_EQ(header.key_id, 2U);
}

class Inspect : public ::testing::Test {
 protected:
  void write(const std::string& name, ByteView bytes) {
    make_directories((directory_.path() / name).parent_path());
    write_file_durably(directory_.path() / name, bytes);
  }
  void write(const std::string& name, std::string_view text) { write(name, as_bytes(text)); }
  void make_data_directory() {
    write("mysql_upgrade_info", "10.11.6-MariaDB");
    write("ibdata1", make_tablespace(0x15, 16384));
    write("ib_logfile0", make_redo(20000, 10));
    write("undo001", make_tablespace(0x15, 16384));
    write("shop/orders.ibd", make_tablespace(0x35, 16384));
    write("shop/orders.frm", "x");
    write("shop/old.MYD", "x");
    write("multi-master.info", "");
  }
  TempDir directory_;
};

TEST_F(Inspect, FindsWhatAServerNeeds) {
  make_data_directory();
  const ServerInfo info = inspect_directory(directory_.path());
  EXPECT_EQ(info.flavour, Flavour::kMariaDb);
  EXPECT_EQ(info.version, "10.11.19");  // the redo log was made by a newer server than the last upgrade
  EXPECT_EQ(info.version_source, "ib_logfile0");
  EXPECT_EQ(info.page_bytes, 16384U);
  EXPECT_EQ(info.redo_bytes, kRedoFile);
  EXPECT_EQ(info.redo_to_apply, 10 * kTransactionBytes);
  EXPECT_EQ(info.undo_tablespaces, 1U);
  EXPECT_EQ(info.tables, 1U);
  EXPECT_EQ(info.compressed_tables, 1U);
  EXPECT_EQ(info.engines, (std::vector<std::string>{"InnoDB", "MyISAM"}));
  EXPECT_TRUE(info.replication_files.empty());
  EXPECT_TRUE(info.outside.empty());
  EXPECT_EQ(to_json(server_info_from_json(to_json(info))), to_json(info));
}

TEST_F(Inspect, TellsBinaryLogsFromRelayLogs) {
  make_data_directory();
  Bytes log(64);
  std::ranges::copy(as_bytes("\xfe"
                             "bin"),
                    log.begin());
  write("mysql-bin.index", "./mysql-bin.000007\n");
  write("mysql-bin.000007", log);
  log[4 + 17] = 0x40;
  write("host-relay-bin.index", "./host-relay-bin.000002\n");
  write("host-relay-bin.000002", log);
  write("master.info", "33\n");
  const ServerInfo info = inspect_directory(directory_.path());
  EXPECT_EQ(info.binlog_base, "mysql-bin");
  EXPECT_EQ(info.replication_files, (std::vector<std::string>{"master.info"}));
}

TEST_F(Inspect, NamesWhatLeadsOutside) {
  make_data_directory();
  write("shop/far.isl", "/other/disk/shop/far.ibd");
  std::filesystem::create_symlink("/elsewhere", directory_.path() / "linked");
  std::filesystem::create_symlink("../../up", directory_.path() / "shop" / "up");
  std::filesystem::create_symlink("orders.frm", directory_.path() / "shop" / "beside");
  EXPECT_EQ(inspect_directory(directory_.path()).outside,
            (std::vector<std::string>{"linked", "shop/far.isl", "shop/up"}));
}

TEST_F(Inspect, DamagedTablespaceIsNamedAndTheRestIsSeen) {
  make_data_directory();
  write("shop/torn.ibd", Bytes(16384, 0xff));
  EXPECT_EQ(inspect_directory(directory_.path()).unreadable, (std::vector<std::string>{"shop/torn.ibd"}));
}

TEST_F(Inspect, OptionFileGivesSettingsAndSealedKeys) {
  make_data_directory();
  TempDir etc;
  write_file_durably(etc.path() / "keys.enc", as_bytes("the keys"));
  write_file_durably(etc.path() / "my.cnf",
                     as_bytes("[mysqld]\nsql-mode=ANSI\nport=3306\nfile_key_management_filename=keys.enc\n"
                              "file_key_management_filekey=secret\n"));
  const Description description = describe_directory(directory_.path(), etc.path() / "my.cnf");
  const ServerInfo info = server_info_from_json(description.server);
  EXPECT_EQ(info.settings, (std::map<std::string, std::string>{{"sql_mode", "ANSI"}}));
  EXPECT_EQ(json::serialize(description.server).find("secret"), std::string::npos);

  const Path private_directory = etc.path() / "private";
  {
    const KeyFiles keys(description.attachments, private_directory);
    ASSERT_EQ(keys.arguments().size(), 3U);
    EXPECT_EQ(as_text(read_file(private_directory / "file_key_management_filename")), "the keys");
    EXPECT_EQ(as_text(read_file(private_directory / "file_key_management_filekey")), "secret");
  }
  EXPECT_TRUE(list_directory(private_directory).empty());
}

TEST_F(Inspect, WithoutADirectoryThereIsNothing) {
  EXPECT_THROW(inspect_directory(directory_.path() / "none"), Exception);
}

}  // namespace
}  // namespace lifeboat::server
