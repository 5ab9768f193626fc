// Events of real files, cut and put together again; and events made by hand.
#include "binlog/event.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "binlog/group_reader.h"
#include "binlog/make_events.h"
#include "binlog/mysql_gtid_event.h"
#include "binlog/query_event.h"
#include "binlog/testing.h"

namespace lifeboat::binlog {
namespace {

constexpr std::string_view kFiles[] = {"mysql-bin.checksum-crc32", "mysql-bin.aurora-padding", "mysql-bin.compressed"};

TEST(Event, real_files_are_cut_whole_and_their_checksums_match) {
  for (const std::string_view name : kFiles) {
    const TestLog log = read_test_log(std::string(name));
    std::size_t size = kFileMagic.size();
    for (const Event& event : log.events) {
      EXPECT_TRUE(checksum_matches(event)) << name << " " << event_type_name(event.header.type);
      size += event.whole.size();
      EXPECT_EQ(event.header.end_position, size);
    }
    EXPECT_EQ(size, log.bytes.size()) << name;
  }
}

TEST(Event, a_flipped_bit_anywhere_is_noticed) {
  const TestLog log = read_test_log("mysql-bin.checksum-crc32");
  for (const std::size_t index : {0U, 5U}) {
    const ByteView whole = log.events[index].whole;
    for (std::size_t at = 0; at < whole.size(); ++at) {
      // Type and size rule how an event is cut, and so does the server's version in a Format_description event.
      const bool rules = at == 4 || (at >= 9 && at < 13) || (index == 0 && at >= 21 && at < 71);
      const bool in_use_flag = index == 0 && at == 17;
      if (rules || in_use_flag) continue;
      Bytes copy(whole.begin(), whole.end());
      copy[at] ^= 2U;
      const bool noticed = [&] {
        try {
          return !checksum_matches(split_event(copy, Checksum::kCrc32));
        } catch (const Exception&) {
          return true;
        }
      }();
      EXPECT_TRUE(noticed) << index << " at " << at;
    }
  }
}

TEST(Event, header_sizes_that_lie_are_refused) {
  Bytes header(kEventHeaderSize, 0);
  EXPECT_THROW(decode_header(header), Exception);  // size 0
  header[12] = 0xff;
  EXPECT_THROW(decode_header(header), Exception);  // 4 GiB
  EXPECT_THROW(decode_header(ByteView(header).first(18)), Exception);
}

TEST(Event, headers_come_back_as_they_were) {
  const TestLog log = read_test_log("mysql-bin.checksum-crc32");
  for (const Event& event : log.events) {
    Bytes out(kEventHeaderSize);
    encode_header(event.header, out);
    EXPECT_EQ(to_hex(out), to_hex(event.whole.first(kEventHeaderSize)));
  }
}

TEST(FormatDescription, tells_server_and_checksum) {
  const TestLog log = read_test_log("mysql-bin.compressed");
  EXPECT_EQ(log.format.server_version, "8.0.28");
  EXPECT_EQ(log.format.flavour, Flavour::kMysql);
  EXPECT_EQ(log.format.checksum, Checksum::kCrc32);
  EXPECT_TRUE(log.format.checksum_aware);
}

TEST(MakeEvents, format_description_edited_and_its_checksum_with_it) {
  const TestLog log = read_test_log("mysql-bin.checksum-crc32");
  Bytes in_use(log.events[0].whole.begin(), log.events[0].whole.end());
  in_use[17] |= kFlagInUse;
  const Event before = split_event(in_use, Checksum::kCrc32);
  EXPECT_TRUE(checksum_matches(before));
  const Bytes edited = edit_format_description(before, {.zero_created = true, .zero_position = true});
  const Event event = split_event(edited, Checksum::kCrc32);
  EXPECT_TRUE(checksum_matches(event));
  EXPECT_FALSE(event.header.has(kFlagInUse));
  EXPECT_EQ(event.header.end_position, 0U);
  EXPECT_EQ(decode_format_description(event).created, 0U);
  EXPECT_EQ(decode_format_description(event).server_version, log.format.server_version);
}

TEST(MakeEvents, checksums_are_taken_off_and_put_back) {
  for (const std::string_view name : kFiles) {
    for (const Event& event : read_test_log(std::string(name)).events) {
      const Bytes bare = with_checksum(event, Checksum::kNone);
      const Event without = split_event(bare, Checksum::kNone);
      const Bytes again = with_checksum(without, Checksum::kCrc32);
      EXPECT_EQ(to_hex(again), to_hex(event.whole));
    }
  }
}

TEST(MakeEvents, rotate_heartbeat_and_gtid_list_read_back) {
  const StreamIdentity stream{.server_id = 7};
  const Bytes rotate = make_fake_rotate(stream, {.position = 1ULL << 33U, .file = "bin.000007"});
  const Event rotate_event = split_event(rotate, Checksum::kCrc32);
  EXPECT_TRUE(checksum_matches(rotate_event));
  EXPECT_TRUE(rotate_event.header.has(kFlagArtificial));
  EXPECT_EQ(decode_rotate(rotate_event).file, "bin.000007");
  EXPECT_EQ(decode_rotate(rotate_event).position, 1ULL << 33U);
  for (const std::uint64_t position : {std::uint64_t{4}, std::uint64_t{0xffffffff}, std::uint64_t{1} << 32U}) {
    const Bytes beat = make_heartbeat(stream, {.position = position, .file = "bin.000007"});
    const Heartbeat read = decode_heartbeat(split_event(beat, Checksum::kCrc32));
    EXPECT_EQ(read.position, position);
    EXPECT_EQ(read.file, "bin.000007");
  }
  const GtidList list{.flags = GtidList::kIgnoreGtids, .gtids = {{0, 1, 2}, {3, 4, 5}}};
  const Bytes made = make_gtid_list({.server_id = 7, .checksum = Checksum::kNone}, list);
  EXPECT_EQ(to_hex(ByteView(made).subspan(kEventHeaderSize)),
            "02000020"
            "00000000"
            "01000000"
            "0200000000000000"
            "03000000"
            "04000000"
            "0500000000000000");
  // A server's empty list is six bytes long.
  EXPECT_EQ(make_gtid_list({.checksum = Checksum::kNone}, {}).size(), kEventHeaderSize + 6);
  const GtidList read = decode_gtid_list(split_event(made, Checksum::kNone));
  EXPECT_EQ(read.flags, GtidList::kIgnoreGtids);
  EXPECT_EQ(read.gtids, list.gtids);
}

TEST(ControlEvents, names_that_leave_the_directory_are_refused) {
  for (const std::string& name :
       {std::string("../etc/passwd"), std::string("a/b"), std::string(".."), std::string(), std::string(600, 'a')}) {
    const Bytes rotate = make_fake_rotate({}, {.position = 4, .file = name});
    EXPECT_THROW(decode_rotate(split_event(rotate, Checksum::kCrc32)), Exception) << name;
  }
}

// The bytes of the example in MariaDB's documentation of GTID_LIST.
TEST(ControlEvents, gtid_list_of_a_real_server) {
  const Bytes bytes = from_hex(
      "a4859e59a38c2700002b000000240100000000"
      "01000000"
      "00000000"
      "8c270000"
      "000e000000000000"
      "a8f0d8b6");
  const Event event = split_event(bytes, Checksum::kCrc32);
  EXPECT_EQ(format_gtid_list(decode_gtid_list(event).gtids), "0-10124-3584");
}

// As MariaDB 10.11 writes it to a file, and as it sends it: with the ignorable flag, what follows is plain.
TEST(ControlEvents, encryption_begins_in_files_but_not_on_the_wire) {
  const Bytes sent = from_hex(
      "fa7d036ba40700000028000000280100008000"
      "0101000000"
      "4bc58e1d4fa6e15cdedb47be"
      "ccffd558");
  const Event event = split_event(sent, Checksum::kCrc32);
  EXPECT_TRUE(checksum_matches(event));
  EXPECT_EQ(decode_start_encryption(event).key_version, 1U);
  EXPECT_FALSE(begins_encryption(event));
  Bytes in_file = sent;
  in_file[17] = 0;
  EXPECT_TRUE(begins_encryption(split_event(in_file, Checksum::kCrc32)));
}

TEST(GroupReader, groups_of_a_mysql_file) {
  const TestLog log = read_test_log("mysql-bin.checksum-crc32");
  GroupReader reader;
  int ended = 0;
  std::uint64_t size = 0;
  for (const Event& event : log.events) {
    const Place place = reader.next(event);
    EXPECT_FALSE(reader.torn());
    if (place != Place::kEnds) continue;
    EXPECT_EQ(event.header.type, EventType::kXid);
    EXPECT_EQ(reader.group().events, 5U);  // GTID, BEGIN, table map, rows, XID
    EXPECT_FALSE(reader.group().ddl);
    size += reader.group().size;
    ++ended;
  }
  EXPECT_EQ(ended, 60);
  EXPECT_FALSE(reader.inside());
  const std::size_t outside = log.events[0].whole.size() + log.events[1].whole.size() + log.events.back().whole.size();
  EXPECT_EQ(size + outside + kFileMagic.size(), log.bytes.size());
}

TEST(GroupReader, a_payload_is_a_whole_group_and_padding_is_none) {
  GroupReader reader;
  std::vector<Place> places;
  for (const Event& event : read_test_log("mysql-bin.compressed").events) places.push_back(reader.next(event));
  using enum Place;
  EXPECT_EQ(places, (std::vector<Place>{kOutside, kOutside, kBegins, kEnds, kOutside}));
  places.clear();
  for (const Event& event : read_test_log("mysql-bin.aurora-padding").events) places.push_back(reader.next(event));
  EXPECT_EQ(places, (std::vector<Place>{kOutside, kOutside, kBegins, kInside, kInside}));
  EXPECT_TRUE(reader.inside());
}

TEST(GroupReader, an_empty_transaction_is_one_group) {
  const EmptyTransaction transaction{.gtid = {1, 2, 3}, .timestamp = 9, .first_end = 42, .second_end = 73};
  const std::vector<Bytes> events = make_empty_transaction(transaction, Checksum::kCrc32);
  ASSERT_EQ(events.size(), 2U);
  GroupReader reader;
  EXPECT_EQ(reader.next(split_event(events[0], Checksum::kCrc32)), Place::kBegins);
  EXPECT_EQ(reader.next(split_event(events[1], Checksum::kCrc32)), Place::kEnds);
  EXPECT_EQ(reader.group().gtid->gtid, (Gtid{1, 2, 3}));
  EXPECT_EQ(reader.group().server_id, 2U);
}

}  // namespace
}  // namespace lifeboat::binlog
