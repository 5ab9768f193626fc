"""A shop that trades on a source from several connections, and its ledger: what was acknowledged, and so what a rescue has to bring back."""
import random
import threading

from sql_session import Session

CLERKS = 4
ACCOUNTS = 80
# What is destroyed lies in `shop`; `app` goes on.
TABLES = {
    "shop.orders": "id INT PRIMARY KEY, account INT, amount INT, note VARCHAR(40), KEY (account)",
    "shop.items": "id INT PRIMARY KEY, name VARCHAR(40)",
    "app.accounts": "id INT PRIMARY KEY, balance INT",
    "app.journal": "id INT PRIMARY KEY, what VARCHAR(200)",
    "app.visits": "id INT PRIMARY KEY, expires INT",
}


class Ledger:
    """Per table the rows that there have to be, by their first column; all values as the text that a client sees."""

    def __init__(self, rows=None):
        self.rows = {table: dict(those) for table, those in (rows or {}).items()}

    def copy(self):
        return Ledger(self.rows)

    def note(self, table, *row):
        self.rows.setdefault(table, {})[str(row[0])] = tuple(map(str, row))

    def get(self, table, key):
        return self.rows[table][str(key)]

    def forget(self, table, key):
        del self.rows[table][str(key)]

    def follow(self, acknowledged, until):
        """What was acknowledged up to the GTID, which is of the one domain that there is; each row is one clerk's."""
        last = int(until.split("-")[2])
        for gtid, _, changes in sorted(acknowledged, key=lambda each: int(each[0].split("-")[2])):
            if int(gtid.split("-")[2]) <= last:
                for table, row in changes:
                    self.note(table, *row)
        return self

    def differences(self, server):
        """What a server has otherwise, as text; empty: nothing."""
        found = []
        for table, wanted in self.rows.items():
            there = {line.split("\t")[0]: tuple(line.split("\t")) for line in server.query(f"SELECT * FROM {table}").splitlines()}
            found += [f"{table} lacks {row}" for key, row in wanted.items() if key not in there]
            found += [f"{table} has {row}" for key, row in there.items() if key not in wanted]
            found += [f"{table} has {there[key]} for {row}" for key, row in wanted.items() if there.get(key, row) != row]
        return found

    def size(self):
        return sum(map(len, self.rows.values()))


def set_up(source, orders, ledger):
    """The tables, with what is in them in the first image."""
    source.query("CREATE DATABASE shop; CREATE DATABASE app;" + ";".join(f"CREATE TABLE {name} ({body})" for name, body in TABLES.items()))
    for n in range(orders):
        ledger.note("shop.orders", n, n % ACCOUNTS, 10 + n % 90, "new")
        ledger.note("shop.items", n, f"item {n}")
    for n in range(ACCOUNTS):
        ledger.note("app.accounts", n, 1000)
    for table in ("shop.orders", "shop.items", "app.accounts"):
        rows = list(ledger.rows[table].values())
        for at in range(0, len(rows), 1000):
            source.query(f"INSERT INTO {table} VALUES " + ",".join(str(row) for row in rows[at:at + 1000]))
    ledger.rows.update({"app.journal": {}, "app.visits": {}})


class Trade:
    """What the clerks do next. `orders`: new ones, too; `notes`: changes of those that there were before; `since` and `until`: the
    seconds of the log's times that it spans; `formats` and `domains`: of each clerk in turn."""

    def __init__(self, orders=True, notes=True, since=None, until=None, formats=("MIXED",), domains=(0,)):
        self.orders, self.notes, self.since, self.until = orders, notes, since, until
        self.formats, self.domains = formats, domains


class Shop:
    def __init__(self, ledger, seed, orders):
        self.ledger, self.lock, self.random = ledger, threading.Lock(), random.Random(seed)
        self.next_id = orders
        self.old_orders = orders  # ids below had been there in the first image
        self.acknowledged = []    # (GTID, what the transaction did, the rows that it put in place) in the order of their acknowledgement

    def trade(self, night, count, trade=None):
        """So many transactions, all acknowledged, each noted once it is. Returns what was acknowledged."""
        trade, before, failures = trade or Trade(), len(self.acknowledged), []
        clerks = [threading.Thread(target=self._guarded, args=(failures, night, number, count // CLERKS + 1, trade, self.random.random()))
                  for number in range(CLERKS)]
        for clerk in clerks:
            clerk.start()
        for clerk in clerks:
            clerk.join()
        if failures:
            raise failures[0]
        return self.acknowledged[before:]

    def _guarded(self, failures, *args):
        try:
            self._clerk(*args)
        except Exception as e:  # pylint: disable=broad-except # of another thread: told by trade()
            failures.append(e)

    def _clerk(self, night, number, count, trade, seed):
        rng = random.Random(seed)
        with Session(night.source.socket) as session:
            session.query(f"SET SESSION binlog_format = {trade.formats[number % len(trade.formats)]},"
                          f" gtid_domain_id = {trade.domains[number % len(trade.domains)]}")
            for n in range(count):
                if trade.since is not None:
                    session.query(f"SET TIMESTAMP = {trade.since + (trade.until - trade.since) * (n + 1) // count}")
                self._transaction(session, number, trade, rng)

    def _transaction(self, session, number, trade, rng):
        kinds = ["pay", "journal", "visit"] + ["order"] * 2 * trade.orders + ["note"] * 2 * trade.notes
        getattr(self, "_" + rng.choice(kinds))(session, number, trade, rng)

    def number(self):
        with self.lock:
            self.next_id += 1
            return self.next_id

    def own(self, number, below, rng):
        """An id that only this clerk changes."""
        return rng.randrange(below // CLERKS) * CLERKS + number

    def acknowledge(self, session, statements, what, changes):
        """Commits; what is acknowledged is in the ledger, nothing else is."""
        gtid = session.query(f"BEGIN; {statements}; COMMIT; SELECT @@last_gtid")[-1][0].decode()
        with self.lock:
            for table, row in changes:
                self.ledger.note(table, *row)
            self.acknowledged.append((gtid, what, changes))

    def _order(self, session, number, _trade, rng):
        n, account, amount = self.number(), self.own(number, ACCOUNTS, rng), rng.randrange(10, 100)
        balance = int(self.ledger.get("app.accounts", account)[1]) - amount
        self.acknowledge(session, f"INSERT INTO shop.orders VALUES ({n}, {account}, {amount}, 'new'); INSERT INTO shop.items VALUES ({n}, 'item {n}');"
                         f" UPDATE app.accounts SET balance = balance - {amount} WHERE id = {account}", f"order {n}",
                         [("shop.orders", (n, account, amount, "new")), ("shop.items", (n, f"item {n}")), ("app.accounts", (account, balance))])

    def _note(self, session, number, _trade, rng):
        n = self.own(number, self.old_orders, rng)
        _, account, amount, _ = self.ledger.get("shop.orders", n)
        note = f"paid {rng.randrange(1000)}"
        self.acknowledge(session, f"UPDATE shop.orders SET note = '{note}' WHERE id = {n}", f"note {n}",
                         [("shop.orders", (n, account, amount, note))])

    def _pay(self, session, number, _trade, rng):
        account, amount = self.own(number, ACCOUNTS, rng), rng.randrange(10, 100)
        balance = int(self.ledger.get("app.accounts", account)[1]) + amount
        self.acknowledge(session, f"UPDATE app.accounts SET balance = balance + {amount} WHERE id = {account}", f"pay {account}",
                         [("app.accounts", (account, balance))])

    def _journal(self, session, _number, _trade, rng):
        n, what = self.number(), "x" * rng.randrange(10, 200)
        self.acknowledge(session, f"INSERT INTO app.journal VALUES ({n}, '{what}')", f"journal {n}", [("app.journal", (n, what))])

    def _visit(self, session, _number, _trade, rng):
        n, expires = self.number(), rng.randrange(1000)
        self.acknowledge(session, f"INSERT INTO app.visits VALUES ({n}, {expires})", f"visit {n}", [("app.visits", (n, expires))])
