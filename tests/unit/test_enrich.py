"""Enrichment: a chunk becomes one Parquet file, the same bytes each time, or a clear error without values."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from datavault import frames
from datavault.chunk import Chunk, open_chunk, seal
from datavault.contract import Column, Contract, Contracts, Field, UnknownDatasetError
from datavault.duck import LINEAGE
from datavault.enrich import Enricher, Enrichers, EnrichmentError
from datavault.masking import MaskingKeys, token
from datavault.records import Runs
from datavault.warehouse_sql import LINEAGE_TYPES, load

from .support import EVERY_TYPE, column, make_contract, process, raw_object

KEYS = MaskingKeys({"k1": "secret"})
RECORD = {
    "id": 1,
    "small": -32768,
    "text": "é\u2028'\"",
    "ratio": 0.1,
    "price": "1234567890.12",
    "ok": False,
    "day": "0001-01-01",
    "at": "2026-01-01T00:00:00.123456+05:30",
    "place": {"city": "x", "height": "-12345.6"},
    "tags": ["a", ""],
    "lines": [{"amount": "123456.789"}, {}],
}
Enrich = Callable[..., list[dict[str, Any]]]


def chunk_of(*records: Any, runs: Runs | None = None) -> bytes:
    encoded = b"".join(json.dumps(record).encode() + b"\n" for record in records)
    (chunk,) = seal(raw_object(), "1.2.3", encoded, runs or [(1, len(records))])
    assert isinstance(chunk, Chunk)
    return chunk.data


@pytest.fixture
def enricher(tmp_path: Path) -> Callable[[Contract], Enricher]:
    def make(contract: Contract, references: Path | None = None) -> Enricher:
        return Enricher(contract, references or tmp_path / "none", tmp_path)

    return make


@pytest.fixture
def rows(tmp_path: Path, enricher: Callable[[Contract], Enricher]) -> Enrich:
    """The rows of the Parquet file of some records."""

    def run(contract: Contract, *records: Any, runs: Runs | None = None) -> list[dict[str, Any]]:
        return parquet_rows(enricher(contract).enrich(chunk_of(*records, runs=runs), KEYS).data, tmp_path)

    return run


FLAT = (Field("id", "integer", required=True), Field("text", "string"), Field("ratio", "number"))


def enriched(enricher: Any, contract: Contract, tmp_path: Path, data: bytes, key: str) -> list[dict[str, Any]]:
    """The rows of the Parquet file of an object with one chunk."""
    (chunk,) = process(data, contract, key).chunks
    return parquet_rows(enricher(contract).enrich(chunk.data, KEYS).data, tmp_path)


def parquet_rows(data: bytes, folder: Path) -> list[dict[str, Any]]:
    path = folder / "read.parquet"
    path.write_bytes(data)
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT * REPLACE (_received_at::VARCHAR AS _received_at) FROM '{path}'")
        names = [description[0] for description in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def describe(data: bytes, folder: Path, function: str, columns: str) -> list[tuple[Any, ...]]:
    path = folder / "read.parquet"
    path.write_bytes(data)
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT {columns} FROM {function}('{path}')").fetchall()


# Rows


def test_every_type_arrives_exactly(rows: Enrich) -> None:
    contract = make_contract(
        enrich_sql='SELECT * REPLACE (epoch_us("at") AS "at", price::VARCHAR AS price, place::VARCHAR AS place, '
        "lines::VARCHAR AS lines) FROM records",
        columns=tuple(
            Column(Field(field.name, "integer" if field.name == "at" else "string"), "super")
            if field.name in ("at", "price", "place", "lines")
            else column(field)
            for field in EVERY_TYPE
        ),
    )
    (row,) = rows(contract, RECORD)
    moment = datetime.fromisoformat(str(RECORD["at"]))
    assert row["at"] == (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000
    assert row["price"] == "1234567890.12"
    assert row["place"] == "{'city': x, 'height': -12345.6}"
    assert row["lines"] == "[{'amount': 123456.789}, {'amount': NULL}]"
    assert (row["small"], row["text"], row["ratio"], row["ok"], row["tags"]) == (
        -32768,
        RECORD["text"],
        0.1,
        False,
        ["a", ""],
    )
    assert row["day"].isoformat() == "0001-01-01"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("1E+2", "100.00"),
        ("0E-999", "0.00"),
        ("9999999999.99", "9999999999.99"),
        ("0.07", "0.07"),
        ("1.5000000000000", "1.50"),
        ("1.5e-1", "0.15"),
    ],
)
def test_every_way_to_write_a_decimal_arrives_exactly(rows: Enrich, given: str, wanted: str) -> None:
    result = process(b'{"id": 1, "price": %s}' % given.encode())
    ((_, record),) = result.records
    (row,) = rows(make_contract(), record)
    assert str(row["price"]) == wanted


def test_absent_and_null_values_are_null(rows: Enrich) -> None:
    (row,) = rows(make_contract(), {"id": 1, "text": None})
    assert {name for name, value in row.items() if value is None} == {field.name for field in EVERY_TYPE} - {"id"}


def test_each_row_says_where_it_came_from(rows: Enrich) -> None:
    raw = raw_object()
    found = rows(make_contract(), {"id": 1}, {"id": 2}, runs=[(41, 2)])
    assert [{name: row[name] for name in LINEAGE} for row in found] == [
        {
            "_object_id": raw.id,
            "_line": line,
            "_chunk_id": f"{raw.id}-000000000041",
            "_source": "s3://raw/books/day.ndjson",
            "_received_at": "2026-03-14 15:09:26.535+00",
        }
        for line in (41, 42)
    ]


def test_lines_with_gaps_keep_their_numbers(rows: Enrich) -> None:
    runs = [(2, 1), (5, 3), (9, 1), (100, 2)]
    found = rows(make_contract(), *({"id": n} for n in range(7)), runs=runs)
    assert [(row["_line"], row["id"]) for row in found] == [(2, 0), (5, 1), (6, 2), (7, 3), (9, 4), (100, 5), (101, 6)]


def test_every_second_line_bad_is_no_burden(rows: Enrich) -> None:
    lines = list(range(1, 20_001, 2))
    found = rows(make_contract(), *({"id": n} for n in lines), runs=[(n, 1) for n in lines])
    assert [(row["_line"], row["id"]) for row in found] == [(n, n) for n in lines]


@pytest.mark.parametrize("runs", [[(1, 4)], [(1, 1), (3, 1)], [(1, 2), (5, 2)]])
def test_a_chunk_with_more_or_fewer_records_than_lines_is_refused(enricher: Any, runs: Runs) -> None:
    chunk = chunk_of({}, {}, {}, runs=runs)
    with pytest.raises(EnrichmentError, match="records became"):
        enricher(make_contract((Field("text", "string"),))).enrich(chunk, KEYS)


def test_masked_columns_hold_the_token_and_null_where_there_is_none(rows: Enrich) -> None:
    fields = (Field("id", "integer"), Field("text", "string"), Field("mail", "string"))
    columns = tuple(column(field, mask=field.type == "string") for field in fields)
    found = rows(
        make_contract(fields, columns=columns),
        {"id": 1, "text": "é", "mail": "x"},
        {"id": 2, "text": "é"},
        {"id": 3, "text": ""},
    )
    masked = token(KEYS, "k1", "é")
    assert [(row["text"], row["mail"]) for row in found] == [
        (masked, token(KEYS, "k1", "x")),
        (masked, None),
        (token(KEYS, "k1", ""), None),
    ]


def test_reference_tables_are_joined_and_records_without_a_match_stay(tmp_path: Path, enricher: Any) -> None:
    references = tmp_path / "reference"
    references.mkdir()
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 1 AS id, 'one' AS name) TO '{references}/names.parquet'")
    fields = (Field("id", "integer", required=True),)
    contract = make_contract(
        fields,
        columns=(column(fields[0]), column(Field("name", "string"))),
        enrich_sql="SELECT records.*, names.name FROM records LEFT JOIN names USING (id)",
    )
    data = enricher(contract, references).enrich(chunk_of({"id": 1}, {"id": 2}), KEYS).data
    assert [(row["id"], row["name"]) for row in parquet_rows(data, tmp_path)] == [(1, "one"), (2, None)]


def test_rows_come_in_the_order_of_lines_whatever_the_sql_does(rows: Enrich) -> None:
    contract = make_contract(enrich_sql="SELECT * FROM records ORDER BY id DESC")
    assert [row["id"] for row in rows(contract, *({"id": n} for n in range(50)))] == list(range(50))


# The file


def test_the_same_chunk_gives_the_same_bytes_in_every_process(enricher: Any) -> None:
    contract = make_contract()
    chunk = chunk_of(*(RECORD | {"id": n, "text": "x" * n} for n in range(300)))
    first = enricher(contract)
    assert (
        first.enrich(chunk, KEYS).data == first.enrich(chunk, KEYS).data == enricher(contract).enrich(chunk, KEYS).data
    )


def test_timestamps_are_utc_microseconds(tmp_path: Path, enricher: Any) -> None:
    data = enricher(make_contract()).enrich(chunk_of(RECORD), KEYS).data
    kinds = {
        name: kind
        for name, kind in describe(data, tmp_path, "parquet_schema", "name, logical_type")
        if name in ("at", "_received_at")
    }
    for kind in kinds.values():
        assert "isAdjustedToUTC=1" in kind
        assert "MICROS=MicroSeconds()" in kind
        assert "MILLIS=<null>" in kind
    assert len(kinds) == 2
    converted = dict(describe(data, tmp_path, "parquet_schema", "name, converted_type"))
    assert (converted["at"], converted["_received_at"]) == ("TIMESTAMP_MICROS", "TIMESTAMP_MICROS")


def test_the_columns_of_the_file_are_those_of_the_stage_in_its_order(tmp_path: Path, enricher: Any) -> None:
    contract = make_contract(
        enrich_sql="SELECT COLUMNS(lambda c: c LIKE '%a%'), COLUMNS(lambda c: c NOT LIKE '%a%') FROM records"
    )
    parquet = enricher(contract).enrich(chunk_of(RECORD), KEYS)
    in_file = [name for (name,) in describe(parquet.data, tmp_path, "parquet_schema", "name")]
    stage = load(contract, parquet.columns, "s3://m", "arn")[1]
    in_stage = [part.split(" ")[0].strip('"') for part in stage.removeprefix("CREATE TEMP TABLE stage (").split(", ")]
    columns = [*(column.name for column in contract.columns), *LINEAGE]
    assert [name for name in in_file if name in columns] == in_stage == columns
    assert list(LINEAGE) == list(LINEAGE_TYPES)
    assert parquet.columns == len(contract.columns)


def test_the_file_holds_as_many_rows_as_the_chunk_records(tmp_path: Path, enricher: Any) -> None:
    parquet = enricher(make_contract()).enrich(chunk_of(*({"id": n} for n in range(1234))), KEYS)
    assert describe(parquet.data, tmp_path, "parquet_file_metadata", "num_rows") == [(1234,)]
    assert parquet.header.records == 1234


# Refusals


def refusal(enricher: Any, contract: Contract, *records: Any) -> str:
    with pytest.raises(EnrichmentError) as caught:
        enricher(contract).enrich(chunk_of(*records or ({"id": 1, "text": "s3cr3t"}, {"id": 2})), KEYS)
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM records WHERE id > 1",
        "SELECT * FROM records UNION ALL FROM records",
        "SELECT * REPLACE (1::BIGINT AS _line) FROM records",
        "SELECT * REPLACE (nullif(_line, 2) AS _line) FROM records",
        "SELECT * FROM records LIMIT 0",
    ],
)
def test_sql_that_drops_or_doubles_records_is_refused(enricher: Any, sql: str) -> None:
    message = refusal(enricher, make_contract(enrich_sql=sql))
    assert message.startswith("books: 2 records became")
    assert "enrich.sql must keep each `_line` once" in message


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT * REPLACE (text AS id) FROM records", "ConversionException"),
        ("SELECT * REPLACE ((id * 100000)::VARCHAR AS small) FROM records", "ConversionException"),
        ("SELECT id FROM records", "BinderException"),
        ("SELECT * EXCLUDE (text) FROM records", "BinderException"),
        ("SELECT * FROM nowhere", "CatalogException"),
        ("SELECT error(text) FROM records", "BinderException"),
        ("SELECT * REPLACE (error('s3cr3t') AS text) FROM records", "InvalidInputException"),
        ("nonsense", "ParserException"),
        ("SELECT * FROM records; SELECT 1", "ParserException"),
    ],
)
def test_sql_that_fails_or_breaks_a_type_is_refused_by_the_kind_of_error_alone(
    enricher: Any, sql: str, kind: str
) -> None:
    assert refusal(enricher, make_contract(enrich_sql=sql)) == f"enrich.sql of books: {kind}"


def test_values_that_the_warehouse_cannot_hold_are_refused_by_column_and_count(enricher: Any) -> None:
    fields = (Field("id", "integer", required=True), Field("text", "string"))
    columns = (column(Field("id", "integer", required=True)), column(fields[1], warehouse_type="varchar(4)"))
    sql = "SELECT nullif(id, 1) AS id, text, _line FROM records"
    message = refusal(
        enricher,
        make_contract(fields, columns=columns, enrich_sql=sql),
        {"id": 1, "text": "éé"},
        {"id": 2, "text": "ééa"},
    )
    assert message == "books: 1 values of column id are null; 1 values of column text are longer than varchar(4)"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * REPLACE ((SELECT content FROM read_text('/etc/passwd')) AS text) FROM records",
        "SELECT records.* FROM records, read_csv('/etc/passwd')",
        "SELECT records.* FROM records, glob('/etc/*')",
    ],
)
def test_sql_reads_no_file_outside_its_folder(enricher: Any, sql: str) -> None:
    assert refusal(enricher, make_contract(enrich_sql=sql)) == "enrich.sql of books: PermissionException"


def test_the_lock_on_files_cannot_be_opened(enricher: Any) -> None:
    made = enricher(make_contract())
    for statement in (
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "RESET lock_configuration",
        "INSTALL httpfs",
        "ATTACH '/etc/x.db'",
    ):
        with pytest.raises(duckdb.Error):
            made._connection.execute(statement)


def test_a_failed_chunk_leaves_nothing_behind(tmp_path: Path, enricher: Any) -> None:
    made = enricher(
        make_contract(
            enrich_sql="SELECT * REPLACE (CASE WHEN id = 1 THEN error('x') ELSE text END AS text) FROM records"
        )
    )
    for _ in range(2):
        with pytest.raises(EnrichmentError):
            made.enrich(chunk_of({"id": 1}), KEYS)
    assert len(parquet_rows(made.enrich(chunk_of({"id": 2}), KEYS).data, tmp_path)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["read.parquet"]


def test_the_last_line_of_the_sql_may_be_a_comment(rows: Enrich) -> None:
    assert len(rows(make_contract(enrich_sql="SELECT * FROM records -- all of them"), {"id": 1})) == 1


def test_bytes_that_are_no_chunk_are_refused(enricher: Any) -> None:
    with pytest.raises(frames.FrameError):
        enricher(make_contract()).enrich(b"not a chunk", KEYS)
    with pytest.raises(EnrichmentError):
        enricher(make_contract()).enrich(chunk_of({"id": 1})[:-20], KEYS)


def test_a_record_as_long_as_the_contract_allows_is_read(rows: Enrich) -> None:
    contract = make_contract(
        (Field("text", "string"),),
        columns=(column(Field("text", "string"), warehouse_type="super"),),
        max_record_bytes=20_000_000,
    )
    assert len(rows(contract, {"text": "x" * 17_000_000})[0]["text"]) == 17_000_000


def test_an_enricher_is_made_once_for_each_dataset(tmp_path: Path) -> None:
    folder = tmp_path / "contracts"
    folder.mkdir()
    (folder / "books.json").write_bytes(msgspec.json.encode(make_contract()))
    enrichers = Enrichers(Contracts(folder), lambda: KEYS, tmp_path)
    assert enrichers.enrich(chunk_of({"id": 1})).data == enrichers.enrich(chunk_of({"id": 1})).data
    assert len(enrichers._made) == 1
    (chunk,) = seal(raw_object("other/a.ndjson"), "1.0.0", b"{}\n", [(1, 1)])
    assert isinstance(chunk, Chunk)
    with pytest.raises(UnknownDatasetError, match="other"):
        enrichers.enrich(chunk.data)


# Rows of CSV


def test_a_value_is_masked_by_what_it_is_and_not_by_how_it_was_written(enricher: Any, tmp_path: Path) -> None:
    contract = make_contract(
        FLAT, columns=(column(FLAT[0]), column(FLAT[1]), column(Field("ratio", "string"), mask=True))
    )
    by_csv = enriched(enricher, contract, tmp_path, b"id,text,ratio\n1,a,1.50\n2,b,1e0\n", "books/a.csv")
    by_json = enriched(enricher, contract, tmp_path, b'{"id":1,"ratio":1.5}\n{"id":2,"ratio":1}\n', "books/a.ndjson")
    assert [row["ratio"] for row in by_csv] == [row["ratio"] for row in by_json]


def test_the_sql_of_a_dataset_sees_values_and_not_how_they_were_written(enricher: Any, tmp_path: Path) -> None:
    sql = "SELECT id, ratio::VARCHAR AS text, NULL::DOUBLE AS ratio, _line FROM records"
    contract = make_contract(FLAT, enrich_sql=sql)
    (row,) = enriched(enricher, contract, tmp_path, b"id,text,ratio\n1,a,1.50\n", "books/a.csv")
    assert row["text"] == "1.5"


def test_a_chunk_of_version_1_is_still_enriched(enricher: Any, tmp_path: Path) -> None:
    contract = make_contract(FLAT)
    header, body = open_chunk(chunk_of({"id": 7, "text": "null", "ratio": 0.5}))
    old = msgspec.structs.replace(header, type="datavault.chunk.v1")
    chunk = frames.compress(msgspec.json.encode(old)) + body
    (row,) = parquet_rows(enricher(contract).enrich(chunk, KEYS).data, tmp_path)
    assert (row["id"], row["text"], row["ratio"]) == (7, "null", 0.5)


def test_rows_that_are_no_rows_of_the_contract_are_refused(enricher: Any) -> None:
    contract = make_contract(FLAT)
    (chunk,) = process(b"id,text,ratio\n1,a,1.50\n", contract, "books/a.csv").chunks
    for body in (b"1,a\n", b"1,a,b,c\n", b"one,a,1.5\n", b"1,a,1.5\n1,a,1.5\n", b'1,"a,1.5\n', b""):
        forged = frames.compress(msgspec.json.encode(chunk.header) + b"\n") + frames.compress(body)
        with pytest.raises(EnrichmentError):
            enricher(contract).enrich(forged, KEYS)
