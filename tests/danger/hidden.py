"""What destroys and does not look like it: conditions that seem to be false or to bound, LIMITs that the server reads as comments, blanks
that only a session's character set makes blanks, assignments that seem to be undone by reckoning, tables that seem to be temporary.

One case each, without further disguises: names tell what hides it.
"""
import fixtures

MORE_COLUMNS = ("ALTER TABLE orders ADD deleted_at DATETIME, ADD paid INT NOT NULL DEFAULT 0, "
                "ADD expires_at DATETIME NOT NULL DEFAULT '2090-01-01'")
ORDERS = [*fixtures.orders("orders"), MORE_COLUMNS]
BOTH = [*ORDERS, *fixtures.orders("purchases")]

CONDITIONS = {
    "negation": [
        "NOT (deleted_at IS NOT NULL)", "NOT (paid > 0)", "(deleted_at IS NOT NULL) IS FALSE", "(paid >= 1) IS NOT TRUE",
        "NOT (NOW() < '2020-01-01')", "'a' NOT LIKE 'b'", "NOT 0x0", "! 5 < 7", "(NOT (NULL OR FALSE)) IS NOT TRUE",
        "id NOT IN (SELECT id FROM noise WHERE 1 = 0)"],
    "literal": [
        "' 1'", "'+1'", "'\t1'", "'x' = 'x '", "'a' = 'á'", "BINARY 'a' <> 'A'", "'a' <> 'A' COLLATE utf8mb4_bin", "~0", "'1' > -'5'",
        "0b1", "0.1 + 0.2 = 0.3", "9007199254740993 <> 9007199254740992", "CAST(0.4 AS SIGNED) = 0", "BINARY 10 < BINARY 9",
        "MD5(note) <> note", "id = 1e0OR 1=1"],
    "term": [
        "id BETWEEN 0 AND CAST(-1 AS UNSIGNED)", "note LIKE x'25'", "CURRENT_USER = USER()", "CAST(note AS CHAR(0)) = ''",
        "(id > 0, 1) IN ((1, 1))", "INTERVAL(id, 0) = 1", "id = (@x := id)", "id = @x := id", "id IN (0, @x := id)"],
    "subquery": [
        "id IN (SELECT id FROM purchases EXCEPT SELECT id FROM purchases WHERE id = 5)",
        "id IN (SELECT id FROM purchases INTERSECT SELECT id FROM purchases WHERE id = 5 OR 1)",
        "id IN (SELECT orders.id FROM purchases WHERE purchases.id = 5)", "id = (SELECT orders.id)",
        "id IN (SELECT id FROM (SELECT 5 AS one) x WHERE one = 5)",
        "id IN (SELECT p.id FROM purchases p, (SELECT 1 AS one) x WHERE x.one = 1)"],
    "moment": [
        "expires_at < NOW() - INTERVAL -100 YEAR", "expires_at < DATE_SUB(NOW(), INTERVAL -100 YEAR)",
        "expires_at < NOW() - INTERVAL '-100' YEAR", "expires_at < NOW() - INTERVAL 5 - 100 YEAR"],
}
LIMITS = ["DELETE FROM orders --\x7f LIMIT 5", r"DELETE FROM orders WHERE id = @'\'' OR 1 -- ' LIMIT 1",
          "REPLACE INTO orders (id, customer, price, placed, state) SELECT seq, 0, 0, '2026-01-01', 'new' FROM seq_1_to_1300 LIMIT 1, 1200"]
# In one byte a character, 0xA0 or 0xFF is a blank or a control.
BLANKS = [("latin1", b"SET STATEMENT\xa0max_statement_time=10 FOR DROP DATABASE shop"), ("latin1", b"DROP\xa0TABLE\xa0orders"),
          ("latin1", b"DELETE FROM orders --\xa0LIMIT 5"), ("latin1", b"DELETE\xa0FROM orders WHERE id = 5 OR\xa01"),
          ("latin2", b"SET STATEMENT\xa0max_statement_time=10 FOR TRUNCATE orders"), ("cp850", b"DELETE FROM orders --\xff LIMIT 5"),
          ("cp852", b"DROP TABLE\xfforders"), ("cp1250", b"DELETE FROM orders --\x80 LIMIT 5")]
LAX = "SET sql_mode = ''"
UPSERT = "INSERT INTO orders (id, customer, price, placed, state) SELECT seq, 0, 0, '2026-01-01', 'new' FROM seq_1_to_1200 ON DUPLICATE KEY UPDATE"
ASSIGNMENTS = [
    ["UPDATE orders LEFT JOIN purchases ON purchases.id = orders.id + 5000 SET orders.placed = NOW(3) WHERE purchases.placed IS NULL"],
    ["UPDATE orders JOIN purchases ON orders.id = purchases.id SET orders.customer = purchases.customer + 5 WHERE orders.id > 5"],
    [f"{UPSERT} price = price - price"], [f"{UPSERT} price = price + 1 - price"],
    [LAX, "UPDATE orders SET price = price + 999999 WHERE id > 5"], ["UPDATE IGNORE orders SET price = price + 999999 WHERE id > 5"],
    [LAX, "UPDATE orders SET note = '' WHERE UNHEX(note) IS NULL"]]
JOINS = ["DELETE orders FROM orders JOIN purchases ON purchases.id = 5",
         "DELETE orders FROM orders, purchases WHERE purchases.id IN (SELECT n.a FROM (SELECT 5 AS a, 5 AS b) n WHERE n.a = n.b AND n.a = 5)"]
UNLOGGED, LOGGED = "SET sql_log_bin = 0", "SET sql_log_bin = 1"
# What stands in the log of a temporary table, without its end.
TEMPORARY = ["CREATE TEMPORARY TABLE orders (a INT)", UNLOGGED, "DROP TEMPORARY TABLE orders", LOGGED]
SHADOWS = [["SET server_id = 9", *TEMPORARY, "SET server_id = 1", "TRUNCATE orders"],
           ["SET server_id = 9", *TEMPORARY, "SET server_id = 1", "DELETE FROM orders"], [*TEMPORARY, "DROP TABLE orders"]]
ROUNDED = "ALTER TABLE orders MODIFY price DECIMAL(10,0) NOT NULL"
OLDER_THAN_THE_LOG = ["DROP TABLE IF EXISTS orders", UNLOGGED, *ORDERS, LOGGED]
COLUMNS = [(OLDER_THAN_THE_LOG, [ROUNDED]), (OLDER_THAN_THE_LOG, ["ALTER TABLE orders CHANGE price cost FLOAT NOT NULL"]),
           (ORDERS, ["CREATE TABLE IF NOT EXISTS orders (price DECIMAL(10,0))", ROUNDED]),
           (ORDERS, ["ALTER TABLE orders ADD COLUMN IF NOT EXISTS price DECIMAL(10,0)", ROUNDED]),
           (ORDERS, ["CREATE TEMPORARY TABLE orders (price DECIMAL(10,0) NOT NULL)", ROUNDED, "DROP TEMPORARY TABLE orders", ROUNDED]),
           *((OLDER_THAN_THE_LOG, [f"ALTER TABLE orders MODIFY {each} NOT NULL"])
             for each in ("price INT", "price BIGINT", "placed DATE", "placed DATETIME")),
           (ORDERS, ["ALTER TABLE orders CHANGE customer price INT NOT NULL, CHANGE price customer INT NOT NULL"]),
           (ORDERS, ["ALTER TABLE orders MODIFY state INT NOT NULL"]), (ORDERS, ["ALTER TABLE orders MODIFY placed BIGINT NOT NULL"])]


def numbered(what, cases):
    for i, (setup, act) in enumerate(cases):
        yield {"name": f"hidden_{what}_{i}/plain", "setup": setup, "act": act}


def cases():
    for what, conditions in CONDITIONS.items():
        yield from numbered(what, [(BOTH if what == "subquery" else ORDERS, [f"DELETE FROM orders WHERE {each}"]) for each in conditions])
    yield from numbered("unset", [(ORDERS, ["SET @x = 0", "UPDATE orders SET note = 'x' WHERE NOT @x"])])
    yield from numbered("limit", [(ORDERS, [each]) for each in LIMITS])
    yield from numbered("blank", [(ORDERS, [f"SET NAMES {charset}", {"hex": text.hex()}]) for charset, text in BLANKS])
    yield from numbered("assignment", [(BOTH, act) for act in ASSIGNMENTS])
    yield from numbered("join", [(BOTH, [each]) for each in JOINS])
    yield from numbered("shadow", [(ORDERS, act) for act in SHADOWS])
    yield from numbered("column", COLUMNS)
