"""Which mined statements belong to no corpus, though what was lost is known: no reader of a log can tell them from what destroys (or from
what does not). These rules say so, by what the server tells of before and after; there is no list of statements.

Nothing was lost, but because there was *nothing to lose*:
- what failed, and stands in the log all the same;
- what names, itself or by the routines and triggers that it runs, a database, a table or a partition without rows, or something that
  does not exist or is no table (`DROP TABLE IF EXISTS` of a view); what drops a column that held nothing but NULL, and is there again;
- OR REPLACE of what was not there, or of what is there again; ALTER IGNORE, with no row in its way;
- a DELETE or UPDATE that changed no row, of a table that had none before its transaction, or of which nobody is told how many it
  changed (ANALYZE; those in routines).

Nothing was lost, but because *the values of now fit*: a column's type became another one that is not wider.

Few rows were lost, or none, but *the log does not count them*: a DELETE or UPDATE as text, or a REPLACE of what it selects, and nothing
in its condition is equal to anything.

Rows are no longer as they were, but *can be reckoned back*: their numbers moved by one step, all of them by the same (`n = n + 1`).

Rows were lost, but *the log tells a few, by a value*: a DELETE or UPDATE as text whose whole condition is a column that equals a value.
That is how an application changes one row, whether the column is a key or not.

Fewer than MANY rows were lost, *a few in each of many transactions*: a block that loops commits each by itself.

EXECUTE counts as what was prepared.
"""
import re
from dataclasses import dataclass
from decimal import Decimal

from measure import MANY

# The numbers of the server's warnings: something is not there, or is not what the statement took it for.
MISSING = {b"1008", b"1049", b"1051", b"1091", b"1146", b"1176", b"1305", b"1347", b"1360", b"1507", b"1539", b"1965", b"4091", b"4092"}
ROUTINES = "SELECT LOWER(event_object_table), action_statement, 1 FROM information_schema.triggers UNION ALL " \
           "SELECT LOWER(routine_name), routine_definition, 0 FROM information_schema.routines WHERE routine_schema NOT IN ('mysql', 'sys')"
FIRES = re.compile(r"\b(insert|replace|update|delete|load)\b", re.I)
CHANGES = re.compile(r"\b(delete|update)\b", re.I)
ANALYZE = re.compile(r"\s*(analyze\s+(format\s*=\s*\w+\s+)?)?", re.I)
NUMBER = re.compile(rb"-?\d+(\.\d+)?")
REMOVES_WHAT_IS_IN_ITS_WAY = re.compile(r"\s*(create\s+or\s+replace\s+(table|sequence|database|schema)|alter\s+(online\s+)?ignore)\b", re.I)
DROPS_COLUMN = re.compile(r"\bdrop\s+(?:column\s+)?(?:if\s+exists\s+)?`?(\w+)", re.I)
REPLACES_SELECTED = re.compile(r"\s*replace\b.*\bselect\b", re.I | re.S)
WHERE = re.compile(r"\bwhere\b(.*)", re.I | re.S)
TIES = re.compile(r"(?<![<>!:])=|\bin\b", re.I)
EQUALS_A_VALUE = re.compile(r"\s*`?\w+`?\s*=\s*(-?\d+|'[^'\\]*')\s*", re.I)
ROWS_LOST = re.compile(r"(\d+) of \d+ rows of ")
STRING = r"""('(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")"""
PREPARE = re.compile(rf"\s*prepare\s+`?(\w+)`?\s+from\s+{STRING}\s*", re.I | re.S)
EXECUTE = re.compile(r"\s*execute\s+`?(\w+)`?(\s+using\b.*)?\s*", re.I | re.S)
IMMEDIATE = re.compile(rf"\s*execute\s+immediate\s+{STRING}.*", re.I | re.S)
# Each holds what those before it do.
WIDER_AND_WIDER = (("tinyint", "smallint", "mediumint", "int", "bigint"), ("float", "double"), ("date", "datetime"), ("timestamp", "datetime"),
                   ("char", "varchar", "tinytext", "text", "mediumtext", "longtext"),
                   ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"))


@dataclass
class Ran:
    """A statement, and what the server said of it."""
    text: str
    failed: bool
    affected: int  # rows; None: it does not say
    missing: bool


def within(literal):
    """What a string literal holds."""
    quote = literal[0]
    return re.sub(rf"\\(.)|{quote}{quote}", lambda found: found[1] or quote, literal[1:-1], flags=re.S)


class Prepared:
    """A session's prepared statements."""

    def __init__(self):
        self.texts = {}

    def see_through(self, text):
        """What runs when this does."""
        if immediate := IMMEDIATE.fullmatch(text):
            return within(immediate[1])
        if execute := EXECUTE.fullmatch(text):
            return self.texts.get(execute[1].lower(), text)
        if prepare := PREPARE.fullmatch(text):
            self.texts[prepare[1].lower()] = within(prepare[2])
        return text


def words_of(text):
    return set(re.findall(r"[\w$]+", text.lower()))


def routines_of(session):
    """(name, body, is a trigger); a trigger's name is its table's."""
    return [(name.decode(), (body or b"").decode(errors="replace"), is_trigger == b"1")
            for name, body, is_trigger in session.query(ROUTINES)]


def bodies_run(text, routines):
    """Of the routines and triggers that it may run, and that those do."""
    bodies, unread = [], [text]
    while unread:
        caller = unread.pop()
        words, fires = words_of(caller), FIRES.search(caller)
        more = [body for name, body, is_trigger in routines if name in words and (fires or not is_trigger) and body not in bodies]
        bodies += more
        unread += more
    return bodies


def empty_names(before, after):
    """Of databases, tables and partitions that had no rows, and have none."""
    names = {schema for schema in before.schemas if not any(name[0] == schema for tables in (before.tables, after.tables) for name in tables)}
    for name, table in before.tables.items():
        left = after.tables.get(name)
        if not table.rows and (left is None or not left.rows):
            names.add(name[1])
        kept = left.partitions if left else {}
        names |= {part for part, rows in table.partitions.items() if not rows and not kept.get(part)}
    return {name.lower() for name in names}


def empty_columns(before):
    return {column.lower() for table in before.tables.values() for column, values in table.values.items() if set(values) <= {None}}


def changes_rows(ran):
    return CHANGES.match(ran.text, ANALYZE.match(ran.text).end())


def had_nothing_to_lose(statements, before, after, routines):
    empty = empty_names(before, after)
    empty_before = {name[1].lower() for name, table in before.tables.items() if not table.rows}
    for ran in statements:
        bodies = bodies_run(ran.text, routines)
        if ran.failed or ran.missing or REMOVES_WHAT_IS_IN_ITS_WAY.match(ran.text) or any(CHANGES.search(body) for body in bodies):
            return True
        if changes_rows(ran) and (not ran.affected or empty_before & words_of(ran.text)):
            return True
        if empty_columns(before) & {name.lower() for name in DROPS_COLUMN.findall(ran.text)}:
            return True
        if any(empty & words_of(text) for text in (ran.text, *bodies)):
            return True
    return False


def is_wider(old, new):
    """Types as measure.Table has them: whether the new one holds all that the old one does, as far as that is simple."""
    (old_text, old_name, *old_sizes), (new_text, new_name, *new_sizes) = old, new
    if old_text == new_text:
        return True
    in_order = old_name == new_name or any(each.index(old_name) < each.index(new_name) for each in WIDER_AND_WIDER
                                           if old_name in each and new_name in each)
    grown = all(int(b) >= int(a) for a, b in zip(old_sizes, new_sizes) if a and b)
    return in_order and grown and ("unsigned" in old_text) == ("unsigned" in new_text)


def became_narrower(before, after):
    pairs = [(table, after.tables[name]) for name, table in before.tables.items() if name in after.tables]
    return any(not is_wider(kind, new.types[column]) for old, new in pairs for column, kind in old.types.items() if column in new.types)


def is_uncounted(ran, binlog_format):
    where = WHERE.search(ran.text)
    counts = where and TIES.search(where[1])
    selected = REPLACES_SELECTED.match(ran.text)
    return bool(binlog_format != "ROW" and not counts and (changes_rows(ran) and where or selected))


def moved_by_a_step(lost, new):
    """Counters of rows: each of the new ones is a lost one whose numbers moved, all by the same. (Where all had one number, any other is a
    step away, and the step stands nowhere.)"""
    rows = [list(lost.elements()), list(new.elements())]
    if len(rows[0]) != len(rows[1]):
        return False
    columns = list(zip(*rows[0], *rows[1]))
    numeric = [all(value is not None and NUMBER.fullmatch(value) for value in column) for column in columns]
    before, after = (sorted(tuple(Decimal(value.decode()) if is_number else value or b"" for value, is_number in zip(row, numeric))
                            for row in each) for each in rows)
    moves = {tuple(b - a if is_number else a == b for a, b, is_number in zip(x, y, numeric)) for x, y in zip(before, after)}
    if len(moves) != 1:
        return False
    return all(move != 0 and len({row[i] for row in before}) > 1 or move == 0 if numeric[i] else move for i, move in enumerate(moves.pop()))


def can_be_reckoned_back(before, after):
    if before.tables.keys() != after.tables.keys():
        return False
    pairs = [(table.now or table, after.tables[name].now or after.tables[name]) for name, table in before.tables.items()]
    changed = [(old, new) for old, new in pairs if old.rows != new.rows]
    return all(old.columns == new.columns and moved_by_a_step(old.rows - new.rows, new.rows - old.rows) for old, new in changed)


def rows_lost(lost):
    """Of tables that are still there; 0 if more than rows is gone."""
    found = [ROWS_LOST.match(text) for text in lost]
    return max((int(each[1]) for each in found), default=0) if all(found) else 0


def equals_a_value(ran):
    where = WHERE.search(ran.text)
    return bool(changes_rows(ran) and where and EQUALS_A_VALUE.fullmatch(where[1]))


def why_left_out(statements, before, after, measured, routines, binlog_format, transactions):
    """Of the statements of one transaction (or of several, which is how many they came to the log as), `measured` as (what was lost, label);
    empty: they are not."""
    lost, label = measured
    if label == "neither":
        return "lost neither much nor little"
    if not lost and had_nothing_to_lose(statements, before, after, routines):
        return "nothing to lose"
    if not lost and became_narrower(before, after):
        return "the values of now fit"
    if label == "ordinary" and any(is_uncounted(ran, binlog_format) for ran in statements):
        return "the log does not count them"
    if label == "destroys" and binlog_format != "ROW" and rows_lost(lost) and all(map(equals_a_value, statements)):
        return "the log tells a few, by a value"
    if label == "destroys" and transactions > 1 and 0 < rows_lost(lost) < MANY:
        return "a few in each of many transactions"
    return "can be reckoned back" if lost and can_be_reckoned_back(before, after) else ""
