"""Compares what `lifeboat log show` says of a log file with what mariadb-binlog says of it."""
import json
import re
import subprocess

from built import LIFEBOAT

ROW_HEAD = re.compile(rb"^### (INSERT INTO|UPDATE|DELETE FROM) `(.*)`\.`(.*)`$")
VALUE = re.compile(rb"^###   @(\d+)=(.*) /\* (.*?) (?:COMPRESSED )?meta=\d+ nullable=\d is_null=\d \*/$", re.S)


def show(file, *options):
    """The document of `lifeboat log show --json`; raises if the file could not be read to its end."""
    result = subprocess.run([LIFEBOAT, "log", "show", "--json", file, *options], capture_output=True, check=False)
    document = json.loads(result.stdout)
    if result.returncode != 0 or "error" in document:
        raise AssertionError(f"{file}: {document.get('error')}")
    return document


def reference(file):
    """mariadb-binlog's rows, as (verb, database, table, {before}, {after}) of number → (text, type), its GTIDs and positions."""
    out = subprocess.run(["mariadb-binlog", "--no-defaults", "-vv", "--base64-output=decode-rows", file], capture_output=True,
                         check=True).stdout
    rows, gtids, positions, image = [], [], [], None
    for line in out.split(b"\n"):
        if head := ROW_HEAD.match(line):
            rows.append((head[1].split()[0].decode(), head[2].decode(), head[3].decode(), {}, {}))
        elif line in (b"### WHERE", b"### SET"):
            image = rows[-1][3] if line == b"### WHERE" else rows[-1][4]
        elif value := VALUE.match(line):
            image[int(value[1])] = (value[2], value[3].decode())
        elif gtid := re.match(rb"^#.*\tGTID (\d+-\d+-\d+)", line):
            gtids.append(gtid[1].decode())
        elif at := re.match(rb"^# at (\d+)$", line):
            positions.append(int(at[1]))
    return rows, gtids, positions, out


def flat(events):
    """Events, those within compressed transactions in the place of their payload."""
    for event in events:
        yield event
        yield from flat(event.get("events", []))


def our_rows(events):
    verbs = {"Write": "INSERT", "Updat": "UPDATE", "Delet": "DELETE", "Mysql": "UPDATE"}
    columns = {}
    for event in flat(events):
        if event["type"] == "Table_map":
            columns[event["table_id"]] = [c.get("name", f"@{i}") for i, c in enumerate(event["columns"], 1)]
        for row in event.get("rows", []):
            number = {name: i for i, name in enumerate(columns[event["table_id"]], 1)}
            images = [{number[name]: value for name, value in row.get(which, {}).items()} for which in ("before", "after")]
            yield verbs[event["type"][:5]], event["database"], event["table"], *images


def raw_bytes(value):
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value.encode()


def quoted(value):
    """Bytes as mariadb-binlog writes them."""
    return b"'" + b"".join(b"\\x%02x" % byte if byte <= 0x1f else bytes([byte]) for byte in value) + b"'"


def same_number(value, text):
    """'-1 (4294967295)': both readings of an integer whose sign the log does not tell."""
    return value in [int(number) for number in re.findall(rb"-?\d+", text)]


def same_value(value, text, kind):
    """Whether our value and its text mean the same, by the type that mariadb-binlog names."""
    if text == b"NULL" or value is None:
        return text == b"NULL" and value is None
    name = re.match(r"[A-Z/]+", kind)[0]
    if name in ("TINYINT", "SHORTINT", "MEDIUMINT", "INT", "LONGINT", "ENUM"):
        return same_number(value, text)
    if name in ("FLOAT", "DOUBLE"):
        return abs(value - float(text)) <= abs(value) * (1e-5 if name == "FLOAT" else 1e-15)
    if name == "SET":
        return text == b"b'%s'" % format(value, f"0{len(text) - 3}b").encode()
    if name == "DATE":
        return text.replace(b":", b"-") == b"'%s'" % value.encode()
    if name == "YEAR":
        return text == (b"1900" if value == "0000" else value.encode())  # it adds 1900 to the zero year, too
    if name in ("DECIMAL", "TIMESTAMP", "BIT"):
        return text == value.encode()
    if name in ("TIME", "DATETIME"):
        return text == b"'%s'" % value.encode()
    return text == quoted(raw_bytes(value))


def check_row(ours, theirs, file):
    assert ours[:3] == theirs[:3], f"{file}: {ours[:3]} is {theirs[:3]}"
    for which in (3, 4):
        assert ours[which].keys() == theirs[which].keys(), f"{file}: {ours} has other columns than {theirs}"
        for number, (text, kind) in theirs[which].items():
            value = ours[which][number]
            assert same_value(value, text, kind), f"{file}: {ours[:3]} @{number}: {value!r} is {text!r} ({kind})"


def decoded(file):
    """All events of a file, none of which may be damaged or not understood."""
    events = show(file)["events"]
    for event in flat(events):
        assert "error" not in event, f"{file}: {event}"
        assert event.get("checksum_ok", True), f"{file}: {event}"
    return events


def compare_file(file):
    """Asserts that both say the same of a file; counts of what was compared."""
    events = decoded(file)
    rows, gtids, positions, text = reference(file)
    ours = list(our_rows(events))
    assert len(ours) == len(rows), f"{file}: {len(ours)} rows are {len(rows)}"
    for our, their in zip(ours, rows):
        check_row(our, their, file)
    our_gtids = [event["gtid"] for event in events if event["type"] == "Gtid"]
    assert our_gtids == gtids, f"{file}: {our_gtids} are {gtids}"
    assert set(positions) <= {event["position"] for event in events}, f"{file}: {positions}"
    statements = [raw_bytes(event["statement"]) for event in flat(events) if event["type"].startswith("Query")]
    for statement in statements:
        # It prints ends of transactions in its own words.
        known = statement in (b"COMMIT", b"ROLLBACK", b"BEGIN") or statement.startswith(b"XA ")
        assert known or statement in text, f"{file}: {statement!r} is not in mariadb-binlog's output"
    return {"events": len(events), "rows": len(rows), "gtids": len(gtids), "statements": len(statements)}
