"""COPY follows Redshift's rules and fails with Redshift's words (sources: the package's README)."""

# ruff: noqa: E501  statements of SQL, written by the test itself

import json

import pytest
from warehouse_support import ROLE, FolderObjects, entry, rows

from localcloud_warehouse.errors import WarehouseError
from localcloud_warehouse.session import Session

COPY = f"COPY t FROM 's3://data/m.manifest' IAM_ROLE '{ROLE}' FORMAT AS PARQUET MANIFEST"


def test_it_loads_into_a_temporary_table_of_the_same_transaction(session: Session, objects: FolderObjects) -> None:
    objects.load("SELECT 1::int AS a, 'x' AS b")
    session.run("CREATE TEMP TABLE t (a int, b varchar(10))")
    session.run(COPY)
    assert rows(session, "SELECT a, b, pg_last_copy_count() FROM t") == [(1, "x", 1)]


def test_it_leaves_nothing_when_the_transaction_ends_without_commit(session: Session, objects: FolderObjects) -> None:
    objects.load("SELECT 1::int AS a")
    session.run("CREATE TABLE t (a int)")
    session.commit()
    session.run(COPY)
    session.connection.rollback()
    assert rows(session, "SELECT count(*) FROM t") == [(0,)]


def test_comments_before_a_copy_belong_to_it(session: Session) -> None:
    session.run("CREATE TABLE t (a int)")
    with pytest.raises(WarehouseError, match="s3://"):
        session.run("-- one\n/* two */ /* copy **/\nCOPY t FROM 'nowhere'")


def test_a_statement_after_many_comments_is_read_at_once(session: Session) -> None:
    # Each used to take twice the time of the one before.
    assert session.run("/* one */" * 60 + "SELECT 1").rows == [[{"longValue": 1}]]


def test_columns_are_matched_by_position_not_by_name(session: Session, objects: FolderObjects) -> None:
    objects.load("SELECT 'first' AS b, 'second' AS a")
    session.run("CREATE TABLE t (a varchar(10), b varchar(10))")
    session.run(COPY)
    assert rows(session, "SELECT a, b FROM t") == [("first", "second")]


def test_a_column_list_chooses_and_orders_the_columns(session: Session, objects: FolderObjects) -> None:
    objects.load("SELECT 'x' AS c, 1::int AS a")
    session.run("CREATE TABLE t (id bigint IDENTITY(1,1), a int, b int DEFAULT 7, c varchar(10))")
    session.run(COPY.replace("COPY t", "COPY t (c, A)"))
    assert rows(session, "SELECT id, a, b, c FROM t") == [(1, 1, 7, "x")]


def test_a_column_list_without_a_not_null_column_is_refused(session: Session, objects: FolderObjects) -> None:
    objects.load("SELECT 1::int AS a")
    session.run("CREATE TABLE t (a int, b int NOT NULL)")
    with pytest.raises(WarehouseError, match="NOT NULL column without DEFAULT must be included in column list"):
        session.run(COPY.replace("COPY t", "COPY t (a)"))


def test_fillrecord_leaves_the_missing_columns_null(session: Session, objects: FolderObjects) -> None:
    objects.load("SELECT 1::int AS a")
    session.run("CREATE TABLE t (a int, b int)")
    session.run(f"{COPY} FILLRECORD")
    assert rows(session, "SELECT a, b FROM t") == [(1, None)]


VALUES = """
SELECT * FROM (VALUES
    (1::int, 'a'::varchar, 1.5::double, 12.34::decimal(12,2), date '1815-12-10', timestamptz '2013-01-01 10:15:00.123456+00'),
    (2, '', 'nan', -0.01, date '9999-12-31', timestamptz '1677-01-01 00:00:00+00'),
    (3, NULL, 'infinity', NULL, NULL, NULL),
    (4, 'a "quoted", line' || chr(10) || 'break' || chr(13) || chr(9) || '\\N \\. \\', '-infinity', 9999999999.99, date '0001-01-01', timestamptz '0044-03-15 (BC) 00:00:00+00'),
    (5, 'żółw 🐢', '-0.0', 0, date '0044-03-15 (BC)', timestamptz '1970-01-01 00:00:00+00')
) v(i, s, f, d, b, t)
"""


def test_values_arrive_as_they_are(session: Session, objects: FolderObjects) -> None:
    objects.load(VALUES)
    session.run("CREATE TABLE t (i int, s varchar(100), f float, d decimal(12,2), b date, ts timestamptz)")
    session.run(COPY)
    got = rows(session, "SELECT * FROM t ORDER BY i")
    assert got[0] == (1, "a", 1.5, "12.34", "1815-12-10", "2013-01-01 10:15:00.123456+00")
    assert got[1][1] == "" and got[1][2] != got[1][2]
    assert got[1][3:] == ("-0.01", "9999-12-31", "1677-01-01 00:00:00+00")
    assert got[2] == (3, None, float("inf"), None, None, None)
    assert got[3] == (
        4, 'a "quoted", line\nbreak\r\t\\N \\. \\', float("-inf"), "9999999999.99", "0001-01-01", "0044-03-15 00:00:00+00 BC",
    )  # fmt: skip
    assert got[4][:2] == (5, "żółw 🐢")
    assert str(got[4][2]) == "-0.0"
    assert got[4][3:] == ("0.00", "0044-03-15 BC", "1970-01-01 00:00:00+00")


def test_nested_values_become_super_with_serializetojson(session: Session, objects: FolderObjects) -> None:
    objects.load(
        """SELECT {'b': [1, 2], 'a': 'x"y', 'n': NULL} AS s, [{'k': 1}] AS l, MAP {'m': 1.5} AS m, 'text' AS t, NULL::int[] AS z"""
    )
    session.run("CREATE TABLE t (s super, l super, m super, x super, z super)")
    session.run(f"{COPY} SERIALIZETOJSON")
    assert rows(session, "SELECT * FROM t") == [
        ('{"a":"x\\"y","b":[1,2],"n":null}', '[{"k":1}]', '{"m":1.5}', '"text"', None)
    ]
    assert rows(session, "SELECT s.a::varchar, l[0].k::int, x::varchar FROM t") == [('x"y', 1, "text")]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("int", "1::bigint", "Column type: INT, Parquet schema:\noptional int64 x"),
        ("bigint", "1::int", "Column type: BIGINT, Parquet schema:\noptional int32 x"),
        ("smallint", "1::int", "Column type: SMALLINT, Parquet schema:\noptional int32 x"),
        ("int", "'1'", "Column type: INT, Parquet schema:\noptional byte_array x"),
        ("int", "1::uinteger", "Column type: INT"),
        ("varchar(10)", "1::int", r"Column type: VARCHAR\(10\), Parquet schema:\noptional int32 x"),
        ("varchar(10)", "[1]", r"Column type: VARCHAR\(10\), Parquet schema:\noptional group x"),
        ("decimal(12, 2)", "1::decimal(12, 3)", r"Column type: DECIMAL\(12, 2\)"),
        ("decimal(12, 2)", "1.5::double", r"Column type: DECIMAL\(12, 2\), Parquet schema:\noptional double x"),
        ("real", "1.5::double", "Column type: FLOAT, Parquet schema:\noptional double x"),
        ("float", "1.5::float", "Column type: DOUBLE, Parquet schema:\noptional float x"),
        ("date", "timestamp '2013-01-01'", "Column type: DATE"),
        ("timestamp", "date '2013-01-01'", "Column type: TIMESTAMP"),
        ("timestamptz", "timestamp_ns '2013-01-01'", "Column type: TIMESTAMPTZ"),
        ("boolean", "1::int", "Column type: BOOLEAN"),
    ],
)
def test_a_type_that_does_not_fit_is_a_spectrum_error(
    session: Session, objects: FolderObjects, column: str, value: str, words: str
) -> None:
    objects.load(f"SELECT {value} AS x")
    session.run(f"CREATE TABLE t (a {column})")
    with pytest.raises(WarehouseError, match=words) as raised:
        session.run(COPY)
    assert "Spectrum Scan Error" in str(raised.value)
    assert (
        "File 'https://s3.us-east-1.amazonaws.com/data/file.parquet' has an incompatible Parquet schema for column"
        in str(raised.value)
    )


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("smallint", "1::smallint", 1),
        ("real", "1.5::float", 1.5),
        ("boolean", "true", True),
        ("timestamp", "timestamptz '2013-01-01 00:00:00+00'", "2013-01-01 00:00:00"),
        ("timestamp", "timestamp '2013-01-01'", "2013-01-01 00:00:00"),
        ("timestamptz", "timestamp_ms '2013-01-01'", "2013-01-01 00:00:00+00"),
        ("varchar(10)", "'x'::blob", "x"),
        ("char(3)", "'x'", "x  "),
        ("decimal(38, 10)", "0.1::decimal(38, 10)", "0.1000000000"),
        ("decimal(4, 1)", "0.1::decimal(4, 1)", "0.1"),
    ],
)
def test_a_type_that_fits_is_loaded(
    session: Session, objects: FolderObjects, column: str, value: str, expected: object
) -> None:
    objects.load(f"SELECT {value} AS x")
    session.run(f"CREATE TABLE t (a {column})")
    session.run(COPY)
    assert rows(session, "SELECT a FROM t") == [(expected,)]


def test_another_number_of_columns_is_refused(session: Session, objects: FolderObjects) -> None:
    objects.load("SELECT 1::int AS a, 2::int AS b")
    session.run("CREATE TABLE t (a int)")
    with pytest.raises(
        WarehouseError,
        match=r"Unmatched number of columns between table and file\. Table columns: 1, Data columns: 2, File name: https://",
    ):
        session.run(COPY)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (
            "varchar(3)",
            "The length of the data column a is longer than the length defined in the table. Table: 3, Data: 4, File name",
        ),
        ("char(4)", "Multibyte character not supported for CHAR"),
    ],
)
def test_a_text_too_long_in_bytes_is_refused(session: Session, objects: FolderObjects, column: str, words: str) -> None:
    objects.load("SELECT 'éé' AS a")
    session.run(f"CREATE TABLE t (a {column})")
    with pytest.raises(WarehouseError, match=words):
        session.run(COPY)


def test_blanks_at_the_end_count(session: Session, objects: FolderObjects) -> None:
    objects.load("SELECT 'ab ' AS a")
    session.run("CREATE TABLE t (a varchar(2))")
    with pytest.raises(WarehouseError, match="Table: 2, Data: 3"):
        session.run(COPY)


def test_a_null_for_a_not_null_column_is_refused(session: Session, objects: FolderObjects) -> None:
    objects.load("SELECT NULL::int AS a")
    session.run("CREATE TABLE t (a int NOT NULL)")
    with pytest.raises(WarehouseError, match="Cannot insert a NULL value into column a"):
        session.run(COPY)


def test_super_needs_serializetojson_and_at_most_65535_bytes(session: Session, objects: FolderObjects) -> None:
    objects.load("SELECT [1] AS a")
    session.run("CREATE TABLE t (a super)")
    with pytest.raises(WarehouseError, match="SUPER column in COPY query requires SERIALIZETOJSON option"):
        session.run(COPY)
    objects.load("SELECT [repeat('x', 65535)] AS a")
    session.connection.rollback()
    session.run("CREATE TABLE t (a super)")
    with pytest.raises(WarehouseError, match="1224 String value exceeds the max size of 65535 bytes"):
        session.run(f"{COPY} SERIALIZETOJSON")


def test_a_damaged_file_is_named(session: Session, objects: FolderObjects) -> None:
    session.run("CREATE TABLE t (a int)")
    session.commit()
    size = objects.parquet("whole.parquet", "SELECT i::int AS a FROM range(100000) t(i)")
    whole = (objects.root / "data/whole.parquet").read_bytes()
    for damaged in (
        b"not parquet at all",
        whole[: size // 2],
        whole[:1000] + bytes(size // 2) + whole[1000 + size // 2 :],
    ):
        objects.text("bad.parquet", damaged)
        objects.manifest("m.manifest", entry("bad.parquet", len(damaged)))
        with pytest.raises(WarehouseError, match="Spectrum Scan Error") as raised:
            session.run(COPY)
        assert "https://s3.us-east-1.amazonaws.com/data/bad.parquet" in str(raised.value)
        session.connection.rollback()
    assert rows(session, "SELECT count(*) FROM t") == [(0,)]


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (None, "Problem reading manifest file - S3ServiceException:The specified key does not exist.,Status 404"),
        ("{", "Parsed manifest is not a valid JSON object"),
        ({"entries": []}, "contains no entries"),
        ({"entries": [{"mandatory": True}]}, "Mandatory url is not present in manifest file."),
        ({"entries": [{"url": "s3://data/f.parquet", "mandatory": True}]}, "File entry does not have 'meta' key."),
        ({"entries": [{"url": "s3://data/f.parquet", "meta": {}}]}, "File entry does not have 'content_length' key."),
        ({"entries": [{"url": "s3://data/f.parquet", "meta": {"content_length": 10**6}}]}, "416 Message: InvalidRange"),
        (
            {"entries": [{"url": "s3://data/f.parquet", "meta": {"content_length": 10}}]},
            "has an invalid version number",
        ),
        ({"entries": [entry("missing.parquet", 10)]}, "File not found"),
    ],
)
def test_a_wrong_manifest_is_refused(session: Session, objects: FolderObjects, manifest: object, words: str) -> None:
    objects.parquet("f.parquet", "SELECT 1::int AS a")
    if manifest is not None:
        objects.text("m.manifest", manifest if isinstance(manifest, str) else json.dumps(manifest))
    session.run("CREATE TABLE t (a int)")
    with pytest.raises(WarehouseError, match=words):
        session.run(COPY)


def test_a_missing_file_that_is_not_mandatory_is_skipped_in_silence(session: Session, objects: FolderObjects) -> None:
    size = objects.parquet("f.parquet", "SELECT 1::int AS a")
    missing = entry("missing.parquet", 10)
    del missing["mandatory"]
    objects.manifest("m.manifest", missing, entry("f.parquet", size))
    session.run("CREATE TABLE t (a int)")
    session.run(COPY)
    assert rows(session, "SELECT count(*) FROM t") == [(1,)]


def test_all_files_of_a_manifest_or_of_a_prefix_are_loaded(session: Session, objects: FolderObjects) -> None:
    sizes = [objects.parquet(f"p/{n}.parquet", f"SELECT {n}::int AS a") for n in range(3)]
    objects.manifest("m.manifest", *(entry(f"p/{n}.parquet", size) for n, size in enumerate(sizes)))
    session.run("CREATE TABLE t (a int)")
    session.run(COPY)
    session.run("COPY t FROM 's3://data/p/' IAM_ROLE default PARQUET")
    assert rows(session, "SELECT a, count(*) FROM t GROUP BY a ORDER BY a") == [(0, 2), (1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (COPY.replace(ROLE, "arn:aws:iam::000000000000:role/other"), "Not authorized to get credentials of role arn:aws:iam::000000000000:role/other"),
        (f"{COPY} MAXERROR 5", "MAXERROR argument is not supported for PARQUET based COPY"),
        (f"{COPY} TRUNCATECOLUMNS", "TRUNCATECOLUMNS argument is not supported for PARQUET based COPY"),
        (f"{COPY} REGION 'eu-west-1'", "Region"),
        (f"{COPY} NONSENSE", 'syntax error at or near "nonsense"'),
        (COPY.replace("FORMAT AS PARQUET", "CSV"), "not supported by the local warehouse: COPY of CSV"),
        (COPY.replace("FORMAT AS PARQUET", ""), "not supported by the local warehouse: COPY of delimited text"),
        (COPY.replace(f"IAM_ROLE '{ROLE}'", "ACCESS_KEY_ID 'a' SECRET_ACCESS_KEY 'b'"), "use IAM_ROLE"),
        ("COPY t FROM 's3://data/nothing/' IAM_ROLE default PARQUET", "The specified S3 prefix 'nothing/' does not exist"),
        (COPY.replace("COPY t", "COPY nope"), 'relation "nope" does not exist'),
        (COPY.replace("COPY t", "COPY t (nope)"), 'column "nope" of relation "t" does not exist'),
        ("COPY t TO 's3://data/x'", "syntax error"),
    ],
)  # fmt: skip
def test_a_wrong_statement_is_refused(session: Session, objects: FolderObjects, statement: str, words: str) -> None:
    objects.load("SELECT 1::int AS a")
    session.run("CREATE TABLE t (a int)")
    with pytest.raises(WarehouseError, match=words):
        session.run(statement)
