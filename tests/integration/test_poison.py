"""One bad chunk or one bad file holds up nothing else, and waits in a place with its reason."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from datavault.cli.context import Context
from datavault.cli.progress import Loaded
from datavault.edges.clients import client
from datavault.identity import chunk_id, failed_load_key, parquet_key

from .conftest import s3_event, sqs_event, until
from .test_books import CSV

DATE = "2026-03-14"
Invoke = Callable[[str, dict[str, Any]], Any]


def failed(run: Context, prefix: str) -> list[str]:
    found = client("s3").list_objects_v2(Bucket=run.stack.quarantine_bucket, Prefix=prefix)
    return [item["Key"] for item in found.get("Contents", [])]


def delete(run: Context, *keys: str) -> None:
    for key in keys:
        client("s3").delete_object(Bucket=run.stack.quarantine_bucket, Key=key)


def test_what_is_no_chunk_is_set_aside_whole_and_the_stream_goes_on(
    run: Context, load: Callable[[str, bytes], Loaded]
) -> None:
    client("kinesis").put_record(StreamName=run.stack.stream_name, PartitionKey="poison", Data=b"no chunk at all")

    loaded = load("flights/behind-the-poison.csv", CSV)

    assert loaded.rows == 100
    until(lambda: bool(failed(run, "failed-chunks/_unknown/")))
    (key,) = failed(run, "failed-chunks/_unknown/")
    found = client("s3").get_object(Bucket=run.stack.quarantine_bucket, Key=key)
    assert found["Body"].read() == b"no chunk at all"
    assert found["Metadata"] == {"error": "no zstd frame at the start", "partition-key": "poison"}
    delete(run, key)


@pytest.mark.parametrize("damage", ["garbage", "another schema"])
def test_a_parquet_object_that_redshift_refuses_is_set_aside_in_its_words_and_the_rest_loads(
    run: Context,
    load: Callable[[str, bytes], Loaded],
    invoke: Invoke,
    warehouse: psycopg.Connection[tuple[Any, ...]],
    damage: str,
) -> None:
    loaded = load(f"flights/beside the poison, {damage}.csv", CSV)
    s3, bucket = client("s3"), run.stack.processed_bucket
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="data/flights/")["Contents"]
    (good,) = [item["Key"] for item in listed if loaded.object_id in item["Key"]]
    columns = s3.head_object(Bucket=bucket, Key=good)["Metadata"]["columns"]
    object_id = damage.encode().hex()[:8].ljust(32, "0")
    names = [parquet_key("flights", DATE, chunk_id(object_id, line)) for line in (1, 1001, 2001)]
    original = s3.get_object(Bucket=bucket, Key=good)["Body"].read()
    bodies = [as_chunk(original, object_id, 1), broken(damage), as_chunk(original, object_id, 2001)]
    for key, body in zip(names, bodies, strict=True):
        s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata={"columns": columns}, IfNoneMatch="*")
    note = failed_load_key("flights", DATE, chunk_id(object_id, 1001))
    try:
        # The mapping is faster than this call, or not: one of the two loads, and the other finds it done.
        answer = invoke("loader", sqs_event(*(s3_event(bucket, key) for key in names)))

        assert answer == {"batchItemFailures": []}
        found = warehouse.execute(
            "SELECT _chunk_id, count(*) FROM public.flights WHERE _object_id = %s GROUP BY 1 ORDER BY 1", [object_id]
        ).fetchall()
        assert found == [(chunk_id(object_id, 1), 100), (chunk_id(object_id, 2001), 100)]
        told = json.loads(s3.get_object(Bucket=run.stack.quarantine_bucket, Key=note)["Body"].read())
        assert (told["key"], told["chunk_id"], told["size"]) == (names[1], chunk_id(object_id, 1001), len(bodies[1]))
        assert "ERROR: Spectrum Scan Error" in told["error"]
    finally:
        delete(run, note)
        for key in names:
            s3.delete_object(Bucket=bucket, Key=key)
        warehouse.execute("DELETE FROM public.flights WHERE _object_id = %s", [object_id])
        warehouse.execute("DELETE FROM datavault.ledger WHERE object_id = %s", [object_id])


def as_chunk(parquet: bytes, object_id: str, first_line: int) -> bytes:
    """The rows of a Parquet object as those of another chunk."""
    change = f"'{object_id}' AS _object_id, '{chunk_id(object_id, first_line)}' AS _chunk_id"
    return rewritten(parquet, f"SELECT * REPLACE ({change}, _line + {first_line} AS _line) FROM '{{source}}'")


def broken(damage: str) -> bytes:
    if damage == "garbage":
        return b"PAR1 this is no Parquet PAR1"
    return rewritten(b"", "SELECT 'one column' AS only")


def rewritten(parquet: bytes, query: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "a.parquet", Path(folder) / "b.parquet"
        source.write_bytes(parquet)
        duckdb.execute(f"COPY ({query.format(source=source)}) TO '{target}' (FORMAT parquet)")
        return target.read_bytes()
