"""The reading side: what the buckets and the warehouse hold, as the audit wants it."""

from typing import Any

import duckdb
import pytest

from datavault import inventory
from datavault.edges import warehouse as warehouse_edge
from datavault.edges.warehouse import Warehouse
from datavault.identity import failed_chunk_key, failed_load_key

from .fakes import DataApi
from .support import process


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> DataApi:
    fake = DataApi()
    monkeypatch.setattr(warehouse_edge, "client", lambda service: {"redshift-data": fake}[service])
    return fake


def parquet(tmp_path: Any, sql: str) -> bytes:
    path = tmp_path / "file.parquet"
    duckdb.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")
    return bytes(path.read_bytes())


def test_every_version_counts_and_delete_markers_do_not(s3: Any) -> None:
    for _ in range(2):
        s3.put_object(Bucket="raw", Key="books/a b+ü.csv", Body=b"x")
    s3.delete_object(Bucket="raw", Key="books/a b+ü.csv")

    found = inventory.raw_versions("raw")

    assert [entry.key for entry in found] == ["books/a b+ü.csv"] * 2
    assert len({entry.object_id for entry in found}) == 2
    assert {entry.dataset for entry in found} == {"books"}


def test_receipts_are_read_back(s3: Any) -> None:
    receipt = process(b'{"id":1}\n').receipt
    s3.put_object(Bucket="processed", Key="receipts/books/dt=2026-03-14/a.json", Body=receipt.encode())

    assert inventory.receipts("processed") == [receipt]


def test_what_was_set_aside_is_found_by_chunk(s3: Any) -> None:
    chunk, load = failed_chunk_key("books", "2026-03-14", "a-0"), failed_load_key("flights", "2026-03-14", "b-0")
    for key in (chunk, load, "failed-chunks/booksellers/dt=2026-03-14/c-0.zst", "quarantine/books/x.gz"):
        s3.put_object(Bucket="quarantine", Key=key, Body=b"x")

    assert inventory.set_aside("quarantine", "books") == {"a-0": chunk}
    assert inventory.set_aside("quarantine").keys() == {"a-0", "b-0", "c-0"}


def test_rows_are_counted_from_the_footer_alone(s3: Any, tmp_path: Any) -> None:
    bodies = {
        "small": parquet(tmp_path, "SELECT 1 AS a"),
        # Far more columns than the first guess of the footer's size holds.
        "wide": parquet(tmp_path, f"SELECT {', '.join(f'{n} AS a_rather_long_name_{n}' for n in range(3_000))}"),
        "long": parquet(tmp_path, "SELECT range AS a FROM range(500_000)"),
    }
    for name, body in bodies.items():
        s3.put_object(Bucket="processed", Key=f"data/books/dt=2026-03-14/{name}.parquet", Body=body)

    found = inventory.parquet_rows("processed")

    assert {entry.chunk_id: entry.rows for entry in found} == {"small": 1, "wide": 1, "long": 500_000}


def test_an_object_that_is_no_parquet_has_no_rows_and_hides_no_other(s3: Any, tmp_path: Any) -> None:
    good = parquet(tmp_path, "SELECT 1 AS a")
    for name, body in {"good": good, "cut": good[:-40], "garbage": b"garbage" * 100, "tiny": b"x"}.items():
        s3.put_object(Bucket="processed", Key=f"data/books/dt=2026-03-14/{name}.parquet", Body=body)

    found = inventory.parquet_rows("processed")

    assert {entry.chunk_id: entry.rows for entry in found} == {"good": 1, "cut": 0, "garbage": 0, "tiny": 0}


def test_an_empty_bucket_has_no_rows(s3: Any) -> None:
    assert inventory.parquet_rows("processed") == []


def test_the_ledger_and_the_tables_are_read_through_the_data_api(api: DataApi) -> None:
    api.results = {"id1": [[["c1", "books", 5, 2]], [["c2", "books", 7, 0]]], "id2": [[["c1", 3]]]}
    warehouse = Warehouse("group", "db")

    assert [(row.chunk_id, row.rows, row.superseded) for row in inventory.ledger(warehouse)] == [
        ("c1", 5, 2),
        ("c2", 7, 0),
    ]
    assert [(row.chunk_id, row.rows) for row in inventory.warehouse_rows(warehouse, "books")] == [("c1", 3)]
    assert '"books"' in api.started[1][0]
