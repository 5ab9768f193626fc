"""How a statement may be dressed: each disguise makes (names of {t} and {u}, settings, statements) of an effect.

A statement of a case is text; {"hex": …} is bytes; {"prepare": text, "values": […]} goes by the binary protocol; {"until": query} waits
until the query's answer is 1.
"""
import re

TOKEN = re.compile(r"'[^']*'|`(?:[^`]|``)*`|\"[^\"]*\"|\S+")
PLAIN_NAMES = ("orders", "purchases")
ODD_NAMES = {
    "keyword": ("`select`", "`table`"),
    "comment": ("`a/*b`", "`--c`"),
    "blank": ("`two words`", "`semi;colon`"),
    "quote": ("`it's`", "`back``tick`"),
    "number": ("2026orders", "`2026`"),
    "accent": ("bücher", "`日本`"),
    "qualified": ("shop . orders", "`shop`.`purchases`"),
    "dollar": ("$orders", "_1"),
}


def tokens(text):
    return TOKEN.findall(text)


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def last(change):
    """A disguise of the last statement alone."""
    return lambda statements: [*statements[:-1], change(statements[-1])]


def split_text(text):
    """'DROP TABLE t' → CONCAT('DR', 'OP TA', …): the text never stands anywhere in one piece."""
    parts = re.findall(r".{1,40}", text, re.S) if len(text) > 400 else re.findall(r".{1,5}", text, re.S)
    return "CONCAT(" + ", ".join(map(quoted, parts)) + ")"


def mixed_case(text):
    """Keywords only, which are all in capitals: names mean something by their case."""
    return " ".join("".join(c.lower() if i % 2 else c for i, c in enumerate(each)) if re.fullmatch(r"[A-Z_]{2,}", each) else each
                    for each in tokens(text))


def commented(text):
    return "-- nightly\n/* a; b */ " + " /* DELETE 'x */ ".join(tokens(text)) + " # end"


def blanks(text):
    return "\n\t " + "\n\t\r\n\x0b".join(tokens(text)) + "\n"


def executable_each(text):
    return " ".join(f"/*!{each}*/" if re.fullmatch(r"[A-Z]{2,}", each) else each for each in tokens(text))


def first_executable(text):
    first, rest = text.split(" ", 1)
    return f"/*!50001 {first} */ {rest}"


def in_procedure(statements, body=None):
    inner = "; ".join(body or statements)
    return [f"CREATE PROCEDURE shop.tidy_up() BEGIN {inner}; END", "CALL shop.tidy_up()"]


def dynamic_in_procedure(statements):
    return in_procedure(statements, [f"EXECUTE IMMEDIATE {split_text(each)}" for each in statements])


def parameter_of_procedure(statements):
    return ["CREATE PROCEDURE shop.run(IN what TEXT) BEGIN PREPARE s FROM what; EXECUTE s; DEALLOCATE PREPARE s; END",
            *[f"CALL shop.run({quoted(each)})" for each in statements]]


def in_event(statements):
    return [f"CREATE EVENT archive.nightly ON SCHEDULE AT CURRENT_TIMESTAMP DO BEGIN {'; '.join(statements)}; END",
            {"until": "SELECT COUNT(*) = 0 FROM information_schema.events WHERE event_schema = 'archive'"}]


def in_trigger(statements):
    return [f"CREATE TRIGGER follow AFTER INSERT ON shop.noise FOR EACH ROW BEGIN {'; '.join(statements)}; END",
            "INSERT INTO shop.noise VALUES (1)"]


def in_function(call):
    def change(statements):
        return [f"CREATE FUNCTION shop.tidy() RETURNS INT MODIFIES SQL DATA BEGIN {'; '.join(statements)}; RETURN 1; END", call]
    return change


def in_transaction(statements):
    return ["START TRANSACTION", "INSERT INTO shop.noise VALUES (1)", "SAVEPOINT a", *statements, "COMMIT"]


def in_xa(statements):
    return ["XA START 'night','b'", "INSERT INTO shop.noise VALUES (1)", *statements, "XA END 'night','b'", "XA PREPARE 'night','b'",
            "XA COMMIT 'night','b'"]


def with_modifiers(text):
    return re.sub(r"^(DELETE|UPDATE)\b", lambda verb: f"{verb[1]} LOW_PRIORITY " + ("QUICK IGNORE" if verb[1] == "DELETE" else "IGNORE"), text)


def gbk(text):
    """A comment and a string whose second bytes look like quotes and backslashes."""
    return {"hex": (b"/* \xbf\x5c' */ " + text.encode("gbk") + b" /* '\xd5\x5c */").hex()}


def shadowed(statements):
    return ["CREATE TEMPORARY TABLE shop.orders (a INT)", "DROP TEMPORARY TABLE shop.orders", *statements]


ANY = {
    "plain": list,
    "comments": last(commented),
    "blanks": last(blanks),
    "mixed_case": last(mixed_case),
    "executable": last(lambda text: f"/*! {text} */"),
    "executable_version": last(lambda text: f"/*!50001 {text}*/ -- for old servers"),
    "executable_mariadb": last(lambda text: f"/*M!100100 {text} */"),
    "executable_first": last(first_executable),
    "executable_each": last(executable_each),
    "passed_over": last(lambda text: text.replace(" ", " /*!999999 TEMPORARY */ ", 1)),
    "set_statement": last(lambda text: f"SET STATEMENT max_statement_time = 1000, lock_wait_timeout = 50 FOR {text}"),
    "semicolon": last(lambda text: f"{text} ; -- that was it"),
    "several_in_one": last(lambda text: f"SELECT 1; {text}; SELECT 'INSERT INTO noise'"),
    "prepared": last(lambda text: {"prepare": text, "values": []}),
    "prepared_text": lambda s: [*s[:-1], f"PREPARE s FROM {quoted(s[-1])}", "EXECUTE s"],
    "immediate": last(lambda text: f"EXECUTE IMMEDIATE {split_text(text)}"),
    "procedure": in_procedure,
    "procedure_dynamic": dynamic_in_procedure,
    "procedure_parameter": parameter_of_procedure,
    "block": lambda s: [f"BEGIN NOT ATOMIC {'; '.join(s)}; END"],
    "event": in_event,
    "transaction": in_transaction,
    "gbk": lambda s: ["SET NAMES gbk", *s[:-1], gbk(s[-1])],
    "latin1": lambda s: ["SET NAMES latin1", *s[:-1], s[-1] + " /* caf\u00e9 */"],
    "elsewhere": lambda s: ["USE archive", *s],
    "shadowed": shadowed,
}
ROWS_ONLY = {
    "trigger": in_trigger,
    "function_select": in_function("SELECT shop.tidy()"),
    "function_do": in_function("DO shop.tidy()"),
    "function_insert": in_function("INSERT INTO shop.noise VALUES (shop.tidy())"),
    "function_set": in_function("SET @done = shop.tidy()"),
    "xa": in_xa,
    "modifiers": last(with_modifiers),
}
MODES = {"ansi": ("SET sql_mode = 'ANSI_QUOTES'", '"{}"'), "mssql": ("SET sql_mode = 'MSSQL'", "[{}]"),
         "oracle": ("SET sql_mode = 'ORACLE'", '"{}"'), "no_backslash": ("SET sql_mode = 'NO_BACKSLASH_ESCAPES'", "`{}`")}
NEEDS_PLAIN_SQL = {"delete_history", "delete_history_before", "load_replace", "exchange_partition_then_drop", "convert_partition_then_drop"}


def filled(effect, names):
    return [each.replace("{t}", names[0]).replace("{u}", names[1]) for each in effect.statements]


def made(effect, names):
    return [sql for make, name in zip(effect.make, names) for sql in make(name)]


def case(effect, disguise, names, settings, statements):
    return {"name": f"{effect.name}/{disguise}", "setup": made(effect, names), "act": [*effect.before, *settings, *statements]}


def cases_of(effect):
    """All cases of an effect. Those that the server refuses are left out when the corpus is made."""
    away = tuple(f"shop.{name}" for name in PLAIN_NAMES)
    for disguise, dress in (ANY | (ROWS_ONLY if effect.rows_only else {})).items():
        names = PLAIN_NAMES if disguise == "plain" else away
        yield case(effect, disguise, names, [], dress(filled(effect, names)))
    for disguise, names in ODD_NAMES.items():
        yield case(effect, f"name_{disguise}", names, [], filled(effect, names))
    for mode, (setting, quotes) in MODES.items():
        names = tuple(quotes.format(name) for name in PLAIN_NAMES)
        made_case = case(effect, f"mode_{mode}", PLAIN_NAMES, [setting], filled(effect, names))
        yield made_case
    if effect.rows_only and effect.tables == 1 and "{t} ." not in effect.statements[-1]:
        yield case(effect, "view", PLAIN_NAMES, ["CREATE VIEW shop.shown AS SELECT * FROM orders"],
                   [each.replace("orders", "shop.shown") for each in filled(effect, PLAIN_NAMES)])
