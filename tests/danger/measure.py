"""What a statement destroyed, told by the server itself: tables and rows before it and after it, never by the statement's words.

A case *destroys* if afterwards a database, a table, a sequence, a column or the history of rows is gone that was there (and is under no
other name); or a partition is, with rows of it; or a table's rows are where no restart of the server finds them again; or at least MANY
rows, or all of at least SOME of a table or of a partition, are no longer anywhere as they were. It is *ordinary* if nothing of that
is gone and fewer than SOME rows, and of no table or partition a tenth. What lies between is neither, and belongs to no corpus.
Where a table keeps its history, both count: the history, and the rows as of now, which are all that an application sees.
"""
from collections import Counter
from dataclasses import dataclass, field

from sql_session import SqlError

SCHEMAS = "SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN " \
          "('mysql', 'information_schema', 'performance_schema', 'sys')"
TABLES = "SELECT table_schema, table_name, table_type, engine, create_options LIKE '%partitioned%' FROM information_schema.tables " \
         "WHERE table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys') " \
         "AND table_type IN ('BASE TABLE', 'SEQUENCE', 'SYSTEM VERSIONED')"
# Invisible ones, too, which * leaves out; but not when rows began and ended, where nobody asked to see it.
COLUMNS = "SELECT column_name, column_type, data_type, character_maximum_length, numeric_precision, numeric_scale, datetime_precision " \
          "FROM information_schema.columns WHERE table_schema = '{}' AND table_name = '{}' AND NOT " \
          "(extra LIKE '%INVISIBLE%' AND IFNULL(generation_expression, '') LIKE 'ROW %') ORDER BY ordinal_position"
PARTITIONS = "SELECT DISTINCT partition_name FROM information_schema.partitions WHERE table_schema = '{}' AND table_name = '{}'"
FORGETFUL = ("MEMORY", "BLACKHOLE")  # engines whose rows do not outlive the server, if they are kept at all
MANY, SOME = 1000, 10
ROWS_MAX = 20_000  # of a table that is looked at


class TooLarge(Exception):
    """A table has more rows than can be compared again and again."""


@dataclass
class Table:
    columns: list
    rows: Counter
    values: dict = field(default_factory=dict)  # column → its values, to know it by another name
    is_sequence: bool = False
    forgets: bool = False
    partitions: dict = field(default_factory=dict)  # name → how many rows
    types: dict = field(default_factory=dict)  # column → (as written, name, and whatever sizes it has)
    now: "Table" = None  # of a table that keeps its history: without that

    def next_value(self):
        return max((int(row[0]) for row in self.rows), default=0)


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


@dataclass
class Snapshot:
    schemas: set
    tables: dict  # (schema, name) → Table


@dataclass
class Loss:
    gone: list = field(default_factory=list)  # as texts
    destroys: bool = False
    few: bool = True

    def add(self, text):
        self.gone.append(text)
        self.destroys = True

    def add_rows(self, text, rows, total):
        if rows:
            self.gone.append(f"{rows} of {total} {text}")
            self.destroys |= rows >= MANY or (rows == total >= SOME)
            self.few &= rows < SOME and rows * 10 <= total


def rows_of_partitions(session, table, names, history):
    """Name → count of its rows."""
    counts = " UNION ALL ".join(f"SELECT COUNT(*) FROM {table} PARTITION ({quoted(name)}){history}" for name in names)
    return dict(zip(names, (int(row[0]) for row in session.query(counts)))) if names else {}


def read_table(session, schema, name, kind, engine, partitioned):
    literal = [each.replace("\\", "\\\\").replace("'", "''") for each in (schema, name)]
    types = {column: rest for column, *rest in ([each and each.decode() for each in row] for row in session.query(COLUMNS.format(*literal)))}
    columns = list(types)
    history = " FOR SYSTEM_TIME ALL" if kind == "SYSTEM VERSIONED" else ""
    table, rows, partitions = f"{quoted(schema)}.{quoted(name)}", [], {}
    try:
        listed = ", ".join(map(quoted, columns)) or "*"
        rows = session.query(f"SELECT {listed} FROM {table}{history} LIMIT {ROWS_MAX + 1}")
        if partitioned:
            names = [row[0].decode() for row in session.query(PARTITIONS.format(*literal)) if row[0]]
            partitions = rows_of_partitions(session, table, names, history)
    except SqlError:  # its tablespace is gone
        pass
    if len(rows) > ROWS_MAX:
        raise TooLarge(f"{schema}.{name}")
    return Table(columns, Counter(rows), {column: Counter(row[i] for row in rows if i < len(row)) for i, column in enumerate(columns)},
                 kind == "SEQUENCE", engine in FORGETFUL, partitions, types,
                 read_table(session, schema, name, "NOW", engine, False) if history else None)


def snapshot(session):
    """All databases' tables, temporary ones aside."""
    session.query("SET NAMES utf8mb4")
    schemas = {row[0].decode() for row in session.query(SCHEMAS)}
    tables = {}
    for row in session.query(TABLES):
        schema, name, kind, engine, partitioned = [(each or b"").decode() for each in row]
        tables[(schema, name)] = read_table(session, schema, name, kind, engine, partitioned == "1")
    return Snapshot(schemas, tables)


def projected(table, columns):
    """Its rows with these columns only, in this order."""
    places = [table.columns.index(column) for column in columns]
    rows = Counter()
    for row, count in table.rows.items():
        rows[tuple(row[place] for place in places)] += count
    return rows


def columns_after(before, after):
    """Column → its name afterwards; a column that is gone but whose values all stand in a new one was renamed."""
    new = [column for column in after.columns if column not in before.columns]
    names = {}
    for column in before.columns:
        if column in after.columns:
            names[column] = column
            continue
        names[column] = next((each for each in new if after.values[each] == before.values[column]), None)
    return names


def lost_of_table(before, after):
    """(columns gone, rows gone) of a table that is still there."""
    if before.columns == after.columns and before.rows == after.rows:
        return [], 0
    names = columns_after(before, after)
    gone = sorted(column for column, name in names.items() if name is None)
    kept = [column for column in before.columns if names[column]]
    left = projected(after, [names[column] for column in kept]) if kept else Counter()
    return gone, (projected(before, kept) - left).total()


def homes(before, after):
    """Table → where all of it is afterwards: under its own name, or under one that is new or has other rows than before. Names may have
    been swapped."""
    found = {name: name for name, table in before.items()
             if name in after and (table.is_sequence or lost_of_table(table, after[name]) == ([], 0))}
    taken = set(found)
    for name, table in sorted(before.items()):
        if name in found:
            continue
        home = next((other for other in after if other not in taken and len(after[other].columns) >= len(table.columns)
                     and lost_of_table(table, after[other]) == ([], 0)), None)
        if home:
            found[name] = home
            taken.add(home)
    return found


def add_partitions(loss, name, before, after):
    """A partition is a table of its own; but while no row is lost it may have been merged or split."""
    for part, rows in sorted(before.partitions.items()):
        if part not in after.partitions and rows:
            loss.add(f"partition {part} of {name} with {rows} rows")
        elif part in after.partitions:
            loss.add_rows(f"rows of partition {part} of {name}", rows - min(rows, after.partitions[part]), rows)


def add_table(loss, name, before, after):
    """`after` is what is there by that name, or has its rows by another."""
    total = before.rows.total()
    if after is None:
        loss.add(f"table {name} with {total} rows")
        return
    if before.is_sequence and after.is_sequence:
        if after.next_value() < before.next_value():
            loss.add(f"the value of sequence {name}")
        return
    columns, rows = lost_of_table(before, after)
    for column in columns:
        loss.add(f"column {name}.{column}")
    loss.add_rows(f"rows of {name}", rows, total)
    if rows:
        add_partitions(loss, name, before, after)
    if before.now and after.now:
        add_table(loss, f"{name} as of now", before.now, after.now)
    if after.forgets and not before.forgets and total:
        loss.add(f"{total} rows of {name} when the server is started again")


def losses(before, after):
    """What is gone, as a list of texts, and the label."""
    loss = Loss()
    for schema in sorted(before.schemas - after.schemas):
        loss.add(f"database {schema}")
    found = homes(before.tables, after.tables)
    for name, table in sorted(before.tables.items()):
        add_table(loss, ".".join(name), table, after.tables.get(found.get(name, name)))
    return loss.gone, "destroys" if loss.destroys else "ordinary" if loss.few else "neither"
