"""Statements mined from the server's own tests (Debian's mariadb-test-data): nobody wrote them with a classifier in mind. They are read
where they are installed, run one after another as their file has them, and labelled by what they lost.
"""
import hashlib
import re
from collections import Counter
from pathlib import Path

import measure
from left_out import MISSING, Prepared, Ran, routines_of, why_left_out
from sql_session import Session, SqlError

FOLDER = Path("/usr/share/mysql/mysql-test")
# All of the statements of these were looked at while the classifier was written: of a share of the files of main; of the next share of
# what is left of it and of other suites, whose held-back third was judged, read, and mended by.
SEEN_SHARE = 0.3
READ_SHARE = 0.15
# Of as many again, every third is held back, whole.
SUITES = ("archive", "compat/oracle/t", "csv", "engines/funcs/t", "engines/iuds/t", "funcs_1/t", "gcol/t", "heap", "innodb/t", "innodb_fts/t",
          "innodb_gis/t", "innodb_zip/t", "jp/t", "json/t", "maria", "optimizer_unfixed_bugs/t", "parts/t", "period/t", "rpl/t", "sql_sequence",
          "vcol/t", "versioning/t")
SALT = "second mining"
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


def by_hash(files, salt=""):
    return sorted(files, key=lambda path: number_of(path, salt))


def number_of(path, salt):
    return int.from_bytes(hashlib.sha256((salt + path.name).encode()).digest()[:8], "big")


def part_of(files, share, at_least=3):
    return files[:max(at_least, round(len(files) * share))]


def chosen(share):
    """(file, format, whether it is held back) of a share of the files: always the same."""
    main = by_hash((FOLDER / "main").glob("*.test"))
    seen = part_of(main, SEEN_SHARE)
    others = [path for suite in SUITES for path in (FOLDER / "suite" / suite).glob("*.test")]
    rest = by_hash([*main[len(seen):], *others], SALT)
    read = part_of(rest, READ_SHARE)
    new = rest[len(read):2 * len(read)]
    files = [(path, False) for path in [*part_of(seen, share), *part_of(read, share)]]
    files += [(path, number_of(path, SALT) % 3 == 0) for path in part_of(new, share)]
    return [(path, FORMATS[i % len(FORMATS)], held_back) for i, (path, held_back) in enumerate(files)]


def run_statement(session, text):
    failed = slow = False
    try:
        session.query(text.encode("latin-1"))
    except SqlError as e:
        failed, slow = True, e.number == TIMED_OUT
    affected, in_transaction = session.affected, session.in_transaction
    return Ran(text, failed, affected, misses_something(session)), slow, in_transaction


def misses_something(session):
    try:
        return any(row[1] in MISSING for row in session.query("SHOW WARNINGS"))
    except SqlError:
        return False


class File:
    """What was run of a test file, and came to the log."""

    def __init__(self, runner, path, binlog_format, held_back):
        self.runner, self.path, self.binlog_format, self.held_back = runner, path, binlog_format, held_back
        self.prepared, self.results, self.left_out = Prepared(), [], Counter()

    def run(self):
        """Statements up to a limit. Ends early with SqlError, OSError or TooLarge, and has then the results so far."""
        self.runner.clean()
        with Session(self.runner.server.socket, timeout_s=30) as session:
            for statement in ("SET max_statement_time = 1, lock_wait_timeout = 2, innodb_lock_wait_timeout = 2", "CREATE DATABASE test",
                              "USE test", f"SET binlog_format = {self.binlog_format}"):
                session.query(statement)
            self._run_statements(session)

    def _run_statements(self, session):
        before, begin = measure.snapshot(self.runner.admin), self.runner.place()
        open_statements, slow = [], 0  # of the transaction that is open: they come to the log with its end
        for count, (line, statement) in enumerate(statements_of(self.path)):
            if count >= STATEMENTS_EACH or slow >= SLOW_EACH:
                return
            ran, was_slow, in_transaction = run_statement(session, statement)
            ran.text = self.prepared.see_through(ran.text)
            slow += was_slow
            end = self.runner.place()
            if end != begin:
                after = measure.snapshot(self.runner.admin)
                self._label(line, [*open_statements, ran], before, after, (begin, end))
                before, begin = after, end
            open_statements = [*open_statements, ran] if in_transaction and not ran.failed else open_statements if in_transaction else []

    def _label(self, line, statements, before, after, places):
        lost, label = measured = measure.losses(before, after)
        why = why_left_out(statements, before, after, measured, routines_of(self.runner.admin), self.binlog_format,
                           self.runner.transactions(*places))
        if why:
            self.left_out[why] += 1
            return
        case = {"name": f"{self.path.relative_to(FOLDER)}:{line}", "act": [ran.text for ran in statements], "held_back": self.held_back}
        self.results.append((case, self.binlog_format, {"lost": lost, "label": label, "begin": places[0], "end": places[1]}))


def run(runner, files):
    """All results of these (file, format, held back), and how many were left out, by why."""
    results, left_out = [], Counter()
    runner.admin.query("SET GLOBAL event_scheduler = OFF")  # what an event does would count as the statement's that runs beside it
    for each in files:
        file = File(runner, *each)
        try:
            file.run()
        except (SqlError, OSError, measure.TooLarge):  # a file that leaves locks or the like behind, or fills a table, ends early
            left_out["files that ended early"] += 1
        results += file.results
        left_out += file.left_out
    runner.place()  # the server is there still
    return results, left_out
