// Groups of events made by hand and of real files: what is told of each.
#include "binlog/group_danger.h"

#include <gtest/gtest.h>

#include "base/format.h"
#include "binlog/group_reader.h"
#include "binlog/testing.h"
#include "binlog/wire.h"

namespace lifeboat::binlog {
namespace {

struct Made {
  Made(EventType type, ByteView body, std::uint16_t flags = 0) {
    bytes.resize(kEventHeaderSize);
    bytes.insert(bytes.end(), body.begin(), body.end());
    const auto size = static_cast<std::uint32_t>(bytes.size());
    encode_header({.timestamp = 1'795'000'000, .type = type, .server_id = 1, .size = size, .flags = flags}, bytes);
    event = split_event(bytes, Checksum::kNone);
  }
  Bytes bytes;
  Event event;
};

void append(Bytes& out, std::string_view text) {
  out.insert(out.end(), as_bytes(text).begin(), as_bytes(text).end());
}

void append_number(Bytes& out, std::uint64_t value, std::size_t width) {
  out.resize(out.size() + width);
  put_little(out, out.size() - width, value, width);
}

Made gtid(std::uint8_t flags = 0, std::string_view extra = {}) {
  Bytes body;
  append_number(body, 77, 8);
  append_number(body, 0, 4);
  body.push_back(flags);
  append(body, extra);
  body.resize(std::max<std::size_t>(body.size(), 19));
  return {EventType::kGtid, body};
}

Made query(std::string_view text, EventType type = EventType::kQuery) {
  constexpr std::string_view kInvoker("\x0b\x03joe\x01%", 7);
  Bytes body;
  append_number(body, 9, 4);  // thread
  append_number(body, 0, 4);
  body.push_back(4);
  append_number(body, 0, 2);
  append_number(body, kInvoker.size(), 2);
  append(body, kInvoker);
  append(body, std::string_view("shop\0", 5));
  append(body, text);
  return {type, body};
}

Made annotate(std::string_view text) {
  return {EventType::kAnnotateRows, as_bytes(text)};
}

/// shop.NAME (id INT, v INT)
Made table_map(std::uint64_t id, std::string_view name) {
  Bytes body;
  append_number(body, id, 6);
  append_number(body, 1, 2);
  append(body, std::string_view("\x04shop\0", 6));
  body.push_back(static_cast<std::uint8_t>(name.size()));
  append(body, name);
  append(body, std::string_view("\0\x02\x03\x03\0\x02", 6));
  return {EventType::kTableMap, body};
}

Made rows(EventType type, std::uint64_t id, std::size_t count, bool statement_end = true) {
  Bytes body;
  append_number(body, id, 6);
  append_number(body, statement_end ? 1 : 0, 2);
  append(body, "\x02\x03");
  const bool update = rows_kind(type) == RowsKind::kUpdate;
  if (update) append(body, "\x03");
  for (std::size_t i = 0; i < count; ++i) {
    for (int image = 0; image < (update ? 2 : 1); ++image) {
      body.push_back(0);
      append_number(body, i, 4);
      append_number(body, i, 4);
    }
  }
  return {type, body};
}

GroupDanger judge(std::initializer_list<Made> events, GroupClassifier classifier = GroupClassifier()) {
  for (const Made& each : events) classifier.add(each.event);
  return classifier.finish();
}

std::string told(const GroupDanger& group) {
  std::string out;
  for (const Effect& effect : group.effects) {
    if (!out.empty()) out += "; ";
    out += danger_class_name(effect.danger);
    for (std::size_t i = 0; i < effect.objects.size(); ++i) out += (i == 0 ? " " : ",") + effect.objects[i].text();
    if (effect.rows != 0) out += format(" {}", effect.rows);
  }
  return out;
}

const Made kXid(EventType::kXid, Bytes(8));

TEST(GroupDanger, a_statement_as_text) {
  const GroupDanger group = judge({gtid(GtidEvent::kStandalone | GtidEvent::kDdl), query("DROP TABLE a, other.b")});
  EXPECT_EQ(told(group), "drop_table shop.a,other.b");
  EXPECT_EQ(group.severity, Severity::kDestroys);
  EXPECT_EQ(group.statement, "DROP TABLE a, other.b");
  EXPECT_EQ(group.statement_size, 21U);
  EXPECT_EQ(group.database, "shop");
  EXPECT_EQ(group.thread_id, 9U);
  EXPECT_EQ(group.user, "joe");
  EXPECT_EQ(group.user_host, "%");
  EXPECT_EQ(group.time_s, 1'795'000'000);
  EXPECT_EQ(group.statements, 1U);
}

TEST(GroupDanger, rows_are_counted_by_table_over_the_whole_group) {
  const GroupDanger group =
      judge({gtid(), table_map(1, "a"), table_map(2, "b"), rows(EventType::kDeleteRowsV1, 1, 5, false),
             rows(EventType::kUpdateRowsV1, 2, 3), table_map(1, "a"), rows(EventType::kDeleteRowsV1, 1, 2),
             rows(EventType::kWriteRowsV1, 1, 4), kXid});
  EXPECT_EQ(group.severity, Severity::kOrdinary);
  EXPECT_TRUE(group.effects.empty());
  EXPECT_EQ(group.rows, (std::map<TableName, RowCounts>{
                            {{"shop", "a"}, {.inserted = 4, .updated = 0, .deleted = 7}},
                            {{"shop", "b"}, {.inserted = 0, .updated = 3, .deleted = 0}},
                        }));
  EXPECT_EQ(group.database, "shop");
  EXPECT_EQ(group.thread_id, 0U) << "the log does not tell";
}

TEST(GroupDanger, many_rows_are_a_mass) {
  const GroupClassifier::Options options{.mass = {.deleted = 10, .updated = 20}};
  const auto with = [&](EventType type, std::size_t count) {
    return told(
        judge({gtid(), table_map(1, "a"), rows(type, 1, count), rows(type, 1, count), kXid}, GroupClassifier(options)));
  };
  EXPECT_EQ(with(EventType::kDeleteRowsV1, 4), "");
  EXPECT_EQ(with(EventType::kDeleteRowsV1, 5), "mass_delete shop.a 10");
  EXPECT_EQ(with(EventType::kUpdateRowsV1, 9), "");
  EXPECT_EQ(with(EventType::kUpdateRowsV1, 10), "mass_update shop.a 20");
  EXPECT_EQ(with(EventType::kWriteRowsV1, 1000), "");
  // Statements as text say at most how many.
  EXPECT_EQ(told(judge({gtid(), query("DELETE FROM a WHERE id > 5 LIMIT 5"), query("DELETE FROM a LIMIT 6"), kXid},
                       GroupClassifier(options))),
            "mass_delete shop.a 11; delete_rows shop.a 11");
}

TEST(GroupDanger, the_text_beside_rows_says_that_they_were_all) {
  const auto with = [](std::string_view text) {
    return judge(
        {gtid(), annotate(text), table_map(1, "a"), table_map(2, "b"), rows(EventType::kDeleteRowsV1, 1, 3), kXid});
  };
  const GroupDanger all = with("DELETE FROM a");
  EXPECT_EQ(told(all), "delete_all shop.a 3");
  EXPECT_EQ(all.statement, "DELETE FROM a");
  EXPECT_EQ(told(with("DELETE FROM \"a\"")), "delete_all shop.a 3") << "ANSI_QUOTES";
  EXPECT_EQ(told(with("DELETE FROM [a]")), "delete_all shop.a 3") << "MSSQL";
  EXPECT_EQ(told(with("DELETE FROM a WHERE v = 5 OR\xA0"
                      "1")),
            "delete_all shop.a 3")
      << "latin1";
  EXPECT_EQ(told(with("DELETE FROM a WHERE id > 5")), "") << "rows are known: their number counts";
  EXPECT_EQ(told(with("UPDATE b SET v = 1")), "") << "of whose rows none changed";
  EXPECT_EQ(told(with("no statement that can be read")), "");
}

TEST(GroupDanger, temporary_tables_are_of_one_server) {
  Made elsewhere = query("TRUNCATE a");
  elsewhere.event.header.server_id = 2;
  EXPECT_EQ(told(judge({gtid(), query("CREATE TEMPORARY TABLE a (x INT)"), query("TRUNCATE a")})), "");
  EXPECT_EQ(told(judge({gtid(), query("CREATE TEMPORARY TABLE a (x INT)"), elsewhere})), "truncate_table shop.a");
}

TEST(GroupDanger, the_worst_statement_is_shown) {
  const GroupDanger group = judge({gtid(), query("INSERT INTO a VALUES (1)"), query("DELETE FROM a"),
                                   query("UPDATE a SET v = 1 WHERE id = 5"), query("SOMETHING NEW"),
                                   query("DELETE FROM b"), query("COMMIT")});
  EXPECT_EQ(told(group), "unknown; delete_all shop.a; delete_all shop.b; update_rows shop.a 1");
  EXPECT_EQ(group.severity, Severity::kUnknown);
  EXPECT_EQ(group.statement, "SOMETHING NEW");
  EXPECT_EQ(group.statements, 5U);
}

TEST(GroupDanger, what_cannot_be_decoded_is_unknown) {
  EXPECT_EQ(judge({gtid(), rows(EventType::kDeleteRowsV1, 1, 3), kXid}).severity, Severity::kUnknown);
  EXPECT_EQ(judge({gtid(), {EventType::kQuery, from_hex("0102")}}).severity, Severity::kUnknown);
  EXPECT_EQ(judge({gtid(), {EventType::kIncident, from_hex("010000")}}).severity, Severity::kUnknown);
  EXPECT_EQ(judge({gtid(), {static_cast<EventType>(199), {}}}).severity, Severity::kUnknown);
  EXPECT_EQ(judge({gtid(), {static_cast<EventType>(199), {}, kFlagIgnorable}, kXid}).severity, Severity::kOrdinary);
  EXPECT_EQ(judge({gtid(), {EventType::kPartialRowData, from_hex("00")}, kXid}).severity, Severity::kUnknown);
  EXPECT_EQ(
      judge({{EventType::kFormatDescription, from_hex("0300")}, gtid(), query("INSERT INTO a VALUES (1)")}).severity,
      Severity::kUnknown)
      << "a file of another format";
  EXPECT_EQ(judge({{EventType::kMysqlTransactionPayload, from_hex("01")}}).severity, Severity::kUnknown);
}

TEST(GroupDanger, bounds_hold_and_what_is_left_out_is_unknown) {
  GroupClassifier classifier;
  const Made begin = gtid();
  classifier.add(begin.event);
  for (int i = 0; i < 200; ++i) classifier.add(query(format("DELETE FROM t{}", i)).event);
  const GroupDanger group = classifier.finish();
  EXPECT_EQ(group.effects.size(), GroupClassifier::kMaxEffects + 1);
  EXPECT_EQ(group.severity, Severity::kUnknown);

  const GroupDanger text = judge({gtid(), query("TRUNCATE /*" + std::string(10'000, 'x') + "*/ a")});
  EXPECT_EQ(text.statement.size(), GroupClassifier::kMaxStatement);
  EXPECT_EQ(text.statement_size, 10'015U);
}

TEST(GroupDanger, groups_do_not_see_each_other) {
  GroupClassifier classifier;
  classifier.add(gtid().event);
  classifier.add(query("DROP TABLE a").event);
  classifier.forget();
  classifier.add(gtid().event);
  classifier.add(query("INSERT INTO a VALUES (1)").event);
  const GroupDanger group = classifier.finish();
  EXPECT_TRUE(group.effects.empty());
  EXPECT_EQ(group.statement, "INSERT INTO a VALUES (1)");
  // But temporary tables are known from earlier ones, until their server starts anew.
  classifier.add(query("CREATE TEMPORARY TABLE t (a INT)").event);
  classifier.finish();
  classifier.add(query("DELETE FROM t").event);
  EXPECT_EQ(told(classifier.finish()), "");
}

TEST(GroupDanger, an_alter_in_two_phases) {
  const auto with = [](std::string_view extra) {
    return told(judge({gtid(GtidEvent::kStandalone | GtidEvent::kDdl, extra), query("ALTER TABLE a DROP COLUMN v")}));
  };
  EXPECT_EQ(with("\x02"), "drop_column shop.a");
  EXPECT_EQ(with(std::string_view("\x04\x05\0\0\0\0\0\0\0", 9)), "drop_column shop.a");
  EXPECT_EQ(with(std::string_view("\x08\x05\0\0\0\0\0\0\0", 9)), "") << "rolled back";
}

TEST(GroupDanger, real_files_of_both_flavours) {
  for (const std::string_view name : {"mariadb-11.8-features", "mysql-9.7-features", "mysql-bin.compressed"}) {
    const TestLog log = read_test_log(std::string(name));
    GroupClassifier classifier;
    GroupReader groups;
    std::size_t with_rows = 0;
    for (const Event& event : log.events) {
      const Place place = groups.next(event);
      classifier.add(event);
      if (place != Place::kEnds && place != Place::kWhole) continue;
      const GroupDanger group = classifier.finish();
      EXPECT_NE(group.severity, Severity::kUnknown) << name << ": " << group.statement << ": " << told(group);
      with_rows += group.rows.empty() ? 0 : 1;
    }
    EXPECT_GT(with_rows, 0U) << name;
  }
}

}  // namespace
}  // namespace lifeboat::binlog
