"""What a statement destroyed, told by the server itself: tables and rows before it and after it, never by the statement's words.

A case *destroys* if afterwards a database, a table, a sequence, a column or the history of rows is gone that was there (and is under no
other name), or at least MANY rows, or all of at least SOME, are no longer anywhere as they were. It is *ordinary* if nothing of that
is gone and fewer than SOME rows, and of no table a tenth. What lies between is neither, and belongs to no corpus.
"""
from collections import Counter
from dataclasses import dataclass, field

from sql_session import SqlError

SCHEMAS = "SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN " \
          "('mysql', 'information_schema', 'performance_schema', 'sys')"
TABLES = "SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE table_schema NOT IN " \
         "('mysql', 'information_schema', 'performance_schema', 'sys') AND table_type IN ('BASE TABLE', 'SEQUENCE', 'SYSTEM VERSIONED')"
# Invisible ones, too, which * leaves out; but not when rows began and ended, where nobody asked to see it.
COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_schema = '{}' AND table_name = '{}' AND NOT " \
          "(extra LIKE '%INVISIBLE%' AND IFNULL(generation_expression, '') LIKE 'ROW %') ORDER BY ordinal_position"
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

    def next_value(self):
        return max((int(row[0]) for row in self.rows), default=0)


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


def read_table(session, schema, name, kind):
    literal = [each.replace("\\", "\\\\").replace("'", "''") for each in (schema, name)]
    columns = [row[0].decode() for row in session.query(COLUMNS.format(*literal))]
    history = " FOR SYSTEM_TIME ALL" if kind == "SYSTEM VERSIONED" else ""
    try:
        listed = ", ".join(map(quoted, columns)) or "*"
        rows = session.query(f"SELECT {listed} FROM {quoted(schema)}.{quoted(name)}{history} LIMIT {ROWS_MAX + 1}")
    except SqlError:  # its tablespace is gone
        rows = []
    if len(rows) > ROWS_MAX:
        raise TooLarge(f"{schema}.{name}")
    return Table(columns, Counter(rows), {column: Counter(row[i] for row in rows if i < len(row)) for i, column in enumerate(columns)},
                 kind == "SEQUENCE")


def snapshot(session):
    """All databases' tables, temporary ones aside."""
    session.query("SET NAMES utf8mb4")
    schemas = {row[0].decode() for row in session.query(SCHEMAS)}
    tables = {}
    for schema, name, kind in ([each.decode() for each in row] for row in session.query(TABLES)):
        tables[(schema, name)] = read_table(session, schema, name, kind)
    return schemas, tables


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
    names = columns_after(before, after)
    gone = sorted(column for column, name in names.items() if name is None)
    kept = [column for column in before.columns if names[column]]
    left = projected(after, [names[column] for column in kept]) if kept else Counter()
    return gone, (projected(before, kept) - left).total()


def where_to(name, before, after_tables, before_tables):
    """A table that is gone: the new one that has all its rows."""
    for other, table in after_tables.items():
        if other not in before_tables and len(table.columns) >= len(before.columns) and lost_of_table(before, table) == ([], 0):
            return other
    return None


def losses(before, after):
    """What is gone, as a list of texts, and the label."""
    (schemas, tables), (schemas_after, tables_after) = before, after
    gone = [f"database {schema}" for schema in sorted(schemas - schemas_after)]
    destroyed, few = bool(gone), True
    for name, table in sorted(tables.items()):
        text = ".".join(name)
        if name not in tables_after:
            if where_to(name, table, tables_after, tables) is None:
                gone.append(f"table {text} with {table.rows.total()} rows")
                destroyed = True
            continue
        if table.is_sequence and tables_after[name].is_sequence:
            if tables_after[name].next_value() < table.next_value():
                gone.append(f"the value of sequence {text}")
                destroyed = True
            continue
        columns, rows = lost_of_table(table, tables_after[name])
        gone += [f"column {text}.{column}" for column in columns]
        if rows:
            gone.append(f"{rows} of {table.rows.total()} rows of {text}")
        total = table.rows.total()
        destroyed |= bool(columns) or rows >= MANY or (rows == total >= SOME)
        few &= rows < SOME and rows * 10 <= total
    return gone, "destroys" if destroyed else "ordinary" if few else "neither"
