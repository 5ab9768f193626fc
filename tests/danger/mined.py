"""Statements mined from the server's own tests (Debian's mariadb-test-data): nobody wrote them with a classifier in mind. They are read
where they are installed, run one after another as their file has them, and labelled by what they lost.

What cannot be told apart by any reader of a log is left out, by what the server says, not by the words: a statement that lost nothing
because there was nothing to lose (it changed no row, named something that does not exist, or a table that is empty; OR REPLACE, too,
says nothing of what it does not find).
"""
import hashlib
import re
from pathlib import Path

import measure
from sql_session import Session, SqlError

FOLDER = Path("/usr/share/mysql/mysql-test/main")
STATEMENTS_EACH = 120  # of a file
SLOW_EACH = 3  # statements that ran into the time-out; then the file has had its turn
TIMED_OUT = 1969
FORMATS = ("ROW", "STATEMENT", "MIXED")
# mysqltest's own commands, and what would change the server itself or wait for another session.
COMMANDS = re.compile(r"(let|if|while|connect|connection|disconnect|source|echo|eval|evalp|error|send|send_eval|reap|exec|die|skip|inc|dec|"
                      r"sleep|real_sleep|perl|end|exit|query_vertical|query_horizontal|replace_\w+|enable_\w+|disable_\w+|sorted_result|"
                      r"vertical_results|horizontal_results|remove_file\w*|write_file|append_file|cat_file|copy_file|chmod|mkdir|rmdir|"
                      r"sync_\w+|save_master_pos|wait_for_\w+|dirty_close|ping|character_set|start_timer|end_timer|lowercase_result|"
                      r"result_format|partially_sorted_result|optimizer_trace|ps_\w+|call|shutdown\w*|change_user|list_files\w*|diff_files|"
                      r"query_get_value|reset_connection|delimiter)\b|[}{$]", re.I)
UNSAFE = re.compile(r"\bglobal\b|binlog|sql_log|debug|\b(shutdown|kill|reset|change|install|uninstall|soname|lock|unlock|flush|handler|xa|"
                    r"backup|purge|outfile|dumpfile|infile|user|grant|revoke|password|role|sleep|benchmark|get_lock|slave|master|replica|"
                    r"mysql|performance_schema|information_schema|server_id|gtid\w*|timestamp|insert_id|plugin|federated|"
                    r"max_statement_time|pseudo\w*|shared|crc32)\b|\$", re.I)
UNKNOWN_OBJECTS = {b"1051", b"1008", b"1091", b"1146", b"4091", b"1049", b"1360", b"1305", b"4092", b"1176", b"1539"}


def statements_of(path):
    """(line, statement) of a test file, in its order; what is not plain SQL is left out."""
    delimiter, text, begin = ";", "", 0
    for number, line in enumerate(path.read_text(encoding="latin-1").splitlines(), 1):
        stripped = line.strip()
        if not text and (not stripped or stripped.startswith(("#", "--"))):
            if changed := re.match(r"--\s*delimiter\s+(\S+)", stripped, re.I):
                delimiter = changed[1]
            continue
        if not text and (changed := re.match(r"delimiter\s+(\S+?)\s*;?$", stripped.removesuffix(delimiter), re.I)):
            delimiter = changed[1]
            continue
        begin = begin if text else number
        text += line + "\n"
        if stripped.endswith(delimiter):
            statement, text = text.strip().removesuffix(delimiter), ""
            if not COMMANDS.match(statement) and not UNSAFE.search(statement):
                yield begin, statement


def replaces_nothing(statement, tables, tables_after):
    return len(tables_after) > len(tables) and re.match(r"\s*create\s+or\s+replace\b", statement, re.I)


def chosen_files(share):
    """A share of the files, always the same."""
    files = sorted(FOLDER.glob("*.test"), key=lambda path: hashlib.sha256(path.name.encode()).digest())
    return files[:max(3, round(len(files) * share))] if files else []


def named_and_empty(statement, tables, tables_after):
    words = set(re.findall(r"[\w$]+", statement.lower()))
    return any(name[1].lower() in words and not table.rows and (name not in tables_after or not tables_after[name].rows)
               for name, table in tables.items())


def run_file(runner, path, binlog_format):
    """Yields a case with its result for each statement that is labelled and stands in the log."""
    runner.clean()
    with Session(runner.server.socket, timeout_s=30) as session:
        for statement in ("SET max_statement_time = 1, lock_wait_timeout = 2, innodb_lock_wait_timeout = 2", "CREATE DATABASE test",
                          "USE test", f"SET binlog_format = {binlog_format}"):
            session.query(statement)
        before, begin, slow = measure.snapshot(runner.admin), runner.place(), 0
        for count, (line, statement) in enumerate(statements_of(path)):
            if count >= STATEMENTS_EACH or slow >= SLOW_EACH:
                return
            failed = False
            try:
                session.query(statement.encode("latin-1"))
            except SqlError as e:
                failed = True
                slow += e.number == TIMED_OUT
            end = runner.place()
            if end == begin:
                continue
            after = measure.snapshot(runner.admin)
            lost, label = measure.losses(before, after)
            vacuous = not lost and (failed or session.affected == 0 and re.match(r"\s*(delete|update)\b", statement, re.I)
                                    or replaces_nothing(statement, before[1], after[1]) or named_and_empty(statement, before[1], after[1]) or names_unknown(session))
            if not vacuous and label != "neither":
                case = {"name": f"{path.name}:{line}", "act": [statement]}
                yield case, binlog_format, {"lost": lost, "label": label, "begin": begin, "end": end}
            before, begin = after, end


def names_unknown(session):
    try:
        return any(row[1] in UNKNOWN_OBJECTS for row in session.query("SHOW WARNINGS"))
    except SqlError:
        return False


def run(runner, files):
    """All results of these (file, format)."""
    results = []
    for path, binlog_format in files:
        try:
            results += run_file(runner, path, binlog_format)
        except (SqlError, OSError, measure.TooLarge):  # a file that leaves locks or the like behind, or fills a table, ends early
            continue
    return results


def chosen(share):
    """A share of the files, each in one format."""
    return [(path, FORMATS[i % len(FORMATS)]) for i, path in enumerate(chosen_files(share))]
