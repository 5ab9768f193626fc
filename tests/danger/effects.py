"""What destroys: statements by their effect, plainly written, with the tables that they need.

{t} is the table, {u} a second one; a disguise chooses their names and may rewrite the statements. Keywords are in capitals, tokens
are apart by blanks: disguises lean on that. What no log tells is left out: an equality that happens to match a whole table, and
rows that a foreign key's cascade removes (src/binlog/danger.h says so).
"""
from dataclasses import dataclass

import fixtures

LAX = "SET sql_mode = ''"


@dataclass(frozen=True)
class Effect:
    name: str
    statements: tuple  # all but the last prepare; the last destroys
    make: tuple = (fixtures.orders,)  # what makes {t}, {u}
    rows_only: bool = False  # it may stand in triggers and functions, and ends no transaction
    before: tuple = ()  # settings of the session

    @property
    def tables(self):
        return len(self.make)


def ddl(name, *statements, make=(fixtures.orders,), before=()):
    return Effect(name, statements, make, before=before)


def dml(name, *statements, make=(fixtures.orders,)):
    return Effect(name, statements, make, rows_only=True)


TWO = (fixtures.orders, fixtures.orders)
PARTITIONED, VERSIONED = (fixtures.partitioned,), (fixtures.versioned,)

DROPS = [
    ddl("drop_database", "DROP DATABASE shop"),
    ddl("drop_schema_if_exists", "DROP SCHEMA IF EXISTS shop"),
    ddl("replace_database", "CREATE OR REPLACE DATABASE shop"),
    ddl("replace_schema", "CREATE OR REPLACE SCHEMA shop CHARACTER SET utf8mb4"),
    ddl("drop_table", "DROP TABLE {t}"),
    ddl("drop_table_if_exists", "DROP TABLE IF EXISTS {t} RESTRICT"),
    ddl("drop_table_wait", "DROP TABLE {t} WAIT 5"),
    ddl("drop_two_tables", "DROP TABLES noise , {t} , {u} CASCADE", make=TWO),
    ddl("drop_sequence", "DROP SEQUENCE {t}", make=(fixtures.sequence,)),
    ddl("drop_sequence_as_table", "DROP TABLE {t}", make=(fixtures.sequence,)),
    ddl("truncate", "TRUNCATE {t}"),
    ddl("truncate_table", "TRUNCATE TABLE {t}"),
    ddl("truncate_nowait", "TRUNCATE TABLE {t} NOWAIT"),
    ddl("replace_table", "CREATE OR REPLACE TABLE {t} ( a INT )"),
    ddl("replace_table_like", "CREATE OR REPLACE TABLE {t} LIKE {u}", make=TWO),
    ddl("replace_table_select", "CREATE OR REPLACE TABLE {t} AS SELECT 1 AS a"),
    ddl("replace_table_select_self", "CREATE OR REPLACE TABLE {t} ( a INT ) SELECT id AS a FROM {u} WHERE id < 5", make=TWO),
    ddl("replace_sequence", "CREATE OR REPLACE SEQUENCE {t} START WITH 1", make=(fixtures.sequence,)),
    ddl("rename_then_drop", "RENAME TABLE {t} TO shop.gone", "DROP TABLE shop.gone"),
    ddl("alter_rename_then_drop", "ALTER TABLE {t} RENAME TO shop.gone", "DROP TABLE shop.gone"),
    ddl("swap_then_drop", "RENAME TABLE {t} TO shop.gone , {u} TO {t}", "DROP TABLE IF EXISTS shop.gone", make=TWO),
    ddl("move_then_drop_database", "RENAME TABLE {t} TO archive.gone", "DROP DATABASE archive"),
]

ALTERS = [
    ddl("drop_column", "ALTER TABLE {t} DROP COLUMN note"),
    ddl("drop_column_short", "ALTER TABLE {t} DROP note"),
    ddl("drop_column_if_exists", "ALTER TABLE {t} DROP COLUMN IF EXISTS note"),
    ddl("drop_column_among_others", "ALTER TABLE {t} ADD extra INT , ADD KEY ( placed ) , DROP note , ALGORITHM = COPY"),
    ddl("drop_column_online", "ALTER ONLINE TABLE {t} DROP COLUMN note , LOCK = NONE"),
    ddl("drop_and_add_column", "ALTER TABLE {t} DROP COLUMN note , ADD COLUMN note VARCHAR ( 100 )"),
    ddl("drop_partition", "ALTER TABLE {t} DROP PARTITION p0", make=PARTITIONED),
    ddl("drop_partition_if_exists", "ALTER TABLE {t} DROP PARTITION IF EXISTS p0 , p1", make=PARTITIONED),
    ddl("truncate_partition", "ALTER TABLE {t} TRUNCATE PARTITION p0", make=PARTITIONED),
    ddl("truncate_partition_all", "ALTER TABLE {t} TRUNCATE PARTITION ALL", make=PARTITIONED),
    ddl("exchange_partition_then_drop", "CREATE TABLE shop.part LIKE {t}", "ALTER TABLE shop.part REMOVE PARTITIONING",
        "ALTER TABLE {t} EXCHANGE PARTITION p0 WITH TABLE shop.part", "DROP TABLE shop.part", make=PARTITIONED),
    ddl("convert_partition_then_drop", "ALTER TABLE {t} CONVERT PARTITION p0 TO TABLE shop.part", "DROP TABLE shop.part",
        make=PARTITIONED),
    ddl("datetime_to_date", "ALTER TABLE {t} MODIFY placed DATE NOT NULL"),
    ddl("datetime_loses_fraction", "ALTER TABLE {t} MODIFY COLUMN placed DATETIME NOT NULL"),
    ddl("decimal_loses_digits", "ALTER TABLE {t} CHANGE price price DECIMAL ( 12 , 1 ) NOT NULL"),
    ddl("decimal_to_int", "ALTER TABLE {t} CHANGE COLUMN price cost INT NOT NULL"),
    ddl("varchar_shortened", "ALTER TABLE {t} MODIFY note VARCHAR ( 3 )", before=(LAX,)),
    ddl("varchar_to_int", "ALTER TABLE {t} MODIFY note INT", before=(LAX,)),
    ddl("int_narrowed", "UPDATE {t} SET id = id + 100000", "ALTER TABLE {t} DROP PRIMARY KEY , MODIFY id SMALLINT", before=(LAX,)),
    ddl("enum_loses_a_value", "ALTER TABLE {t} MODIFY state ENUM ( 'lost' ) NOT NULL", before=(LAX,)),
    ddl("charset_narrowed", "UPDATE {t} SET note = CONCAT( note , ' ' , _utf8mb4 0xE29883 )",
        "ALTER TABLE {t} CONVERT TO CHARACTER SET latin1", before=(LAX,)),
    ddl("column_charset_narrowed", "UPDATE {t} SET note = CONCAT( note , ' ' , _utf8mb4 0xE29883 )",
        "ALTER TABLE {t} MODIFY note VARCHAR ( 100 ) CHARACTER SET ascii", before=(LAX,)),
    ddl("alter_ignore", "ALTER IGNORE TABLE {t} ADD UNIQUE ( customer )"),
    ddl("discard_tablespace", "ALTER TABLE {t} DISCARD TABLESPACE"),
    ddl("drop_versioning", "ALTER TABLE {t} DROP SYSTEM VERSIONING", make=VERSIONED,
        before=("SET system_versioning_alter_history = KEEP",)),
    ddl("drop_versioned_column", "ALTER TABLE {t} DROP COLUMN note", make=VERSIONED,
        before=("SET system_versioning_alter_history = KEEP",)),
]

ALWAYS = ["WHERE 1", "WHERE 1 = 1", "WHERE TRUE", "WHERE NOT FALSE", "WHERE id > 0", "WHERE id >= 1", "WHERE id IS NOT NULL", "WHERE id = id",
          "WHERE 'a' = 'a'", "WHERE note LIKE '%'", "WHERE id = 5 OR 1 = 1", "WHERE id IN ( SELECT id FROM ( SELECT id FROM {t} ) x )",
          "WHERE EXISTS ( SELECT 1 )", "WHERE id <> 0", "WHERE id BETWEEN 1 AND 100000", "WHERE COALESCE( id , 1 )", "WHERE placed < NOW( )",
          "WHERE id NOT IN ( 0 )", "WHERE price >= 0 AND price < 1000000", "WHERE - 1", "WHERE id DIV 1000000 = 0", "ORDER BY id",
          "LIMIT 1000000", "WHERE id > 0 ORDER BY id DESC LIMIT 5000", "WHERE ( ( ( 1 ) ) )", "WHERE IF( id , 1 , 1 )",
          "WHERE CASE WHEN id > 0 THEN 1 ELSE 1 END", "WHERE LENGTH( note ) > 0", "WHERE note REGEXP '.'", "WHERE NOW( ) > '2000-01-01'",
          "WHERE id XOR 0", "WHERE id & 0 = 0", "WHERE id IN ( 1 ) IS NOT NULL", "WHERE ( id , 1 ) <> ( 0 , 1 )"]

ROWS = [
    dml("delete_all", "DELETE FROM {t}"),
    dml("delete_returning", "DELETE FROM {t} RETURNING id"),
    dml("delete_join", "DELETE {t} FROM {t} JOIN {u} ON {t} . id = {u} . id", make=TWO),
    dml("delete_alias_join", "DELETE a . * , b FROM {t} AS a , {u} AS b WHERE a . id = b . id", make=TWO),
    dml("delete_using", "DELETE FROM {t} USING {t} LEFT JOIN {u} ON {u} . id = 5", make=TWO),
    dml("delete_cross", "DELETE {t} FROM {t} , ( SELECT 1 AS one ) x WHERE x . one = 1"),
    dml("delete_by_other_table", "DELETE FROM {t} WHERE id IN ( SELECT id FROM {u} )", make=TWO),
    dml("delete_exists", "DELETE FROM {t} WHERE EXISTS ( SELECT 1 FROM {u} WHERE {u} . id = {t} . id )", make=TWO),
    dml("delete_partition", "DELETE FROM {t} PARTITION ( p0 )", make=PARTITIONED),
    dml("delete_portion", "DELETE FROM {t} FOR PORTION OF validity FROM '2000-01-01' TO '2100-01-01'", make=(fixtures.bounded,)),
    dml("update_all", "UPDATE {t} SET note = 'x'"),
    dml("update_to_null", "UPDATE {t} SET note = NULL"),
    dml("update_to_zero", "UPDATE {t} SET price = price * 0 , note = ''"),
    dml("update_shortened", "UPDATE {t} SET note = LEFT( note , 1 )"),
    dml("update_default", "UPDATE {t} SET note = DEFAULT( note )"),
    dml("update_join", "UPDATE {t} JOIN {u} ON {t} . id = {u} . id SET {t} . note = 'x'", make=TWO),
    dml("update_alias", "UPDATE {t} AS a , {u} AS b SET a . note = b . id WHERE a . id = b . id", make=TWO),
    dml("update_cross", "UPDATE {t} , ( SELECT 1 AS one ) x SET {t} . note = x . one"),
    dml("update_from_subquery", "UPDATE {t} SET note = ( SELECT MAX( note ) FROM {u} )", make=TWO),
    dml("update_partition", "UPDATE {t} PARTITION ( p0 ) SET note = 'x'", make=PARTITIONED),
    dml("replace_select", "REPLACE INTO {t} SELECT id , 0 , '' , 0 , placed , state FROM {u}", make=TWO),
    dml("replace_select_no_into", "REPLACE {t} ( id , customer , price , placed , state ) SELECT id , 0 , 0 , placed , 'new' FROM {u}", make=TWO),
    dml("upsert_select", "INSERT INTO {t} SELECT * FROM {u} ON DUPLICATE KEY UPDATE note = ''", make=TWO),
    dml("upsert_select_ignore", "INSERT IGNORE INTO {t} SELECT * FROM {u} WHERE {u} . id > 0 ON DUPLICATE KEY UPDATE note = NULL , price = 0",
        make=TWO),
    dml("upsert_values", "INSERT INTO {t} ( id , customer , price , placed , state ) VALUES "
        + " , ".join(f"( {i} , 0 , 0 , NOW( ) , 'new' )" for i in range(1, fixtures.ROWS + 1)) + " ON DUPLICATE KEY UPDATE note = ''"),
    dml("replace_values", "REPLACE INTO {t} ( id , customer , price , placed , state ) VALUES "
        + " , ".join(f"( {i} , 0 , 0 , NOW( ) , 'new' )" for i in range(1, fixtures.ROWS + 1))),
    Effect("load_replace", ("SELECT id , 0 , '' , 0 , placed , state FROM {t} INTO OUTFILE './rows'",
                            "LOAD DATA INFILE './rows' REPLACE INTO TABLE {t}")),
    Effect("delete_history", ("DELETE HISTORY FROM {t}",), VERSIONED),
    Effect("delete_history_before", ("DELETE HISTORY FROM {t} BEFORE SYSTEM_TIME NOW( 6 )",), VERSIONED),
    # In one transaction; over several, the guard's sliding windows count.
    Effect("delete_in_pieces", ("START TRANSACTION", *["DELETE FROM {t} LIMIT 100"] * 12, "COMMIT WORK")),
] + [dml(f"delete_{i}", f"DELETE FROM {{t}} {each}") for i, each in enumerate(ALWAYS)] + [
    dml(f"update_{i}", f"UPDATE {{t}} SET note = 'x' {each}") for i, each in enumerate(ALWAYS)]

ALL = DROPS + ALTERS + ROWS
