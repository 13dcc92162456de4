"""Rows: what flat records are in a chunk, read back by DuckDB and by RFC 4180."""

import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavault import frames, rows
from datavault.contract import Contract, CsvOptions, Field
from datavault.duck import identifier, read_rows
from datavault.enrich import DISABLED_OPTIMIZERS
from datavault.rows import Layout

from .support import EVERY_TYPE, column, encoded_records, judge, make_contract, rows_of

TEXTS = make_contract((Field("n", "integer", required=True), Field("a", "string"), Field("b", "string")))
FLAT = tuple(field for field in EVERY_TYPE if rows.is_flat([field]))
# What JSON, CSV or a careless replacement could take for its own.
NASTY = st.text(st.sampled_from('\\"nrtbfu0, \n\r\t\b\f\x01\x1f[]{}:é😀null'), max_size=12)


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    file = tmp_path_factory.mktemp("rows") / "rows.zst"
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(f"SET TimeZone = 'UTC'; SET disabled_optimizers = '{DISABLED_OPTIMIZERS}'")

        def by_duckdb(contract: Contract, layout: Layout, csv: bytes) -> list[tuple[Any, ...]]:
            file.write_bytes(frames.compress(csv))
            # Times as texts: DuckDB wants another package to make Python's of them.
            names = (
                f"CAST({identifier(field.name)} AS VARCHAR)"
                if field.type in ("date", "timestamp")
                else identifier(field.name)
                for field in contract.fields
            )
            source = read_rows(str(file), layout, contract.fields, contract.max_record_bytes)
            return connection.execute(f"SELECT {', '.join(names)} FROM {source}").fetchall()

        yield by_duckdb


def encoded(contract: Contract, *records: dict[str, Any]) -> bytes:
    verdict = judge(contract, *(json.dumps(record).encode() for record in records))
    assert verdict.rejects == []
    return verdict.encoded


@settings(max_examples=300, deadline=None)
@given(texts=st.lists(st.tuples(st.none() | NASTY, st.none() | NASTY), min_size=1, max_size=8))
def test_any_text_comes_back_as_it_was_and_null_as_null(read: Any, texts: list[tuple[str | None, str | None]]) -> None:
    written = encoded(TEXTS, *({"n": n, "a": a, "b": b} for n, (a, b) in enumerate(texts)))
    assert written.count(b"\n") == len(texts)
    csv, layout = rows.to_csv(written), rows.layout(TEXTS, "ndjson")
    assert layout == Layout(("n", "a", "b"), ("null",))
    assert read(TEXTS, layout, csv) == [(n, *pair) for n, pair in enumerate(texts)]
    records = encoded_records(TEXTS, written)
    assert list(rows_of(csv.decode(), layout, TEXTS)) == records
    assert [(record.get("a"), record.get("b")) for record in records] == texts


@settings(max_examples=200, deadline=None)
@given(text=st.none() | NASTY)
def test_a_row_of_one_column_is_a_row_whatever_is_in_it(read: Any, text: str | None) -> None:
    contract = make_contract((Field("a", "string"),))
    csv = rows.to_csv(encoded(contract, {"a": text}, {"a": "x"}))
    assert read(contract, Layout(("a",)), csv) == [(text,), ("x",)]


def test_every_type_is_read_as_what_it_is(read: Any) -> None:
    contract = make_contract(FLAT)
    record = {"id": -(2**63), "small": 7, "text": "é", "ratio": 1e-7, "price": "0.10", "ok": False}
    record |= {"day": "2026-02-28", "at": "2026-03-01T10:00:00.123456+02:00"}
    row = (-(2**63), 7, "é", 1e-7, "0.10", False, "2026-02-28", "2026-03-01 08:00:00.123456+00")
    nothing = (1, *[None] * 7)
    (first, second) = read(contract, rows.layout(contract, "ndjson"), rows.to_csv(encoded(contract, record, {"id": 1})))
    assert (*first[:4], str(first[4]), *first[5:]) == row
    assert second == nothing


def test_what_an_older_contract_lacked_is_null_and_what_a_newer_one_lacks_is_left_out(read: Any) -> None:
    newer = make_contract((Field("b", "string"), Field("c", "integer"), Field("n", "integer")))
    assert read(newer, Layout(("n", "a", "b")), b'1,"x","y"\n2,null,null\n') == [("y", None, 1), (None, None, 2)]


def test_records_with_objects_or_arrays_are_no_rows() -> None:
    assert rows.layout(make_contract(EVERY_TYPE), "ndjson") is None
    assert not rows.is_flat([Field("a", "array", items=Field("", "string"))])


@pytest.mark.parametrize("null", ["0", "-1", "9999.5", "true", "false", 'N"A', "a,b", "\\N", "-"])
def test_a_missing_value_that_could_be_a_value_keeps_rows_from_passing(null: str) -> None:
    contract = make_contract(FLAT, csv=CsvOptions(null_values=("", null)))
    assert not rows.can_pass(contract)
    assert rows.layout(contract, "csv") == Layout(tuple(field.name for field in FLAT))


def test_only_rows_of_csv_have_the_missing_values_of_csv() -> None:
    contract = make_contract(FLAT, csv=CsvOptions(null_values=("", "NA")))
    names = tuple(field.name for field in FLAT)
    assert rows.layout(contract, "csv") == Layout(names, ("null", "", "NA"))
    assert rows.layout(contract, "ndjson") == rows.layout(contract, "json") == Layout(names, ("null",))
    semicolons = make_contract(FLAT, csv=CsvOptions(delimiter=";"))
    assert rows.layout(semicolons, "csv") == Layout(names)


def test_a_text_that_reads_like_a_missing_value_stays_a_text(read: Any) -> None:
    csv = rows.to_csv(encoded(TEXTS, {"n": 1, "a": "NA", "b": ""}, {"n": 2, "a": "null"}))
    assert read(TEXTS, Layout(("n", "a", "b"), ("null", "", "NA")), csv) == [(1, "NA", ""), (2, "null", None)]


def test_columns_may_have_any_name(read: Any) -> None:
    names = ("it's", "select", "a,b", "a b", "é")
    fields = tuple(Field(name, "string") for name in names)
    contract = make_contract(fields, columns=tuple(map(column, fields)))
    csv = rows.to_csv(encoded(contract, dict.fromkeys(names, "x")))
    assert read(contract, rows.layout(contract, "ndjson"), csv) == [("x",) * 5]
