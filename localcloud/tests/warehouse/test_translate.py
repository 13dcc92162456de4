"""Redshift's SQL gives Redshift's answers: run on PostgreSQL, expectations from AWS's documents."""

# ruff: noqa: E501, S608  statements of SQL, written by the test itself

import pytest
from warehouse_support import rows, value

from localcloud_warehouse.copy import CopyContext
from localcloud_warehouse.dialect import literals
from localcloud_warehouse.errors import WarehouseError
from localcloud_warehouse.session import Session


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # DATEDIFF counts boundaries: one day apart in the calendar is a month, a quarter, a year
        ("datediff(year, date '2008-12-31', date '2009-01-01')", 1),
        ("datediff(qtr, date '1998-07-01', date '2008-11-01')", 41),
        ("datediff(month, '2013-01-31', '2013-02-01')", 1),
        ("datediff('week', '2009-01-01', '2009-12-31')", 52),
        ("datediff(day, '2013-01-01 23:59:59', '2013-01-02 00:00:00')", 1),
        ("datediff(hour, '2013-01-01 23:59:59', '2013-01-02 00:00:00')", 1),
        ("datediff(minute, '2013-01-01 00:00:59', '2013-01-01 00:01:00')", 1),
        ("datediff(s, '2013-01-02', '2013-01-01')", -86400),
        ("datediff(ms, '2013-01-01 00:00:00.0004', '2013-01-01 00:00:00.0015')", 1),
        ("datediff(day, null, '2013-01-01')", None),
        # DATEADD of a date is a timestamp; the end of a month is cut
        ("dateadd(month, 1, date '2013-01-31')", "2013-02-28 00:00:00"),
        ("dateadd(day, -1, '2013-03-01')", "2013-02-28 00:00:00"),
        ("dateadd(qtr, 1, timestamptz '2013-01-01 00:00:00+00')", "2013-04-01 00:00:00+00"),
        ("add_months(timestamp '2008-02-29', 1)", "2008-03-31 00:00:00"),
        ("last_day(date '2012-02-03')", "2012-02-29"),
        ("date_trunc('week', date '2013-01-02')", "2012-12-31 00:00:00"),
        ("date_trunc(mon, timestamp '2013-01-02 03:04:05')", "2013-01-01 00:00:00"),
        ("date_part(w, timestamp '2008-05-02 00:00:00')", 18.0),
        ("extract(year from date '2013-01-02')", 2013),
        ("extract(epoch from timestamptz '1970-01-02 00:00:00+00')", 86400),
        ("extract(dow from date '2013-01-06')", 0),
        ("trunc(timestamp '2013-01-02 03:04:05')", "2013-01-02"),
        ("convert_timezone('America/New_York', timestamp '2013-01-01 12:00:00')", "2013-01-01 07:00:00"),
        ("to_char(timestamp '2013-01-02 03:04:05', 'YYYY-MM-DD HH24:MI:SS')", "2013-01-02 03:04:05"),
        # Conditions
        ("nvl(null, 1)", 1),
        ("nvl2(null, 1, 2)", 2),
        ("decode(null, null, 'same', 'other')", "same"),
        ("decode(3, 1, 'one', 2, 'two')", None),
        ("greatest(1, null, 3)", 3),
        # CONCAT with NULL is NULL; PostgreSQL's is not
        ("concat('a', null)", None),
        ("concat('a', 'b')", "ab"),
        ("'a' || 'b'", "ab"),
        # REGEXP_REPLACE replaces every match
        ("regexp_replace('a1b2', '[0-9]', 'x')", "axbx"),
        (r"regexp_replace('a1b2', '\\d', '')", "ab"),
        ("regexp_count('abcabc', 'b')", 2),
        ("regexp_substr('a@b.org', '@[a-z]*')", "@b"),
        ("len('é')", 1),
        ("octet_length('é')", 2),
        ("upper('é')", "É"),
        ("charindex('b', 'abc')", 2),
        ("split_part('a$b', '$', 2)", "b"),
        ("substring('Caterpillar', 6, 4)", "pill"),
        ("trim(both 'x' from 'xax')", "a"),
        ("sha2('a', 256)", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        # Sorted by bytes, not by language
        ("'a' < 'B'", False),
        # Numbers
        ("7 / 2", 3),
        ("1::decimal / 1", "1.00000000000000000000"),
        ("1.55::decimal", "2"),
        ("cast(1.555 as decimal(10, 2))", "1.56"),
        ("cast(1 as float)", 1.0),
        ("round(2.345::double precision, 2)", 2.35),
        ("convert(int, '7')", 7),
        # JSON
        ("""json_serialize(json_parse('{"a": [1, 2]}'))""", '{"a":[1,2]}'),
        ("""json_extract_path_text('{"a": {"b": "c"}}', 'a', 'b')""", "c"),
        ("""json_extract_array_element_text('[10, 20]', 1)""", "20"),
        ("""json_parse('{"a": "x  y"}')""", '{"a":"x  y"}'),
        ("get_array_length(json_parse('[1, 2]'))", 2),
        # What the Data API would take for a place of a parameter
        ("'100%' || '%s' || '{}'", "100%%s{}"),
    ],
)
def test_an_expression_has_redshifts_value(session: Session, expression: str, expected: object) -> None:
    assert value(session, expression) == expected


def test_getdate_has_whole_seconds_and_no_zone(session: Session) -> None:
    assert len(value(session, "getdate()")) == len("2013-01-01 00:00:00")
    assert value(session, "sysdate = sysdate") is True


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT avg(x) FROM (SELECT 1 AS x UNION ALL SELECT 2) t", [(1,)]),
        ("SELECT avg(x::decimal(10,2)) FROM (SELECT 1 AS x UNION ALL SELECT 2) t", [("1.50",)]),
        ("SELECT avg(x::float) FROM (SELECT 1 AS x UNION ALL SELECT 2) t", [(1.5,)]),
        ("SELECT avg(x) FROM (SELECT 1 AS x WHERE 1 = 0) t", [(None,)]),
        (
            "SELECT listagg(distinct x, ',') WITHIN GROUP (ORDER BY x) FROM (SELECT 10 AS x UNION ALL SELECT 9 UNION ALL SELECT 10) t",
            [("9,10",)],
        ),
        (
            "SELECT listagg(x) WITHIN GROUP (ORDER BY x DESC) FROM (SELECT 'a' AS x UNION ALL SELECT 'b' UNION ALL SELECT null) t",
            [("ba",)],
        ),
        ("SELECT listagg(x, ';') FROM (SELECT 'a' AS x WHERE 1 = 0) t", [(None,)]),
        ("SELECT approximate count(distinct x) FROM (SELECT 1 AS x UNION ALL SELECT 1) t", [(1,)]),
        ("SELECT median(x) FROM (SELECT 1 AS x UNION ALL SELECT 2) t", [(1.5,)]),
        ("SELECT TOP 1 x FROM (SELECT 1 AS x UNION ALL SELECT 2) t ORDER BY x DESC", [(2,)]),
        ("SELECT 1 MINUS SELECT 1", []),
        (
            "SELECT x FROM (SELECT 1 AS x, 1 AS y UNION ALL SELECT 2, 1) t QUALIFY row_number() OVER (PARTITION BY y ORDER BY x DESC) = 1",
            [(2,)],
        ),
        ("SELECT x FROM (SELECT 1 AS x UNION ALL SELECT null) t ORDER BY x DESC", [(None,), (1,)]),
        ("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3) SELECT sum(n) FROM c", [(6,)]),
        ('SELECT t."X" AS "Y" FROM (SELECT 1 AS x) AS T', [(1,)]),
    ],
)
def test_a_query_has_redshifts_answer(session: Session, query: str, expected: list[object]) -> None:
    assert rows(session, query) == expected


def test_merge_updates_and_inserts_with_and_without_a_column_list(session: Session) -> None:
    for insert in ("INSERT VALUES (s.id, s.x)", "INSERT (x, id) VALUES (s.x, s.id)"):
        session.run("CREATE TABLE #t (id int, x int)")
        session.run("INSERT INTO #t VALUES (1, 1), (2, 2)")
        session.run(
            "MERGE INTO #t USING (SELECT 2 AS id, 20 AS x UNION ALL SELECT 3, 30) s ON #t.id = s.id "
            f"WHEN MATCHED THEN UPDATE SET x = s.x WHEN NOT MATCHED THEN {insert}"
        )
        assert rows(session, "SELECT * FROM #t ORDER BY id") == [(1, 1), (2, 20), (3, 30)]
        session.run("DROP TABLE #t")


def test_update_from_and_delete_using(session: Session) -> None:
    session.run("CREATE TEMP TABLE t (id int, x int)")
    session.run("INSERT INTO t VALUES (1, 1), (2, 2)")
    assert session.run("UPDATE t SET x = s.x FROM (SELECT 1 AS id, 9 AS x) s WHERE t.id = s.id").count == 1
    assert session.run("DELETE FROM t USING (SELECT 2 AS id) s WHERE t.id = s.id").count == 1
    assert rows(session, "SELECT * FROM t") == [(1, 9)]


DDL = """
CREATE TABLE IF NOT EXISTS public.Flights (
    id bigint IDENTITY(1, 1), year integer NOT NULL ENCODE az64, tailnum varchar(5) ENCODE zstd, code char(2), items super, amount decimal(12, 2),
    plain decimal, ratio float, small real, born date DEFAULT '2000-01-01', at timestamptz, naive timestamp, ok boolean, note text, wide varchar(max),
    "timestamp" int, PRIMARY KEY (year, tailnum), UNIQUE (code), FOREIGN KEY (code) REFERENCES other (code)
) BACKUP NO DISTSTYLE KEY DISTKEY (tailnum) COMPOUND SORTKEY (year, tailnum);
"""


def test_a_table_has_redshifts_types_and_keeps_no_key(session: Session) -> None:
    session.run(DDL)
    assert rows(session, "SELECT column_name, data_type, character_maximum_length, numeric_precision, is_nullable FROM svv_columns "
                         "WHERE table_schema = 'public' AND table_name = 'flights' ORDER BY ordinal_position") == [
        ("id", "bigint", None, 64, "NO"), ("year", "integer", None, 32, "NO"), ("tailnum", "character varying", 5, None, "NO"),
        ("code", "character", 2, None, "YES"), ("items", "super", None, None, "YES"), ("amount", "numeric", None, 12, "YES"),
        ("plain", "numeric", None, 18, "YES"), ("ratio", "double precision", None, 53, "YES"), ("small", "real", None, 24, "YES"),
        ("born", "date", None, None, "YES"), ("at", "timestamp with time zone", None, None, "YES"),
        ("naive", "timestamp without time zone", None, None, "YES"), ("ok", "boolean", None, None, "YES"),
        ("note", "character varying", 256, None, "YES"), ("wide", "character varying", 65535, None, "YES"), ("timestamp", "integer", None, 32, "YES"),
    ]  # fmt: skip
    for _ in range(2):
        session.run("INSERT INTO flights (year, tailnum, code) VALUES (2013, 'N1', 'AA')")
    assert rows(session, "SELECT id, year, born FROM flights ORDER BY id") == [
        (1, 2013, "2000-01-01"),
        (2, 2013, "2000-01-01"),
    ]
    assert rows(session, "SELECT data_type FROM information_schema.columns WHERE column_name = 'items'") == [("super",)]
    assert rows(session, "SELECT table_name FROM svv_tables WHERE table_schema = 'public'") == [("flights",)]
    assert rows(
        session, "SELECT \"column\", type FROM pg_table_def WHERE tablename = 'flights' AND \"column\" = 'items'"
    ) == [("items", "super")]


@pytest.mark.parametrize(
    "make",
    [
        "CREATE TABLE t (a varchar(4), b char(2))",
        "CREATE TEMP TABLE t (a varchar(4), b char(2))",
        "CREATE TABLE #t (a varchar(4), b char(2))",
        "CREATE TABLE t AS SELECT 'x'::varchar(4) AS a, 'x'::char(2) AS b",
    ],
)
def test_lengths_count_bytes_however_the_table_was_made(session: Session, make: str) -> None:
    name = "#t" if "#" in make else "t"
    session.run(make)
    session.run(f"INSERT INTO {name} (a) VALUES ('éé')")
    with pytest.raises(WarehouseError, match="Value too long for character type"):
        session.run(f"INSERT INTO {name} (a) VALUES ('ééx')")


def test_lengths_of_added_and_widened_columns_count_bytes(session: Session) -> None:
    session.run("CREATE TABLE t (a varchar(2))")
    session.run("ALTER TABLE t ADD COLUMN b varchar(2) ENCODE lzo")
    session.commit()
    session.run("ALTER TABLE t ALTER COLUMN a TYPE varchar(4)")
    session.run("INSERT INTO t VALUES ('éé', 'é')")
    session.commit()
    for column in ("a", "b"):
        with pytest.raises(WarehouseError, match="Value too long"):
            session.run(f"INSERT INTO t ({column}) VALUES ('ééé')")
        session.connection.rollback()


def test_super_paths_are_navigated(session: Session) -> None:
    session.run("CREATE TABLE t (id int, doc super)")
    session.run("""INSERT INTO t VALUES (1, json_parse('{"a": {"b": [{"c": "x"}, {"c": null}]}, "n": 5}'))""")
    assert rows(session, "SELECT t.doc.a.b[0].c, doc.n, doc.n::int, doc.a.b[0].c::varchar FROM t") == [
        ('"x"', "5", 5, "x")
    ]
    assert rows(session, "SELECT id FROM t WHERE doc.n = 5 AND doc.a.b[0].c = 'x' AND doc.a.b[1].c IS NULL") == [(1,)]
    assert rows(session, "SELECT e.c::varchar FROM t, t.doc.a.b e") == [("x",), (None,)]
    assert rows(session, "SELECT json_typeof(doc.a), get_array_length(doc.a.b) FROM t") == [("object", 2)]


def test_names_fold_to_lower_case_also_quoted_ones(session: Session) -> None:
    session.run('CREATE TABLE "Mixed" ("Col" int)')
    result = session.run('SELECT COL AS "Alias" FROM mixed')
    assert [column.name for column in result.columns] == ["alias"]


def test_roles_groups_users_and_grants_run(session: Session) -> None:
    session.run("CREATE SCHEMA IF NOT EXISTS s")
    session.run("CREATE TABLE s.t (a int)")
    for statement in (
        "CREATE ROLE analyst_{}", "CREATE GROUP people_{}", "CREATE USER u_{} PASSWORD DISABLE", "GRANT USAGE ON SCHEMA s TO ROLE analyst_{}",
        "GRANT SELECT ON TABLE s.t TO ROLE analyst_{}", "GRANT SELECT ON ALL TABLES IN SCHEMA s TO GROUP people_{}",
        "GRANT ROLE analyst_{} TO u_{}", "REVOKE SELECT ON s.t FROM GROUP people_{}", "ALTER GROUP people_{} ADD USER u_{}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO ROLE analyst_{}",
    ):  # fmt: skip
        session.run(statement.replace("{}", "x"))
    session.connection.rollback()


def test_identities_of_iam_keep_their_case_and_play_roles(session: Session) -> None:
    for statement in (
        "CREATE ROLE Loader", 'CREATE USER "IAMR:Acme-Loader" PASSWORD DISABLE', 'GRANT ROLE "Loader" TO "IAMR:Acme-Loader"',
    ):  # fmt: skip
        session.run(statement)
    assert ("loader",) in rows(session, "SELECT role_name FROM svv_roles")
    assert ("IAMR:Acme-Loader",) in rows(session, "SELECT usename FROM pg_user")
    assert rows(session, "SELECT role_name, user_name FROM svv_user_grants WHERE role_name = 'loader'") == [
        ("loader", "IAMR:Acme-Loader")
    ]
    session.connection.rollback()


def test_columns_are_granted_one_by_one_whatever_they_are_called(
    dsn: str, session: Session, copy_context: CopyContext
) -> None:
    for statement in (
        "CREATE TABLE cars (model int, price int)", "CREATE ROLE shopper", "CREATE USER buyer PASSWORD DISABLE",
        "GRANT ROLE shopper TO buyer", 'GRANT SELECT ("model") ON cars TO ROLE shopper',
    ):  # fmt: skip
        session.run(statement)
    session.commit()
    try:
        with Session(dsn, copy_context, user="buyer") as other:
            assert rows(other, "SELECT model FROM cars") == []
            with pytest.raises(WarehouseError, match="permission denied"):
                other.run("SELECT price FROM cars")
    finally:
        for statement in ("DROP TABLE cars", "DROP USER buyer", "DROP ROLE shopper"):
            session.run(statement)
        session.commit()


def test_views_lose_what_is_physical(session: Session) -> None:
    session.run("CREATE VIEW v AS SELECT 1 AS a WITH NO SCHEMA BINDING")
    session.run("CREATE MATERIALIZED VIEW m AUTO REFRESH YES AS SELECT 2 AS a")
    session.run("REFRESH MATERIALIZED VIEW m")
    session.run("CREATE TABLE t DISTSTYLE EVEN SORTKEY (a) AS SELECT 3 AS a")
    assert rows(session, "SELECT v.a, m.a, t.a FROM v, m, t") == [(1, 2, 3)]
    session.run("COMMENT ON TABLE t IS 'what it is'")
    session.run("ANALYZE t")
    session.run("SET search_path TO public")
    session.run("SET query_group TO 'loads'")
    session.run("DROP MATERIALIZED VIEW m")


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        (r"'a\\b'", r"'a\b'"),
        (r"'it\'s'", "'it''s'"),
        ("'it''s'", "'it''s'"),
        (r"'\d'", "'d'"),
        (r"'a\nb'", "'a\nb'"),
        (r"-- it's \d" + "\n'x'", r"-- it's \d" + "\n'x'"),
        (r'"a\b"', r'"a\b"'),
    ],
)
def test_backslashes_escape_in_strings_only(source: str, plain: str) -> None:
    assert literals(source) == plain
