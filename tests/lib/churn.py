"""Random statements of every kind that a binary log knows, for a server whose replicas must come out alike. The same seed
gives the same script. Errors are expected (a table that is not there), and leave nothing in the log that a replica lacks."""
import random
import subprocess
import threading

SCHEMAS, TABLES = 3, 4
COLUMNS = "(a INT PRIMARY KEY AUTO_INCREMENT, b VARCHAR(200), c BIGINT DEFAULT 7, d LONGBLOB, KEY (c))"


class Script:
    """Draws one statement, or a few that belong together."""

    def __init__(self, seed, load_file):
        self.rng = random.Random(seed)
        self.load_file = load_file
        self.xid = 0
        self.kinds = [self.create, self.create_as, self.alter, self.rename, self.truncate, self.drop, self.database,
                      self.view, self.routine, self.partitions, self.sequence, self.temporary, self.flush, self.load,
                      *[self.change] * 10, *[self.transaction] * 5, *[self.xa] * 2]

    def table(self):
        return f"e{self.rng.randrange(SCHEMAS)}.t{self.rng.randrange(TABLES)}"

    def engine(self):
        return self.rng.choice(["InnoDB"] * 6 + ["Aria", "MyISAM"])

    def draw(self):
        return self.rng.choice(self.kinds)()

    def create(self):
        return f"CREATE TABLE IF NOT EXISTS {self.table()} {COLUMNS} ENGINE={self.engine()}"

    def create_as(self):
        return f"CREATE OR REPLACE TABLE {self.table()} {COLUMNS} SELECT b, c FROM {self.table()} ORDER BY a LIMIT 20"

    def alter(self):
        name = f"x{self.rng.randrange(3)}"
        change = self.rng.choice([f"ADD COLUMN IF NOT EXISTS {name} INT DEFAULT 3", f"DROP COLUMN IF EXISTS {name}",
                                  "ADD INDEX IF NOT EXISTS kb (b)", "DROP INDEX IF EXISTS kb", "MODIFY b VARCHAR(300)",
                                  "FORCE", "ENGINE = InnoDB", "COMMENT = 'ünïcode ''quoted'''"])
        return f"ALTER TABLE {self.rng.choice([self.table(), self.table(), 'sbtest.sbtest1'])} {change}"

    def rename(self):
        table = self.table()
        return f"RENAME TABLE {table} TO {table}_aside; RENAME TABLE {table}_aside TO {self.table()}"

    def truncate(self):
        return f"TRUNCATE TABLE {self.table()}"

    def drop(self):
        return f"DROP TABLE IF EXISTS {self.table()}, {self.table()}"

    def database(self):
        schema = f"e{self.rng.randrange(SCHEMAS)}"
        return f"DROP DATABASE IF EXISTS {schema}; CREATE DATABASE {schema} CHARACTER SET {self.rng.choice(['utf8mb4', 'latin1'])}"

    def view(self):
        table = self.table()
        return f"CREATE OR REPLACE VIEW {table}_v AS SELECT a, c FROM {table}"

    def routine(self):
        table = self.table()
        return self.rng.choice([
            f"CREATE OR REPLACE PROCEDURE {table}_p(n INT) INSERT INTO {table} (b, c) VALUES (UUID(), n); CALL {table}_p(5)",
            f"CREATE OR REPLACE FUNCTION {table}_f(n INT) RETURNS INT DETERMINISTIC RETURN n * 2;"
            f" INSERT INTO {table} (c) VALUES ({table}_f(21))",
            f"CREATE OR REPLACE TRIGGER {table}_r BEFORE INSERT ON {table} FOR EACH ROW SET NEW.c = NEW.c + 1"])

    def partitions(self):
        table = f"e{self.rng.randrange(SCHEMAS)}.p"
        return (f"CREATE TABLE IF NOT EXISTS {table} (a INT PRIMARY KEY, b INT) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS"
                f" THAN (100)); ALTER TABLE {table} ADD PARTITION (PARTITION p1 VALUES LESS THAN (200));"
                f" REPLACE INTO {table} VALUES ({self.rng.randrange(200)}, 1); ALTER TABLE {table} DROP PARTITION p1")

    def sequence(self):
        name = f"e{self.rng.randrange(SCHEMAS)}.s"
        return f"CREATE SEQUENCE IF NOT EXISTS {name} CACHE 5; SELECT NEXT VALUE FOR {name} INTO @n; INSERT INTO {self.table()} (c) VALUES (@n)"

    def temporary(self):
        return (f"CREATE TEMPORARY TABLE e0.tmp (a INT); INSERT INTO e0.tmp VALUES (1), (2); INSERT INTO {self.table()} (c)"
                " SELECT a FROM e0.tmp ORDER BY a; DROP TEMPORARY TABLE e0.tmp")

    def flush(self):
        return self.rng.choice(["FLUSH BINARY LOGS", "DO 0", f"ANALYZE TABLE {self.table()}"])

    def load(self):
        return (f"SET binlog_format = STATEMENT; LOAD DATA LOCAL INFILE '{self.load_file}' INTO TABLE {self.table()} (c, b);"
                " SET binlog_format = DEFAULT")

    def change(self):
        table, n = self.table(), self.rng.randrange(1000)
        return self.rng.choice([
            f"INSERT INTO {table} (b, c, d) VALUES ('{n}', {n}, REPEAT('{n}', {n})), (RAND({n}), {n}, NULL)",
            f"INSERT INTO {table} (b, c) SELECT b, c + 1 FROM {self.table()} ORDER BY a LIMIT 5",
            f"INSERT INTO {table} (a, b) VALUES ({n % 50 + 1}, 'dup') ON DUPLICATE KEY UPDATE c = c + 1",
            f"REPLACE INTO {table} (a, b) VALUES ({n % 50 + 1}, UUID())",
            f"UPDATE {table} SET b = CONCAT('u', {n}), c = c + 1 WHERE a % 7 = {n % 7}",
            f"DELETE FROM {table} WHERE a % 11 = {n % 11}",
            f"SET @v = {n}, timestamp = {1700000000 + n}; INSERT INTO {table} (b, c) VALUES (NOW(), @v); SET timestamp = DEFAULT",
            f"SET binlog_format = STATEMENT; INSERT INTO {table} (b) VALUES ('it''s {n}'); SET binlog_format = DEFAULT",
            f"SET binlog_format = ROW; UPDATE {table} SET d = REPEAT('z', {n * 20}) WHERE a < 10; SET binlog_format = DEFAULT"])

    def transaction(self):
        inside = "; ".join(self.change() for _ in range(self.rng.randrange(1, 5)))
        end = self.rng.choice(["COMMIT", "COMMIT", "ROLLBACK", "ROLLBACK TO s; COMMIT"])
        return f"BEGIN; {inside}; SAVEPOINT s; {self.change()}; {end}"

    def xa(self):
        self.xid += 1
        name = f"'x{self.xid}'"
        end = self.rng.choice([f"XA PREPARE {name}; XA COMMIT {name}", f"XA COMMIT {name} ONE PHASE",
                               f"XA PREPARE {name}; XA ROLLBACK {name}"])
        # Of tables that nothing else locks: a prepared transaction must not keep the others waiting.
        return f"XA START {name}; INSERT INTO xa.t (b) VALUES ('{self.xid}'); XA END {name}; {end}"


class Churn(threading.Thread):
    """Runs `count` draws on a server, in the background while the `with` lasts."""

    def __init__(self, server, count, seed, work):
        super().__init__()
        load_file = work / "load.txt"
        load_file.write_text("".join(f"{i}\tloaded {i}\n" for i in range(50)))
        script = Script(seed, load_file)
        self.server = server
        self.lines = [f"CREATE DATABASE IF NOT EXISTS e{i}" for i in range(SCHEMAS)]
        self.lines += ["CREATE DATABASE xa", "CREATE TABLE xa.t (a INT PRIMARY KEY AUTO_INCREMENT, b INT)", "SET lock_wait_timeout = 5"]
        self.lines += [f"CREATE TABLE e{s}.t{t} {COLUMNS}" for s in range(SCHEMAS) for t in range(TABLES)]
        self.lines += [script.draw() for _ in range(count)]
        self.lines += [f"CREATE TABLE IF NOT EXISTS {script.table()} {COLUMNS}; {script.change()}" for _ in range(20)]

    def run(self):
        subprocess.run(self.server.argv("--force", "--local-infile=1"), input=";\n".join(self.lines) + ";\n", text=True, check=False,
                       capture_output=True)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        self.join()
