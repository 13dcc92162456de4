"""The invariants, tried on the deployed pipeline: nothing twice, nothing lost unseen."""

import json
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from datavault.cli.context import Context
from datavault.cli.progress import Loaded
from datavault.cli.rollout import ALIAS
from datavault.edges.clients import client
from datavault.identity import RawObject, chunk_id, parquet_key

from .conftest import s3_event, sqs_event, until

Command = Callable[..., subprocess.CompletedProcess[str]]
ROW = "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z"
HEADER = (
    "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,flight,tailnum,"
    "origin,dest,air_time,distance,hour,minute,time_hour"
)
CSV = "\n".join([HEADER, *[ROW] * 100]).encode()


def rows_of(warehouse: psycopg.Connection[tuple[Any, ...]], object_id: str) -> int:
    found = warehouse.execute("SELECT count(*) FROM public.flights WHERE _object_id = %s", [object_id]).fetchone()
    assert found
    return int(found[0])


@pytest.fixture(scope="module")
def loaded(load: Callable[[str, bytes], Loaded]) -> Loaded:
    return load("flights/books.csv", CSV)


def enriched_twice(run: Context, object_id: str) -> bool:
    group = f"/aws/lambda/{run.stack.functions['enrichment']}"
    events = client("logs").filter_log_events(logGroupName=group)["events"]
    return sum(object_id in event["message"] and '"enriched"' in event["message"] for event in events) >= 2


def version_of(run: Context, key: str) -> str:
    return str(client("s3").head_object(Bucket=run.stack.raw_bucket, Key=key)["VersionId"])


def test_the_same_event_twice_loads_nothing_twice(
    run: Context, loaded: Loaded, invoke: Callable[[str, dict[str, Any]], Any], warehouse: psycopg.Connection[Any]
) -> None:
    body = s3_event(run.stack.raw_bucket, loaded.key, version_of(run, loaded.key))

    answer = invoke("processor", sqs_event(body, body))

    assert answer == {"batchItemFailures": []}
    assert rows_of(warehouse, loaded.object_id) == 100


def test_an_object_processed_again_without_its_receipt_gives_the_same_chunks_and_no_row_twice(
    run: Context, loaded: Loaded, invoke: Callable[[str, dict[str, Any]], Any], warehouse: psycopg.Connection[Any]
) -> None:
    """What a crash just before the receipt looks like to the next attempt."""
    s3, bucket = client("s3"), run.stack.processed_bucket
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="receipts/flights/")["Contents"]
    (key,) = [item["Key"] for item in listed if loaded.object_id in item["Key"]]
    before = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    parquet = {item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix="data/flights/")["Contents"]}
    s3.delete_object(Bucket=bucket, Key=key)

    assert invoke("processor", sqs_event(s3_event(run.stack.raw_bucket, loaded.key, version_of(run, loaded.key)))) == {
        "batchItemFailures": []
    }

    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == before
    # The chunk that was sent again has been enriched, found there, and not written.
    until(lambda: enriched_twice(run, loaded.object_id))
    assert {item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix="data/flights/")["Contents"]} == parquet
    assert rows_of(warehouse, loaded.object_id) == 100


def test_the_same_parquet_object_twice_is_present_not_loaded(
    run: Context, loaded: Loaded, invoke: Callable[[str, dict[str, Any]], Any], warehouse: psycopg.Connection[Any]
) -> None:
    s3, bucket = client("s3"), run.stack.processed_bucket
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="data/flights/")["Contents"]
    keys = [item["Key"] for item in listed if loaded.object_id in item["Key"]]

    answer = invoke("loader", sqs_event(*(s3_event(bucket, key) for key in [*keys, *keys])))

    assert answer == {"batchItemFailures": []}
    assert rows_of(warehouse, loaded.object_id) == 100


def test_the_same_file_again_is_new_data_under_its_key_and_under_another(
    loaded: Loaded, load: Callable[[str, bytes], Loaded], warehouse: psycopg.Connection[Any]
) -> None:
    again, other = load("flights/books.csv", CSV), load("flights/books copy+1 ü.csv", CSV)

    assert len({loaded.object_id, again.object_id, other.object_id}) == 3
    for entry in (loaded, again, other):
        assert rows_of(warehouse, entry.object_id) == 100


def test_a_chunk_that_overlaps_a_loaded_one_is_refused(
    run: Context, loaded: Loaded, invoke: Callable[[str, dict[str, Any]], Any], warehouse: psycopg.Connection[Any]
) -> None:
    """The loaded chunk's Parquet under another chunk's name: the same lines, cut differently."""
    s3, bucket = client("s3"), run.stack.processed_bucket
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="data/flights/")["Contents"]
    (key,) = [item["Key"] for item in listed if loaded.object_id in item["Key"]]
    body = relabelled(s3.get_object(Bucket=bucket, Key=key)["Body"].read(), loaded.object_id)
    forged = parquet_key("flights", key.split("/")[2].removeprefix("dt="), chunk_id(loaded.object_id, 7))
    columns = s3.head_object(Bucket=bucket, Key=key)["Metadata"]["columns"]
    s3.put_object(Bucket=bucket, Key=forged, Body=body, Metadata={"columns": columns}, IfNoneMatch="*")

    answer = invoke("loader", sqs_event(s3_event(bucket, forged)))

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert rows_of(warehouse, loaded.object_id) == 100
    s3.delete_object(Bucket=bucket, Key=forged)


def relabelled(parquet: bytes, object_id: str) -> bytes:
    """Lines 7 to the end of a Parquet object, as the chunk that would begin there."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "a.parquet", Path(folder) / "b.parquet"
        source.write_bytes(parquet)
        duckdb.execute(
            f"COPY (SELECT * REPLACE ('{chunk_id(object_id, 7)}' AS _chunk_id) FROM '{source}' WHERE _line >= 7) "
            f"TO '{target}' (FORMAT parquet)"
        )
        return target.read_bytes()


def test_the_audit_balances(datavault: Command, loaded: Loaded) -> None:
    done = datavault("audit", "--dataset", "flights", "--json")

    assert done.returncode == 0, done.stdout + done.stderr
    entry = next(entry for entry in json.loads(done.stdout)["objects"] if entry["object_id"] == loaded.object_id)
    assert (entry["lines"], entry["valid"], entry["parquet"], entry["in_table"]) == (100, 100, 100, 100)


def test_the_audit_names_the_object_and_the_hop_when_a_parquet_object_is_taken_away(
    run: Context, datavault: Command, loaded: Loaded
) -> None:
    s3, bucket = client("s3"), run.stack.processed_bucket
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="data/flights/")["Contents"]
    (key,) = [item["Key"] for item in listed if loaded.object_id in item["Key"]]
    # Object Lock keeps the version; a delete marker hides it.
    marker = s3.delete_object(Bucket=bucket, Key=key)["VersionId"]
    try:
        done = datavault("audit", "--json")
    finally:
        s3.delete_object(Bucket=bucket, Key=key, VersionId=marker)

    assert done.returncode == 1
    (finding,) = json.loads(done.stdout)["findings"]
    assert (finding["hop"], finding["object_id"], finding["key"]) == (
        "receipt->parquet", loaded.object_id, "flights/books.csv",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "hop"),
    [
        ("DELETE FROM datavault.ledger WHERE object_id = %s RETURNING *", "parquet->ledger"),
        ("DELETE FROM public.flights WHERE _object_id = %s AND _line = 50 RETURNING *", "ledger->table"),
    ],
)
def test_the_audit_names_the_hop_when_a_row_is_taken_away(
    run: Context, datavault: Command, loaded: Loaded, statement: str, hop: str
) -> None:
    address = f"postgresql://datavault:datavault@127.0.0.1:{run.stack.warehouse_port}/{run.stack.database}"
    table = statement.split()[2]
    with psycopg.connect(address, autocommit=True) as connection:
        (row,) = connection.execute(statement, [loaded.object_id]).fetchall()
        try:
            done = datavault("audit", "--json")
        finally:
            connection.execute(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(row))})", row)

    assert done.returncode == 1
    (finding,) = json.loads(done.stdout)["findings"]
    assert (finding["hop"], finding["object_id"]) == (hop, loaded.object_id)
    assert datavault("audit").returncode == 0


def test_a_message_that_is_no_s3_event_fails_alone(
    run: Context, loaded: Loaded, invoke: Callable[[str, dict[str, Any]], Any]
) -> None:
    good = s3_event(run.stack.raw_bucket, loaded.key, version_of(run, loaded.key))

    assert invoke("processor", sqs_event("nonsense", good)) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def test_a_new_raw_object_that_is_not_processed_yet_is_not_balanced(
    run: Context, datavault: Command, put: Callable[[str, bytes], RawObject]
) -> None:
    """The mapping is off, so that the object waits."""
    functions = client("lambda")
    (mapping,) = functions.list_event_source_mappings(FunctionName=f"{run.stack.functions['processor']}:{ALIAS}")[
        "EventSourceMappings"
    ]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    until(lambda: functions.get_event_source_mapping(UUID=mapping["UUID"])["State"] == "Disabled")
    try:
        raw = put("flights/waiting.csv", CSV)
        done = datavault("audit", "--json")
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

    assert done.returncode == 1
    (finding,) = json.loads(done.stdout)["findings"]
    assert (finding["hop"], finding["object_id"]) == ("raw->receipt", raw.id)
    until(lambda: datavault("audit").returncode == 0)


def test_status_shows_the_datasets_and_nothing_given_up(datavault: Command, loaded: Loaded) -> None:
    done = datavault("status", "--json")

    assert done.returncode == 0, done.stdout
    found = json.loads(done.stdout)
    assert set(found["given_up"].values()) == {0}
    assert found["datasets"]["flights"]["rows_loaded"] >= 100
