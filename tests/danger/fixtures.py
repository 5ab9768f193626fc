"""The tables that the corpora's statements meet: made anew for each case, filled so that a loss is a real one."""

ROWS = 1200  # of a big table; a small one has a dozen
SEQUENCE = "SELECT seq FROM seq_1_to_{rows}"

COLUMNS = ("id INT PRIMARY KEY, customer INT NOT NULL, note VARCHAR(100), price DECIMAL(10,4) NOT NULL, placed DATETIME(3) NOT NULL, "
           "state ENUM('new','paid','sent') NOT NULL, KEY (customer)")
VALUES = ("seq, seq MOD 7, CONCAT('note of order ', seq), seq + 0.1234, '2026-03-01 10:11:12.345' + INTERVAL seq MINUTE, "
          "1 + seq MOD 3")


def orders(name, rows=ROWS):
    return [f"CREATE TABLE {name} ({COLUMNS})", f"INSERT INTO {name} SELECT {VALUES} FROM seq_1_to_{rows}"]


def partitioned(name):
    return [f"CREATE TABLE {name} (id INT PRIMARY KEY, note VARCHAR(100)) PARTITION BY RANGE (id) "
            "(PARTITION p0 VALUES LESS THAN (1101), PARTITION p1 VALUES LESS THAN (1151), PARTITION p2 VALUES LESS THAN MAXVALUE)",
            f"INSERT INTO {name} SELECT seq, CONCAT('event ', seq) FROM seq_1_to_{ROWS}"]


def versioned(name):
    return [f"CREATE TABLE {name} (id INT PRIMARY KEY, note VARCHAR(100)) WITH SYSTEM VERSIONING",
            f"INSERT INTO {name} SELECT seq, 'first' FROM seq_1_to_{ROWS}", f"UPDATE {name} SET note = CONCAT('second ', id)"]


def bounded(name):
    return [f"CREATE TABLE {name} (id INT PRIMARY KEY, note VARCHAR(100), begins DATE, ends DATE, PERIOD FOR validity (begins, ends))",
            f"INSERT INTO {name} SELECT seq, 'valid', '2020-01-01', '2030-01-01' FROM seq_1_to_{ROWS}"]


def sequence(name):
    return [f"CREATE SEQUENCE {name} START WITH 5000", f"SELECT NEXT VALUE FOR {name}"]


def start():
    """Both databases, empty but for a table that everybody writes to."""
    return ["CREATE DATABASE shop", "CREATE DATABASE archive", "USE shop", "CREATE TABLE noise (a INT)"]
