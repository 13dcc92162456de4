"""What is in the buckets and in the warehouse: the reading side of audit, status and quarantine."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb

from .audit import LedgerRow, ParquetRows, RawVersion, Replay, WarehouseRows
from .duck import literal
from .edges import listing
from .edges.clients import client
from .edges.ledger import ledger as read_ledger
from .edges.warehouse import Warehouse, deadline
from .receipt import Receipt
from .receipt import decode as decode_receipt
from .replay import decode as decode_plan
from .warehouse_sql import SCHEMA, quoted

_AT_ONCE = 16
# A Parquet file ends with its footer, the footer's length (4 bytes) and "PAR1".
_FOOTER_GUESS_BYTES = 64 * 1024
_QUERY_SECONDS = 300.0

keys = listing.keys


def read(bucket: str, key: str) -> bytes:
    body: bytes = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def raw_versions(bucket: str, prefix: str = "") -> list[RawVersion]:
    """Every version of every raw object, delete markers left out."""
    return [
        RawVersion(raw.id, raw.key, raw.version_id, raw.dataset, raw.last_modified)
        for raw in listing.raw_objects(bucket, prefix)
    ]


def receipts(bucket: str, prefix: str = "receipts/") -> list[Receipt]:
    names = [item["Key"] for item in keys(bucket, prefix)]
    client("s3")  # made here: botocore's session is not safe to make clients from threads
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [decode_receipt(body) for body in pool.map(lambda key: read(bucket, key), names)]


def replays(bucket: str, prefix: str = "replays/") -> list[Replay]:
    """The replay plans in the quarantine bucket."""
    names = [item["Key"] for item in keys(bucket, prefix)]
    client("s3")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        plans = [decode_plan(body) for body in pool.map(lambda key: read(bucket, key), names)]
    return [Replay(plan.object_id, plan.raw_key, plan.lines, plan.whole) for plan in plans]


def set_aside(bucket: str, dataset: str = "") -> dict[str, str]:
    """The key of each chunk that could not be enriched or loaded, by chunk id, in the quarantine bucket."""
    folders = (f"{place}/{dataset}/" if dataset else f"{place}/" for place in ("failed-chunks", "failed-loads"))
    return {PurePosixPath(item["Key"]).stem: item["Key"] for folder in folders for item in keys(bucket, folder)}


def parquet_rows(bucket: str, prefix: str = "data/") -> list[ParquetRows]:
    """The number of rows in each Parquet object, read from its footer: a few KiB, whatever its size.

    An object that is no Parquet has none: it must not keep the audit from telling of it and of the others.
    """
    found = list(keys(bucket, prefix))
    if not found:
        return []
    client("s3")
    with tempfile.TemporaryDirectory(prefix="datavault-footers-") as folder, ThreadPoolExecutor(_AT_ONCE) as pool:
        paths = list(pool.map(lambda item: _footer(bucket, item, Path(folder)), found))
        with duckdb.connect() as connection:
            try:
                counts = _counts(connection, Path(folder) / "*.parquet")
            except duckdb.Error:  # one spoilt file fails them all: which one?
                counts = {}
                for path in paths:
                    with suppress(duckdb.Error):
                        counts |= _counts(connection, path)
        return [
            ParquetRows(path.stem, item["Key"], counts.get(path.stem, 0))
            for path, item in zip(paths, found, strict=True)
        ]


def _counts(connection: duckdb.DuckDBPyConnection, files: Path) -> dict[str, int]:
    """The number of rows of each file by its name without suffix."""
    rows = connection.execute(
        f"SELECT file_name, num_rows FROM parquet_file_metadata({literal(str(files))})"  # noqa: S608  a literal
    ).fetchall()
    return {Path(name).stem: int(count) for name, count in rows}


def _footer(bucket: str, item: dict[str, Any], folder: Path) -> Path:
    """A sparse file of the object's size with only its footer in it, which is all that its metadata needs."""
    size, path = item["Size"], folder / PurePosixPath(item["Key"]).name
    tail = _tail(bucket, item["Key"], size, min(size, _FOOTER_GUESS_BYTES))
    needed = int.from_bytes(tail[-8:-4], "little") + 8
    if len(tail) < needed <= size:
        tail = _tail(bucket, item["Key"], size, needed)
    with path.open("wb") as file:
        file.write(b"PAR1")
        file.seek(size - len(tail))
        file.write(tail)
    return path


def _tail(bucket: str, key: str, size: int, count: int) -> bytes:
    answer = client("s3").get_object(Bucket=bucket, Key=key, Range=f"bytes={size - count}-{size - 1}")
    body: bytes = answer["Body"].read()
    return body


def ledger(warehouse: Warehouse) -> list[LedgerRow]:
    return read_ledger(warehouse, deadline(_QUERY_SECONDS))


def warehouse_rows(warehouse: Warehouse, dataset: str) -> list[WarehouseRows]:
    """The number of rows of each chunk in the dataset's table."""
    _, rows = warehouse.query(
        f"SELECT _chunk_id, count(*) FROM {SCHEMA}.{quoted(dataset)} GROUP BY _chunk_id",  # noqa: S608  quoted
        deadline(_QUERY_SECONDS),
    )
    return [WarehouseRows(str(chunk), int(count or 0)) for chunk, count in rows]
