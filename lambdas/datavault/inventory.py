"""What is in the buckets and in the warehouse: the reading side of audit, status and quarantine."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb

from .audit import LedgerRow, ParquetRows, RawVersion, WarehouseRows
from .duck import literal
from .edges.clients import client
from .edges.warehouse import Warehouse, deadline
from .identity import RawObject
from .receipt import Receipt
from .receipt import decode as decode_receipt
from .warehouse_sql import LEDGER, SCHEMA, quoted

_AT_ONCE = 16
# A Parquet file ends with its footer, the footer's length (4 bytes) and "PAR1".
_FOOTER_GUESS_BYTES = 64 * 1024
_QUERY_SECONDS = 300.0


def keys(bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    """Every object under a prefix, as ListObjectsV2 describes it."""
    for page in client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", [])


def read(bucket: str, key: str) -> bytes:
    body: bytes = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def raw_versions(bucket: str, prefix: str = "") -> list[RawVersion]:
    """Every version of every raw object, delete markers left out."""
    found = []
    for page in client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Versions", []):
            raw = RawObject(bucket, item["Key"], item["VersionId"], item["LastModified"], item["Size"])
            found.append(RawVersion(raw.id, raw.key, raw.version_id, raw.dataset, raw.last_modified))
    return found


def receipts(bucket: str, prefix: str = "receipts/") -> list[Receipt]:
    names = [item["Key"] for item in keys(bucket, prefix)]
    client("s3")  # made here: boto3's session is not safe to make clients from threads
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [decode_receipt(body) for body in pool.map(lambda key: read(bucket, key), names)]


def parquet_rows(bucket: str, prefix: str = "data/") -> list[ParquetRows]:
    """The number of rows in each Parquet object, read from its footer: a few KiB, whatever its size."""
    found = list(keys(bucket, prefix))
    if not found:
        return []
    client("s3")
    with tempfile.TemporaryDirectory(prefix="datavault-footers-") as folder, ThreadPoolExecutor(_AT_ONCE) as pool:
        paths = list(pool.map(lambda item: _footer(bucket, item, Path(folder)), found))
        with duckdb.connect() as connection:
            files = literal(str(Path(folder) / "*.parquet"))
            rows = connection.execute(
                f"SELECT file_name, num_rows FROM parquet_file_metadata({files})"  # noqa: S608  a literal
            ).fetchall()
        counts = {Path(name).stem: int(count) for name, count in rows}
        return [ParquetRows(path.stem, item["Key"], counts[path.stem]) for path, item in zip(paths, found, strict=True)]


def _footer(bucket: str, item: dict[str, Any], folder: Path) -> Path:
    """A sparse file of the object's size with only its footer in it, which is all that its metadata needs."""
    size, path = item["Size"], folder / PurePosixPath(item["Key"]).name
    tail = _tail(bucket, item["Key"], size, min(size, _FOOTER_GUESS_BYTES))
    needed = int.from_bytes(tail[-8:-4], "little") + 8
    if needed > len(tail):
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
    _, rows = warehouse.query(
        f"SELECT chunk_id, dataset, row_count, superseded FROM {LEDGER}",  # noqa: S608  ours
        deadline(_QUERY_SECONDS),
    )
    return [
        LedgerRow(str(chunk), str(dataset), int(count or 0), int(gone or 0)) for chunk, dataset, count, gone in rows
    ]


def warehouse_rows(warehouse: Warehouse, dataset: str) -> list[WarehouseRows]:
    """The number of rows of each chunk in the dataset's table."""
    _, rows = warehouse.query(
        f"SELECT _chunk_id, count(*) FROM {SCHEMA}.{quoted(dataset)} GROUP BY _chunk_id",  # noqa: S608  quoted
        deadline(_QUERY_SECONDS),
    )
    return [WarehouseRows(str(chunk), int(count or 0)) for chunk, count in rows]
