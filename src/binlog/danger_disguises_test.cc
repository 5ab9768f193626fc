// Statements that look bounded, false or harmless, and that a server reads otherwise: tests/danger/ has them labelled
// by one.

#include "base/format.h"
#include "binlog/danger_testing.h"

namespace lifeboat::binlog {
namespace {

/// Held as text, whatever the class.
void expect_held(std::initializer_list<std::string_view> conditions, std::uint64_t sql_mode = kStrict) {
  for (const std::string_view each : conditions) {
    const std::string deleted = Classifier(sql_mode)(format("DELETE FROM t {}", each));
    EXPECT_TRUE(deleted == "delete_all shop.t" || deleted == "delete_range shop.t") << each << ": " << deleted;
    const std::string updated = Classifier(sql_mode)(format("UPDATE t SET a = 1 {}", each));
    EXPECT_TRUE(updated == "update_all shop.t" || updated == "update_range shop.t") << each << ": " << updated;
  }
}

void expect_ordinary(std::initializer_list<std::string_view> conditions, std::uint64_t sql_mode = kStrict) {
  for (const std::string_view each : conditions) {
    EXPECT_EQ(Classifier(sql_mode)(format("DELETE FROM t {}", each)), "") << each;
    EXPECT_EQ(Classifier(sql_mode)(format("UPDATE t SET a = 1 {}", each)), "") << each;
  }
}

TEST(DangerDisguises, TheOppositeOfPerhapsAllIsPerhapsAll) {
  expect_held({"WHERE NOT (deleted_at IS NOT NULL)", "WHERE NOT (paid > 0)", "WHERE (c IS NOT NULL) IS FALSE",
               "WHERE (c >= 1) IS NOT TRUE", "WHERE NOT @x", "WHERE NOT (NOW() < '2020-01-01')",
               "WHERE 'a' NOT LIKE 'b'", "WHERE c NOT LIKE '%'", "WHERE NOT 0x0", "WHERE NOT (id = id)",
               "WHERE NOT (id > 0 AND 1=1)", "WHERE 1 NOT IN (@x, 2)", "WHERE NOT NOT (id > 0)",
               "WHERE (NOT (NULL OR FALSE)) IS NOT TRUE", "WHERE 0 IS NOT UNKNOWN", "WHERE !(paid > 0)"});
  expect_ordinary({"WHERE NOT TRUE", "WHERE NOT (1=1)", "WHERE !1", "WHERE (1=1) IS FALSE", "WHERE 5 NOT IN (5, 6)"});
}

TEST(DangerDisguises, NegationsBindAsTheServersDo) {
  expect_held({"WHERE ! 5 < 7", "WHERE ! 5 <> 9"});
  expect_held({"WHERE NOT 5 < 7", "WHERE NOT NOT id = 1"}, kStrict | kModeHighNotPrecedence);
  expect_ordinary({"WHERE NOT 5 < 7"});
}

TEST(DangerDisguises, OnlyWholeNumbersDecide) {
  expect_held({"WHERE ' 1'",
               "WHERE '+1'",
               "WHERE '\t1'",
               "WHERE 'x' = 'x '",
               "WHERE 'a' = 'á'",
               "WHERE BINARY 'a' <> 'A'",
               "WHERE 'a' <> 'A' COLLATE utf8mb4_bin",
               "WHERE ~0",
               "WHERE '1' > -'5'",
               "WHERE x'0A31'",
               "WHERE 0b1",
               "WHERE 0.1 + 0.2 = 0.3",
               "WHERE 9007199254740993 <> 9007199254740992",
               "WHERE CAST(0.4 AS SIGNED) = 0",
               "WHERE BINARY 10 < BINARY 9",
               "WHERE BINARY(10) < BINARY(9)",
               "WHERE 10 COLLATE utf8mb4_bin < 9",
               "WHERE FROM_UNIXTIME(-1) IS NULL",
               "WHERE '' IS NULL",
               "WHERE 1e0OR id = 5",
               "WHERE id = 1e0OR 1=1",
               "WHERE 'a' = 'b'",
               "WHERE MD5(name) <> name",
               "WHERE 1e-400 = 0"});
  expect_ordinary({"WHERE 1=0", "WHERE 0", "WHERE 2 < 1", "WHERE NULL", "WHERE -1 = 1", "WHERE 5 IS NULL",
                   "WHERE (id = 5 OR 0)", "WHERE id = NULL"});
}

TEST(DangerDisguises, ATermIsBoundOnlyByWhatItIs) {
  expect_held({"WHERE id BETWEEN 0 AND CAST(-1 AS UNSIGNED)", "WHERE name LIKE x'25'", "WHERE CURRENT_USER = 'a@b'",
               "WHERE CAST(name AS CHAR(0)) = ''", "WHERE CONVERT(name, SIGNED) = 0", "WHERE (id > 0, 1) IN ((1, 1))",
               "WHERE INTERVAL(id, 0) = 1", "WHERE id = @x := id", "WHERE id = (@x := id)", "WHERE id IN (1, @x := id)",
               "WHERE MD5(id) > 5 AND id < 1000000", "WHERE id = (5 FROB id)", "WHERE id IN (5 FROB id)",
               "WHERE INTERVAL(1, 0) OR id = 5"});
  expect_held({"WHERE id = '' || id", "WHERE name LIKE '' || '%'"}, kStrict | kModePipesAsConcat);
  expect_ordinary({"WHERE (a, f(b)) = (1, 2)", "WHERE CAST(id AS CHAR) = '5'", "WHERE CONVERT(name USING utf8) = 'x'",
                   "WHERE id = _utf8mb4 0x35", "WHERE id IN (_utf8mb4 0x35)", "WHERE (id) = (5)"});
  expect_ordinary({"WHERE name = 'a' || 'b'"}, kStrict | kModePipesAsConcat);
}

TEST(DangerDisguises, ASubqueryBoundsByItsOwnRowsOnly) {
  expect_held({"WHERE id IN (SELECT id FROM u EXCEPT SELECT id FROM u WHERE id = 5)",
               "WHERE id IN (SELECT id FROM u INTERSECT SELECT id FROM t WHERE id = 5 OR 1)",
               "WHERE id IN (SELECT id FROM u WHERE id = 5 UNION SELECT id FROM u)",
               "WHERE id IN (SELECT id FROM u MINUS SELECT id FROM u WHERE id = 5)",
               "WHERE id IN (SELECT t.id FROM u WHERE u.k = 5)", "WHERE id = (SELECT id)",
               "WHERE id = (SELECT t.id FROM u WHERE k = 1 LIMIT 1)", "WHERE id = (SELECT id FROM DUAL)",
               "WHERE id IN (SELECT id FROM (SELECT 5 AS one) x WHERE one = 5)",
               "WHERE id IN (SELECT u.id FROM u, (SELECT 1 AS x) d WHERE d.x = 1)",
               "WHERE id IN (SELECT u.id FROM u JOIN v WHERE v.k = 5)", "WHERE id = (TABLE u)",
               "WHERE id IN (SELECT id FROM u WHERE id = 5 FROB 1)", "WHERE id NOT IN (SELECT id FROM u WHERE 1=0)"});
  expect_ordinary({"WHERE id = (SELECT MAX(id) FROM u)", "WHERE id = (SELECT MAX(id) FROM (SELECT id FROM u) x)",
                   "WHERE id IN (SELECT u.id FROM u JOIN v ON u.id = v.id WHERE v.k = 5)",
                   "WHERE id IN (SELECT a.id FROM u AS a, v b WHERE a.id = b.id AND b.k = 5)",
                   "WHERE id IN (SELECT id FROM u WHERE k = 5 ORDER BY id LIMIT 3)", "WHERE id = (SELECT 5)",
                   "WHERE id IN (SELECT u.id FROM d.u WHERE u.k = 5)"});
  EXPECT_EQ(Classifier()("DELETE a FROM a, b WHERE b.x IN (SELECT k FROM z WHERE z.q = z.r AND k = 5)"),
            "delete_range shop.a")
      << "what a subquery joins joins nothing outside";
  EXPECT_EQ(Classifier()("DELETE a FROM a JOIN b ON b.x = 5"), "delete_range shop.a");
}

TEST(DangerDisguises, NowLessWhatMayBeNegativeIsNotPast) {
  expect_held({"WHERE expires_at < NOW() - INTERVAL -100 YEAR", "WHERE expires_at < DATE_SUB(NOW(), INTERVAL -9 YEAR)",
               "WHERE expires_at < NOW() - INTERVAL '-9' YEAR", "WHERE expires_at < NOW() - INTERVAL @x YEAR",
               "WHERE expires_at < NOW() - INTERVAL 5 - 100 YEAR", "WHERE expires_at < SUBDATE(NOW(), -36500)",
               "WHERE expire < UNIX_TIMESTAMP() - -1000000000", "WHERE expire < UNIX_TIMESTAMP() - x",
               "WHERE expires_at < SUBTIME(NOW(), '-800:00:00')", "WHERE expire < CAST(NOW() AS UNSIGNED)"});
  expect_ordinary({"WHERE expires_at < NOW() - INTERVAL 1 DAY", "WHERE expires_at < NOW() - INTERVAL '1 2' DAY_HOUR",
                   "WHERE expires_at < DATE_SUB(NOW(), INTERVAL 7 DAY)", "WHERE expire < UNIX_TIMESTAMP() - 3600",
                   "WHERE expires_at < CAST(NOW() AS DATE)", "WHERE expires_at < SUBTIME(NOW(), '01:00:00')"});
}

TEST(DangerDisguises, ALimitBoundsOnlyWhereAllIsFollowed) {
  expect_held({"--\x7f LIMIT 5", "WHERE id = @'\\'' OR 1 -- ' LIMIT 1", "WHERE id > 5 FROB LIMIT 5", "LIMIT 5 FROB",
               "WHERE 1 LIMIT 5x", "# a\nWHERE id > 5 -- \x01LIMIT 5"});
  expect_ordinary({"ORDER BY id DESC, f(x) LIMIT 5", "WHERE MATCH (a) AGAINST ('x' IN BOOLEAN MODE) LIMIT 5",
                   "WHERE a SOUNDS LIKE 'x' LIMIT 5", "WHERE 5 MEMBER OF (a) LIMIT 5"});
  EXPECT_EQ(Classifier()("DELETE FROM t x y LIMIT 5"), "delete_all shop.t");
  EXPECT_EQ(Classifier(kModeAnsiQuotes)("DELETE FROM t WHERE id = @\"\\\" OR 1 -- \" LIMIT 1"), "delete_all shop.t");
  EXPECT_EQ(Classifier()("DELETE FROM t WHERE id = @\"\\\"\" OR 1 -- \" LIMIT 1"), "delete_all shop.t");
  EXPECT_EQ(Classifier()("DELETE FROM t WHERE id = @`\\` OR 1 -- ` LIMIT 1"), "delete_all shop.t");
  EXPECT_EQ(Classifier()("DELETE FROM t FOR PORTION OF p FROM '2020-01-01' TO DATE '2021-01-01' LIMIT 5"), "");
  EXPECT_EQ(Classifier()("REPLACE INTO t SELECT * FROM u LIMIT 1, 100000"), "");
  const auto rows = [](std::string_view text) {
    Classifier classify;
    const std::vector<Effect> effects = classify_statement(text, classify.context, classify.memory);
    return effects.size() == 1 ? effects[0].rows : 0;
  };
  EXPECT_EQ(rows("REPLACE INTO t SELECT * FROM u LIMIT 1, 100000"), 100'000U);
  EXPECT_EQ(rows("REPLACE INTO t SELECT * FROM u LIMIT 100000 OFFSET 1"), 100'000U);
  EXPECT_EQ(Classifier()("REPLACE INTO t SELECT * FROM u MINUS SELECT * FROM u WHERE x = 5"), "update_range shop.t");
}

TEST(DangerDisguises, BlanksAreTheCharacterSets) {
  const auto latin1 = [](std::string_view text) { return Classifier(kStrict, Charset::kLatin1)(text); };
  EXPECT_EQ(latin1("SET STATEMENT\xA0max_statement_time=1 FOR DROP DATABASE shop"), "drop_database shop.*");
  EXPECT_EQ(latin1("DROP\xA0TABLE\xA0t"), "drop_table shop.t");
  EXPECT_EQ(latin1("DELETE FROM t --\xA0LIMIT 5"), "delete_all shop.t");
  EXPECT_EQ(latin1("DELETE FROM t WHERE id = @x\xA0OR 1"), "delete_all shop.t");
  EXPECT_EQ(latin1("DELETE FROM b\xFC"
                   "cher WHERE id = 5"),
            "");
  EXPECT_EQ(Classifier()("DELETE FROM t --\xA0LIMIT 5"), "delete_all shop.t") << "no comment in UTF-8, and no LIMIT";
  for (const Charset charset : {Charset::kSingleByte, Charset::kSwe7}) {
    const auto single = [&](std::string_view text) { return Classifier(kStrict, charset)(text); };
    EXPECT_EQ(single("SET STATEMENT\xFFmax_statement_time=1 FOR DROP DATABASE shop"), "unknown; unknown");
    EXPECT_EQ(single("DELETE FROM t --\x80LIMIT 5"), "delete_all shop.t; unknown");
    EXPECT_EQ(single("INSERT INTO t VALUES ('caf\xE9') /* \xFF */"), "");
  }
  EXPECT_EQ(Classifier(kStrict, Charset::kSwe7)("DELETE FROM t WHERE a[b = 5"), "delete_range shop.t; unknown");
  EXPECT_EQ(charset_of_collation(8), Charset::kLatin1);
  EXPECT_EQ(charset_of_collation(1024 + 47), Charset::kLatin1);
  EXPECT_EQ(charset_of_collation(51), Charset::kSingleByte);
  EXPECT_EQ(charset_of_collation(10), Charset::kSwe7);
  for (const unsigned plain : {0U, 11U, 33U, 45U, 63U, 65U, 224U, 255U, 2304U}) {
    EXPECT_EQ(charset_of_collation(plain), Charset::kPlain) << plain;
  }
}

TEST(DangerDisguises, ReckoningBackNeedsTheSameColumn) {
  expect_all({
      {"UPDATE c LEFT JOIN p ON c.parent = p.id SET c.deleted_at = NOW() WHERE p.deleted_at IS NULL",
       "update_range shop.c,shop.p"},
      {"UPDATE c JOIN p ON c.parent = p.id SET deleted_at = NOW() WHERE deleted_at IS NULL",
       "update_range shop.c,shop.p"},
      {"UPDATE c JOIN p ON c.parent = p.id SET c.deleted_at = NOW() WHERE c.deleted_at IS NULL", ""},
      {"UPDATE t SET a = 5 WHERE t.a IS NULL", ""},
      {"UPDATE t SET a = 5 WHERE CAST(a AS CHAR) IS NULL", "update_range shop.t"},
      {"UPDATE t SET a = 5 WHERE UNHEX(a) IS NULL", "update_range shop.t"},
      {"UPDATE t SET a = 5 WHERE a->'$.x' IS NULL", "update_range shop.t"},
      {"UPDATE c JOIN p ON c.a = p.a SET c.n = p.n + 1 WHERE c.n > 5", "update_range shop.c,shop.p"},
      {"UPDATE c JOIN p ON c.a = p.a SET n = p.n + 1 WHERE c.n > 5", "update_range shop.c,shop.p"},
      {"UPDATE c JOIN p ON c.a = p.a SET c.n = c.n + 1 WHERE c.n > 5", ""},
      {"UPDATE t SET n = n + 1 - 2 WHERE n > 5", ""},
      {"UPDATE t SET n = n - n WHERE n > 5", "update_range shop.t"},
      {"UPDATE t SET n = n + 1 - n WHERE n > 5", "update_range shop.t"},
      {"UPDATE t SET n = n + 99999999999 WHERE n > 5", "update_range shop.t"},
      {"UPDATE IGNORE t SET n = n + 200 WHERE n > 5", "update_range shop.t"},
      {"INSERT INTO t SELECT * FROM u ON DUPLICATE KEY UPDATE total = total - total", "update_range shop.t"},
      {"INSERT INTO t SELECT * FROM u ON DUPLICATE KEY UPDATE n = n + 1 - n", "update_range shop.t"},
      {"INSERT INTO t SELECT * FROM u ON DUPLICATE KEY UPDATE n = n - VALUES(n) * 2", "update_range shop.t"},
      {"INSERT INTO t SELECT * FROM u ON DUPLICATE KEY UPDATE n = u.n + 1", "update_range shop.t"},
      {"INSERT IGNORE INTO t SELECT * FROM u ON DUPLICATE KEY UPDATE n = n + 1", "update_range shop.t"},
      {"INSERT INTO t SELECT * FROM u ON DUPLICATE KEY UPDATE n = t.n + VALUES(n) + 1, id = id", ""},
  });
  EXPECT_EQ(Classifier(0)("UPDATE t SET n = n + 200 WHERE n > 5"), "update_range shop.t") << "cut at the column's end";
  Classifier classify;
  classify("CREATE PROCEDURE p(n INT) UPDATE t SET n = n + 1 WHERE a > 5");
  classify("CREATE FUNCTION f() RETURNS INT BEGIN CALL p(5); RETURN 1; END");
  EXPECT_EQ(classify("SELECT f()"), "update_range shop.t") << "the variable, not the column";
}

TEST(DangerDisguises, LettersOfASetOfSingleBytesMayNameThings) {
  const auto say = [](unsigned collation, std::string_view text) {
    Classifier classify(kStrict, Charset::kSingleByte);
    classify.context.dialect.letters = letters_of_collation(collation);
    return classify(text);
  };
  constexpr unsigned kKoi8r = 7;
  constexpr unsigned kLatin2 = 9;
  constexpr unsigned kLatin2NoPad = 9 + 1024;
  constexpr unsigned kCp866 = 36;
  EXPECT_EQ(say(kKoi8r, "CREATE TABLE \xCB\xCF\xCC (\xD2 INT)"), "");
  EXPECT_EQ(say(kKoi8r, "DROP TABLE \xCB\xCF\xCC"), "drop_table shop.\xCB\xCF\xCC");
  EXPECT_EQ(say(kLatin2, "DELETE FROM t WHERE \xE9 = 5"), "");
  EXPECT_EQ(say(kLatin2,
                "DELETE FROM t WHERE \xE9 = 5 OR\xA0"
                "1"),
            "delete_range shop.t; unknown");
  EXPECT_EQ(say(kLatin2NoPad, "TRUNCATE \xE9"), "truncate_table shop.\xE9");
  EXPECT_EQ(say(kCp866, "DELETE FROM t --\xFFLIMIT 5"), "delete_all shop.t; unknown");
  EXPECT_EQ(say(0, "TRUNCATE \xE9"), "unknown; unknown");
}

TEST(DangerDisguises, TemporaryTablesAreOfOneServersThread) {
  Classifier classify;
  classify.context.session = {1, 7};
  classify("CREATE TEMPORARY TABLE t (a INT)");
  EXPECT_EQ(classify("TRUNCATE t"), "");
  EXPECT_EQ(classify("DROP TABLE t"), "drop_table shop.t") << "of a temporary one it would say so";
  classify("CREATE TEMPORARY TABLE t (a INT)");
  classify.context.session = {2, 7};
  EXPECT_EQ(classify("TRUNCATE t"), "truncate_table shop.t");
  EXPECT_EQ(classify("DELETE FROM t"), "delete_all shop.t");
}

TEST(DangerDisguises, ColumnsAreKnownOnlyByWhatMadeThem) {
  expect_all({
      {"ALTER TABLE t MODIFY price DECIMAL(10,0)", "narrow_column shop.t"},
      {"ALTER TABLE t CHANGE price price NUMERIC(10,2)", "narrow_column shop.t"},
      {"ALTER TABLE t MODIFY price FLOAT", "narrow_column shop.t"},
      {"ALTER TABLE t MODIFY price DOUBLE", "narrow_column shop.t"},
      {"ALTER TABLE t MODIFY attempts INT UNSIGNED NOT NULL", "narrow_column shop.t"},
      {"ALTER TABLE t MODIFY id BIGINT NOT NULL AUTO_INCREMENT", "narrow_column shop.t"},
      {"ALTER TABLE t MODIFY at DATETIME(6)", "narrow_column shop.t"},
      {"ALTER TABLE t MODIFY flags BIT(8)", "narrow_column shop.t"},
      {"ALTER TABLE t MODIFY note VARCHAR(100)", ""},
      {"ALTER TABLE t MODIFY state ENUM('new')", ""},
  });
  Classifier classify;
  classify("CREATE TABLE t (price DECIMAL(10,4), at DATETIME)");
  EXPECT_EQ(classify("ALTER TABLE t MODIFY price DECIMAL(14,4)"), "");
  classify("CREATE TABLE IF NOT EXISTS t (price DECIMAL(10,0), at DATE)");
  EXPECT_EQ(classify("ALTER TABLE t MODIFY price DECIMAL(10,0)"), "narrow_column shop.t") << "it was there already";
  classify("CREATE TABLE u (price DECIMAL(10,4), at DATETIME)");
  classify("ALTER TABLE u ADD COLUMN IF NOT EXISTS at DATE");
  EXPECT_EQ(classify("ALTER TABLE u MODIFY at DATE"), "narrow_column shop.u");
  classify("CREATE TEMPORARY TABLE u (price DECIMAL(10,0))");
  EXPECT_EQ(classify("ALTER TABLE u MODIFY price DECIMAL(10,0)"), "");
  classify("DROP TEMPORARY TABLE u");
  EXPECT_EQ(classify("ALTER TABLE u MODIFY price DECIMAL(10,0)"), "narrow_column shop.u")
      << "the lasting one did not change";
}

}  // namespace
}  // namespace lifeboat::binlog
