"""What Redshift does not run is refused here too, and nothing is guessed."""

import pytest

from localcloud_warehouse.errors import WarehouseError
from localcloud_warehouse.translate import translate


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", 'syntax error at or near "ON"'),
        ("INSERT INTO t VALUES (1) RETURNING a", 'syntax error at or near "RETURNING"'),
        ("SELECT DISTINCT ON (a) a FROM t", "SELECT DISTINCT ON is not supported"),
        ("SELECT count(*) FILTER (WHERE a > 1) FROM t", 'syntax error at or near "FILTER"'),
        ("SELECT * FROM t, LATERAL (SELECT 1) x", 'syntax error at or near "LATERAL"'),
        ("SELECT ARRAY[1, 2]", "syntax error"),
        ("SELECT a FROM t FOR UPDATE", "SELECT FOR UPDATE/SHARE is not supported"),
        ("CREATE INDEX i ON t (a)", 'SQL command "CREATE INDEX" not supported on Redshift tables.'),
        ("CREATE TABLE t (a serial)", 'unsupported type "serial"'),
        ("CREATE TABLE t (a jsonb)", 'unsupported type "jsonb"'),
        ("CREATE TABLE t (a uuid)", 'unsupported type "uuid"'),
        ("CREATE TABLE t (a integer[])", "unsupported type"),
        ("CREATE TABLE t (a bytea)", "unsupported type"),
        ("CREATE TABLE t (a timestamp(3))", "syntax error"),
        ("CREATE TABLE t (a int CHECK (a > 0))", "CHECK constraints are not supported"),
        ("CREATE TABLE t (a varchar(65536))", "length for type character varying cannot exceed 65535"),
        ("CREATE TABLE t (a decimal(39, 0))", "must be between 1 and 38"),
        ("CREATE TABLE t (a int) SORTKEY (b)", 'column "b" named in key does not exist'),
        ("CREATE TABLE t (a int, PRIMARY KEY (b))", 'column "b" named in key does not exist'),
        ("CREATE TABLE t (a int ENCODE gzip)", 'syntax error at or near "gzip"'),
        ("CREATE TABLE t (tag int)", 'syntax error at or near "tag"'),
        ("CREATE TABLE t (timestamp int)", "syntax error"),
        ("ALTER TABLE t ADD COLUMN IF NOT EXISTS a int", "syntax error"),
        ("ALTER TABLE t ADD COLUMN a int, ADD COLUMN b int", "syntax error"),
        ("ALTER TABLE t ADD COLUMN a int NOT NULL", "must have a non-null default expression"),
        ("ALTER TABLE t ALTER COLUMN a TYPE bigint", "only supported for VARCHAR"),
        ("SELECT string_agg(a, ',') FROM t", "function string_agg"),
        ("SELECT jsonb_build_object('a', 1)", "function jsonb_build_object"),
        ("SELECT * FROM generate_series(1, 2)", "not supported"),
        ("SELECT a -> 'b' FROM t", "not supported by the local warehouse"),
        ("SELECT pg_sleep(1)", "function pg_sleep"),
        ("SELECT rs_avg(1)", "function rs_avg"),
        ("SELECT last_value(a IGNORE NULLS) OVER (ORDER BY b) FROM t", "not supported by the local warehouse"),
        ("SELECT * FROM t PIVOT (sum(a) FOR b IN (1, 2))", "not supported by the local warehouse: PIVOT"),
        ("SELECT * EXCLUDE (a) FROM t", "not supported by the local warehouse"),
        ("MERGE INTO t USING s ON t.a = s.a REMOVE DUPLICATES", "syntax error|not supported"),
        ("MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE", "MERGE needs"),
        ("BEGIN", "not supported by the local warehouse"),
        ("UNLOAD ('select 1') TO 's3://b/p' IAM_ROLE default", "not supported by the local warehouse"),
        ("CALL p()", "not supported by the local warehouse"),
        ("CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 $$ LANGUAGE sql", "not supported"),
        ("SET allow_system_table_mods TO on", "not supported"),
        ("RESET SESSION AUTHORIZATION", "not supported"),
        ("SET SESSION AUTHORIZATION datavault", "not supported"),
        ("SELECT 1; SELECT 2", "cannot insert multiple commands into a prepared statement"),
        ("SELEC 1", "syntax error|not supported"),
        ("", "syntax error"),
        ("SELECT :a", "Parameter :a has no value"),
        (f"SELECT 1 AS {'a' * 64}", "more than 63 bytes"),
        ("SELECT * FROM other.public.t", "a query of another database"),
    ],
)
def test_it_is_refused(statement: str, words: str) -> None:
    with pytest.raises(WarehouseError, match=words):
        translate(statement)


def test_a_parameter_that_is_not_used_is_refused() -> None:
    with pytest.raises(WarehouseError, match="not used"):
        translate("SELECT 1", {"a": "x"})


def test_a_reserved_word_may_be_quoted_or_follow_as() -> None:
    translate('CREATE TABLE t ("timestamp" int)')
    translate('SELECT "timestamp" AS tag FROM t')
