"""What applications, migrations and jobs send all day, which loses nothing or a few rows by key: none of it may be held.

Each line is one case, of one or more statements; some are dressed as well, since an application's comments, prepared statements and
procedures are no danger.
"""
import json

import disguises
import fixtures

TABLES = {
    "orders": fixtures.orders("orders"), "events": fixtures.partitioned("events"), "contracts": fixtures.versioned("contracts"),
    "numbers": fixtures.sequence("numbers"),
    "customers": [
        "CREATE TABLE customers (id INT PRIMARY KEY AUTO_INCREMENT, mail VARCHAR(190) UNIQUE, name VARCHAR(50), "
        "active TINYINT(1) DEFAULT 1, visits INT DEFAULT 0, born DATE, settings LONGTEXT, "
        "created TIMESTAMP DEFAULT CURRENT_TIMESTAMP) ENGINE=InnoDB CHARSET=utf8mb4",
        "INSERT INTO customers (mail, name) SELECT CONCAT('c', seq, '@example.org'), CONCAT('Customer ', seq) FROM seq_1_to_500"],
    "items": ["CREATE TABLE items (order_id INT, line INT, article VARCHAR(20), pieces INT, PRIMARY KEY (order_id, line))",
              "INSERT INTO items SELECT seq, 1, CONCAT('a', seq MOD 40), 1 FROM seq_1_to_800"],
    "sessions": ["CREATE TABLE sessions (id CHAR(32) PRIMARY KEY, user_id INT, data BLOB, expires_at DATETIME, KEY (user_id))",
                 "INSERT INTO sessions SELECT MD5(seq), seq, '', IF(seq < 5, '2020-01-01', '2099-01-01') FROM seq_1_to_300"],
    "cache": ["CREATE TABLE cache (k VARCHAR(100) PRIMARY KEY, v MEDIUMBLOB, expire INT)",
              "INSERT INTO cache SELECT CONCAT('page:', seq), 'x', 0 FROM seq_1_to_300"],
    "jobs": ["CREATE TABLE jobs (id BIGINT PRIMARY KEY AUTO_INCREMENT, queue VARCHAR(50), payload TEXT, reserved_at INT, "
             "attempts TINYINT DEFAULT 0)", "INSERT INTO jobs (queue, payload) SELECT 'mail', '{}' FROM seq_1_to_100"],
    "tree": ["CREATE TABLE tree (id INT PRIMARY KEY, lft INT, rgt INT)", "INSERT INTO tree SELECT seq, seq, seq FROM seq_1_to_200"],
    "migrations": ["CREATE TABLE migrations (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(255), batch INT)",
                   "INSERT INTO migrations (name, batch) SELECT CONCAT('m', seq), 1 FROM seq_1_to_20"],
    "orders_2026": [f"CREATE TABLE archive.orders_2026 ({fixtures.COLUMNS})"],
    "log_by_year": ["CREATE TABLE log_by_year (y INT) PARTITION BY RANGE (y) (PARTITION p2026 VALUES LESS THAN (2027))"],
}


def setup_for(statements):
    """The tables that the statements name."""
    text = json.dumps(statements).lower()
    return [sql for name, make in TABLES.items() if name in text for sql in make]


APPLICATION = """
INSERT INTO customers (mail, name) VALUES ('new@example.org', 'New')
INSERT INTO customers SET mail = 'set@example.org', name = 'DROP DATABASE shop'
INSERT IGNORE INTO customers (mail, name) VALUES ('c1@example.org', 'Again'), ('x1@example.org', 'X')
INSERT INTO customers (id, mail) VALUES (5, 'c5@example.org') ON DUPLICATE KEY UPDATE visits = visits + 1
INSERT INTO cache (k, v, expire) VALUES ('page:1', 'y', 1790000000) ON DUPLICATE KEY UPDATE v = VALUES(v), expire = VALUES(expire)
INSERT INTO cache (k, v, expire) VALUES ('page:2', 'y', 1), ('page:3', 'z', 2), ('page:900', 'n', 3) ON DUPLICATE KEY UPDATE v = VALUE(v)
REPLACE INTO cache (k, v, expire) VALUES ('page:4', 'z', 5)
REPLACE INTO cache SET k = 'page:5', v = 'w', expire = 0
REPLACE INTO sessions VALUES (MD5(7), 7, 'data', '2099-01-01')
INSERT INTO items SELECT id, 2, 'bonus', 1 FROM orders WHERE customer = 3
INSERT INTO items (order_id, line, article, pieces) SELECT id, 3, 'gift', 1 FROM orders WHERE placed > '2026-03-01 12:00:00'
INSERT INTO archive.orders_2026 SELECT * FROM orders WHERE id < 50
INSERT INTO items VALUES (900, 1, 'it''s; DROP TABLE a;', 1)
INSERT INTO items VALUES (901, 1, '/*! TRUNCATE */', 1), (902, 1, "DELETE FROM x", 2)
INSERT INTO customers (mail) VALUES ('a@example.org'); UPDATE customers SET visits = 1 WHERE id = LAST_INSERT_ID()
INSERT INTO items SELECT order_id, line + 10, article, 0 FROM items WHERE article = 'a5' ON DUPLICATE KEY UPDATE pieces = 0
INSERT INTO customers (mail, name) VALUES ('r@example.org', 'R') RETURNING id
UPDATE customers SET visits = visits + 1 WHERE id = 7
UPDATE customers SET name = 'Changed', active = 0 WHERE mail = 'c9@example.org'
UPDATE customers SET name = 'Two' WHERE id IN (11, 12, 13)
UPDATE customers SET settings = '{"theme": "dark", "where": 1}' WHERE id = 15 LIMIT 1
UPDATE orders SET state = 'paid' WHERE id = 77 AND state <> 'sent'
UPDATE orders SET state = 'sent', placed = NOW(3) WHERE id = (SELECT MAX(order_id) FROM items)
UPDATE orders JOIN customers ON orders.customer = customers.id SET orders.note = customers.name WHERE orders.id = 5
UPDATE orders o, customers c SET o.note = 'x' WHERE o.customer = c.id AND o.id = 6
UPDATE orders SET note = CONCAT(note, ' (seen)') WHERE id BETWEEN 10 AND 14
UPDATE jobs SET reserved_at = 1790000000, attempts = attempts + 1 WHERE id = 3 AND reserved_at IS NULL
UPDATE jobs SET reserved_at = NULL WHERE queue = 'mail' ORDER BY id LIMIT 5
UPDATE sessions SET data = 'x', expires_at = '2099-02-01' WHERE id = MD5(9)
UPDATE sessions SET data = 0x0001FF WHERE id = 'c4ca4238a0b923820dcc509a6f75849b'
UPDATE cache SET v = 'new' WHERE k = 'page:8' AND expire = 0
UPDATE tree SET lft = lft + 2 WHERE lft > 195
UPDATE tree SET rgt = rgt - 1 WHERE rgt >= 196 AND id = 199
UPDATE customers SET mail = LOWER(mail) WHERE id = 20
UPDATE customers SET active = NOT active WHERE id = -5
UPDATE customers SET born = '1990-01-01' WHERE LOWER(mail) = 'c30@example.org'
UPDATE LOW_PRIORITY IGNORE customers SET visits = 5 WHERE id = 21
UPDATE migrations SET batch = 2 WHERE name = 'm20'
DELETE FROM customers WHERE id = 5
DELETE FROM customers WHERE id IN (6, 7, 8)
DELETE FROM customers WHERE mail = 'c10@example.org' LIMIT 1
DELETE FROM sessions WHERE id = MD5(8)
DELETE FROM sessions WHERE user_id = 12
DELETE FROM sessions WHERE expires_at < NOW()
DELETE FROM sessions WHERE expires_at < NOW() - INTERVAL 7 DAY
DELETE FROM sessions WHERE expires_at <= '2020-06-01 00:00:00' AND user_id = 2
DELETE FROM cache WHERE k = 'page:9'
DELETE FROM cache WHERE k LIKE 'page:10%' AND k <> 'page:100' LIMIT 5
DELETE FROM items WHERE order_id = 5 AND line = 1
DELETE FROM items WHERE (order_id, line) IN ((6, 1), (7, 1))
DELETE items FROM items JOIN orders ON items.order_id = orders.id WHERE orders.id = 9
DELETE i, o FROM orders o LEFT JOIN items i ON i.order_id = o.id WHERE o.id = 10
DELETE FROM i USING items i INNER JOIN orders o ON o.id = i.order_id WHERE o.id = 11
DELETE FROM jobs WHERE id = 4
DELETE FROM jobs ORDER BY id LIMIT 1
DELETE FROM jobs WHERE queue = 'mail' AND id < 50 LIMIT 5
DELETE QUICK FROM orders WHERE id = 12 RETURNING note
DELETE FROM orders WHERE id BETWEEN 100 AND 104
DELETE FROM orders WHERE id = 0
DELETE FROM orders WHERE id = 13 OR id = 14
DELETE FROM events PARTITION (p0) WHERE id = 15
DELETE FROM customers WHERE id = (SELECT customer FROM orders WHERE id = 16)
DELETE FROM migrations WHERE name = 'm1'
START TRANSACTION; INSERT INTO items VALUES (903, 1, 'a', 1); UPDATE orders SET note = 'b' WHERE id = 20; DELETE FROM items WHERE order_id = 21; COMMIT
START TRANSACTION; SAVEPOINT s; DELETE FROM customers WHERE id = 22; ROLLBACK TO s; UPDATE customers SET visits = 3 WHERE id = 23; COMMIT
XA START 'x'; UPDATE customers SET visits = 3 WHERE id = 24; XA END 'x'; XA PREPARE 'x'; XA COMMIT 'x'
SELECT NEXT VALUE FOR numbers; INSERT INTO items VALUES (NEXT VALUE FOR numbers, 1, 'a', 1)
SELECT SETVAL(numbers, 9000)
SET @id = 25; DELETE FROM customers WHERE id = @id; UPDATE customers SET visits = 2 WHERE id = @id + 1
INSERT INTO contracts VALUES (5000, 'new'); UPDATE contracts SET note = 'third' WHERE id = 5000
INSERT INTO sessions VALUES (MD5(UUID()), 1, RANDOM_BYTES(4), NOW())
DELETE FROM customers WHERE id = RAND() * 0 + 30
UPDATE customers c SET c.visits = (SELECT COUNT(*) FROM orders o WHERE o.customer = c.id) WHERE c.id = 3
UPDATE customers SET settings = JSON_SET(COALESCE(settings, '{}'), '$.a', 1) WHERE id = 40
UPDATE orders SET price = price * 1.1 WHERE id = 41 AND customer = 6
UPDATE orders SET note = 'WHERE 1' WHERE id = 42
UPDATE orders SET note = NULL WHERE (id = 43 OR id = 44) AND price > 0
DELETE FROM sessions WHERE user_id = 45 AND expires_at > NOW()
DELETE FROM cache WHERE expire > 0 AND expire < UNIX_TIMESTAMP()
DELETE FROM sessions WHERE expires_at < DATE_SUB(NOW(), INTERVAL 7 DAY)
DELETE FROM sessions WHERE expires_at < NOW() - INTERVAL '7 12' DAY_HOUR
DELETE FROM customers WHERE id = (SELECT MAX(id) FROM (SELECT id FROM customers) x)
DELETE FROM items WHERE order_id IN (SELECT o.id FROM orders o JOIN customers c ON o.customer = c.id WHERE o.id = 70)
UPDATE customers SET active = 0 WHERE 1 = 0
UPDATE orders SET note = 'x' WHERE CAST(id AS CHAR) = '71'
INSERT INTO items VALUES (5, 1, 'a', 1) ON DUPLICATE KEY UPDATE pieces = pieces + VALUES(pieces)
UPDATE jobs SET reserved_at = 1 WHERE NOT (reserved_at IS NOT NULL) ORDER BY id LIMIT 3
SET NAMES latin1; INSERT INTO items VALUES (970, 1, 'café', 1); DELETE FROM items WHERE order_id = 31 -- café
"""

MIGRATIONS = """
CREATE TABLE tags (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50) NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
CREATE TABLE IF NOT EXISTS orders (id INT)
CREATE TABLE order_tags (order_id INT NOT NULL, tag VARCHAR(20), FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE)
CREATE TABLE customers_copy LIKE customers
CREATE TABLE top AS SELECT customer, COUNT(*) AS n FROM orders GROUP BY customer
CREATE TABLE top (customer INT PRIMARY KEY) SELECT DISTINCT customer FROM orders
CREATE TABLE log (at DATETIME, what TEXT) PARTITION BY RANGE (YEAR(at)) (PARTITION p2025 VALUES LESS THAN (2026), PARTITION pmax VALUES LESS THAN MAXVALUE)
ALTER TABLE customers ADD COLUMN phone VARCHAR(30) NULL
ALTER TABLE customers ADD phone VARCHAR(30) DEFAULT '' AFTER mail, ADD KEY (phone)
ALTER TABLE customers ADD COLUMN IF NOT EXISTS name VARCHAR(50)
ALTER TABLE customers ADD (a INT, b INT)
ALTER TABLE customers ADD COLUMN full_name VARCHAR(100) AS (CONCAT(name, ' ', mail)) VIRTUAL
ALTER TABLE customers MODIFY name VARCHAR(200)
ALTER TABLE customers MODIFY COLUMN name TEXT
ALTER TABLE customers CHANGE name display_name VARCHAR(80)
ALTER TABLE customers CHANGE COLUMN visits visits BIGINT NOT NULL DEFAULT 0
ALTER TABLE customers RENAME COLUMN name TO display_name
ALTER TABLE customers ALTER COLUMN visits SET DEFAULT 5
ALTER TABLE customers ALTER visits DROP DEFAULT
ALTER TABLE customers MODIFY id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT
ALTER TABLE customers CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
ALTER TABLE customers DEFAULT CHARACTER SET utf8mb4
ALTER TABLE customers ENGINE=InnoDB
ALTER TABLE customers ROW_FORMAT=DYNAMIC, COMMENT='DROP COLUMN name'
ALTER TABLE customers AUTO_INCREMENT = 10000
ALTER TABLE customers FORCE
ALTER TABLE customers ADD INDEX by_name (name), ALGORITHM=INPLACE, LOCK=NONE
ALTER TABLE customers DROP INDEX mail
ALTER TABLE customers DROP KEY mail, ADD UNIQUE KEY mail_again (mail)
ALTER TABLE customers ADD FULLTEXT KEY words (name)
ALTER TABLE customers ADD CONSTRAINT visits_positive CHECK (visits >= 0)
ALTER TABLE customers ADD CONSTRAINT v CHECK (visits >= 0); ALTER TABLE customers DROP CONSTRAINT v
ALTER TABLE items DROP PRIMARY KEY, ADD PRIMARY KEY (line, order_id)
ALTER TABLE items ADD CONSTRAINT to_order FOREIGN KEY (order_id) REFERENCES orders (id)
ALTER TABLE items ADD CONSTRAINT f FOREIGN KEY (order_id) REFERENCES orders (id); ALTER TABLE items DROP FOREIGN KEY f
ALTER TABLE events ADD INDEX (note)
ALTER TABLE events REORGANIZE PARTITION p2 INTO (PARTITION p2 VALUES LESS THAN (2000), PARTITION p3 VALUES LESS THAN MAXVALUE)
ALTER TABLE log_by_year ADD PARTITION (PARTITION p2027 VALUES LESS THAN (2028))
ALTER TABLE events REBUILD PARTITION p0
ALTER TABLE events ANALYZE PARTITION ALL
ALTER TABLE events REMOVE PARTITIONING
ALTER TABLE orders PARTITION BY HASH (id) PARTITIONS 4
ALTER TABLE orders PARTITION BY KEY () PARTITIONS 3; ALTER TABLE orders COALESCE PARTITION 1
ALTER TABLE orders ADD SYSTEM VERSIONING
ALTER TABLE orders MODIFY state ENUM('new','paid','sent','returned') NOT NULL
ALTER TABLE orders MODIFY price DECIMAL(14,4) NOT NULL
ALTER TABLE orders MODIFY note VARCHAR(100) CHARACTER SET utf8mb4 NOT NULL DEFAULT ''
ALTER TABLE orders MODIFY note VARCHAR(100) FIRST
ALTER TABLE orders ORDER BY customer
ALTER TABLE orders DISABLE KEYS; ALTER TABLE orders ENABLE KEYS
ALTER TABLE orders ADD COLUMN deleted_at DATETIME; UPDATE orders SET deleted_at = NOW() WHERE id = 5
ALTER TABLE customers MODIFY active BOOLEAN NOT NULL DEFAULT TRUE
ALTER TABLE jobs MODIFY attempts INT UNSIGNED NOT NULL DEFAULT 0
ALTER TABLE jobs MODIFY payload LONGTEXT
ALTER DATABASE shop CHARACTER SET utf8mb4
CREATE INDEX by_article ON items (article)
CREATE UNIQUE INDEX once ON items (order_id, line, article)
CREATE INDEX IF NOT EXISTS customer ON orders (customer)
CREATE OR REPLACE INDEX customer ON orders (customer, placed)
DROP INDEX customer ON orders
CREATE VIEW open_orders AS SELECT * FROM orders WHERE state = 'new'
CREATE OR REPLACE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW v AS SELECT id FROM orders
CREATE OR REPLACE VIEW v AS SELECT 1; ALTER VIEW v AS SELECT 2
CREATE DATABASE reports
CREATE DATABASE IF NOT EXISTS shop
CREATE SCHEMA tenant_7 CHARACTER SET utf8mb4
CREATE SEQUENCE invoice_numbers START WITH 100 INCREMENT BY 10
ALTER SEQUENCE numbers INCREMENT BY 5
CREATE PROCEDURE tidy_up() BEGIN DELETE FROM orders; DROP TABLE items; END
CREATE OR REPLACE PROCEDURE tidy_up() TRUNCATE orders
CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2
CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 2; INSERT INTO items VALUES (950, f(), 'a', 1)
CREATE TRIGGER stamp BEFORE UPDATE ON orders FOR EACH ROW SET NEW.note = CONCAT(NEW.note, '!')
CREATE TRIGGER gone AFTER DELETE ON orders FOR EACH ROW DELETE FROM items WHERE order_id = OLD.id
CREATE EVENT tidying ON SCHEDULE EVERY 1 DAY STARTS '2099-01-01' DO DELETE FROM sessions
INSERT INTO migrations (name, batch) VALUES ('2026_11_01_000000_drop_table_users', 2)
ANALYZE TABLE orders
OPTIMIZE TABLE items
FLUSH TABLES
SET STATEMENT max_statement_time = 100 FOR UPDATE customers SET visits = 9 WHERE id = 33
SET sql_mode = ''; ALTER TABLE customers MODIFY visits DECIMAL(12,0) NOT NULL
SET sql_mode = ''; ALTER TABLE customers MODIFY visits VARCHAR(20) NOT NULL
SET sql_mode = ''; ALTER TABLE orders MODIFY note TEXT, MODIFY customer BIGINT NOT NULL
SET sql_mode = ''; ALTER TABLE orders MODIFY placed VARCHAR(23) NOT NULL, MODIFY state VARCHAR(4) NOT NULL
"""

TEMPORARY = """
CREATE TEMPORARY TABLE t (a INT); INSERT INTO t VALUES (1); DROP TEMPORARY TABLE t
CREATE TEMPORARY TABLE t (a INT); INSERT INTO t SELECT id FROM orders; DELETE FROM t; DROP TABLE t
CREATE TEMPORARY TABLE t AS SELECT * FROM orders; UPDATE t SET note = 'x'; TRUNCATE TABLE t; DROP TABLE IF EXISTS t
CREATE TEMPORARY TABLE orders (a INT); INSERT INTO orders VALUES (1), (2); DELETE FROM orders; DROP TEMPORARY TABLE orders
CREATE TEMPORARY TABLE t LIKE orders; ALTER TABLE t DROP COLUMN note; DROP TEMPORARY TABLE IF EXISTS t
CREATE OR REPLACE TEMPORARY TABLE t (a INT); CREATE OR REPLACE TEMPORARY TABLE t (b INT)
CREATE TEMPORARY TABLE ids (id INT PRIMARY KEY); INSERT INTO ids VALUES (50), (51); DELETE orders FROM orders JOIN ids ON orders.id = ids.id WHERE ids.id = 50
DROP TEMPORARY TABLE IF EXISTS never_there
CREATE TEMPORARY TABLE t (a INT) ENGINE=MEMORY; INSERT INTO t VALUES (1); TRUNCATE t; INSERT INTO items SELECT 960, a, 'x', 1 FROM t
CREATE TEMPORARY TABLE archive.t (a INT); RENAME TABLE archive.t TO archive.s; DROP TABLE archive.s
CREATE TEMPORARY TABLE a1 (a INT); CREATE TEMPORARY TABLE b1 (b INT); INSERT INTO a1 VALUES (1); UPDATE a1, b1 SET a = 2; DROP TABLE a1, b1
CREATE TEMPORARY TABLE t (id INT, n INT); INSERT INTO t SELECT customer, COUNT(*) FROM orders GROUP BY customer; DELETE FROM t WHERE n > 0
CREATE TEMPORARY SEQUENCE s; SELECT NEXT VALUE FOR s; DROP SEQUENCE s
CREATE TEMPORARY TABLE t (a INT); ALTER TABLE t RENAME TO u; DELETE FROM u; DROP TABLE u
"""
PREPARED = [
    ("UPDATE customers SET visits = ? WHERE id = ?", "4", "60"), ("DELETE FROM customers WHERE id = ?", "61"),
    ("INSERT INTO customers (mail, name) VALUES (?, ?)", "p@example.org", "DELETE FROM orders"),
    ("DELETE FROM sessions WHERE user_id = ? AND expires_at < ?", "3", "2021-01-01"),
    ("UPDATE orders SET note = ? WHERE id IN (?, ?)", "' OR 1=1 --", "62", "63"),
    ("REPLACE INTO cache VALUES (?, ?, ?)", "page:20", "x", "0"), ("DELETE FROM jobs WHERE id > ? LIMIT 3", "10"),
]
DRESSED = ("comments", "executable", "procedure", "several_in_one", "immediate", "mixed_case", "set_statement")


def lines(text):
    return [line for line in text.strip().splitlines() if line]


def cases():
    for group, text in (("application", APPLICATION), ("migration", MIGRATIONS), ("temporary", TEMPORARY)):
        for i, line in enumerate(lines(text)):
            statements = line.split("; ") if not ("BEGIN DELETE" in line or "it''s; DROP" in line) else [line]
            yield {"name": f"{group}_{i}/plain", "setup": setup_for(line), "act": statements}
            if len(statements) > 1 or '"' in line or "/*" in line:
                continue
            name = DRESSED[i % len(DRESSED)]
            yield {"name": f"{group}_{i}/{name}", "setup": setup_for(line), "act": disguises.ANY[name](statements)}
    for i, (text, *values) in enumerate(PREPARED):
        yield {"name": f"prepared_{i}/prepared", "setup": setup_for(text), "act": [{"prepare": text, "values": values}]}
