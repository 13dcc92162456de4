"""Quarantine as a product, on the deployed pipeline: replay, backfill, redrive, what-if."""

import json
import shutil
import subprocess
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from datavault import inventory
from datavault.authoring.odcs import compile_contract
from datavault.backfill import created_message
from datavault.chunk import Chunk
from datavault.cli.context import Context
from datavault.cli.progress import Loaded, wait_until_loaded
from datavault.edges import s3 as s3_edge
from datavault.edges.clients import client
from datavault.edges.listing import keys, raw_objects
from datavault.edges.sqs import depth, send_all
from datavault.identity import RawObject, replay_plan_key
from datavault.process import Processing
from datavault.stages import replay as stage
from datavault.stages.replay import Buckets

from .conftest import LOAD_SECONDS, ROOT, until

Command = Callable[..., subprocess.CompletedProcess[str]]
Warehouse = psycopg.Connection[tuple[Any, ...]]


def line(number: int, country: str = "CH") -> bytes:
    order = {
        "order_id": f"ORD-{number:08d}",
        "ordered_at": "2026-03-01T09:30:00Z",
        "customer": {"id": number, "email": "ann@example.com", "country": country},
        "items": [{"sku": "AB-1234", "quantity": 2, "unit_price": "9.50"}],
        "total": "19.00",
        "gift": False,
    }
    return json.dumps(order).encode() + b"\n"


def rows(warehouse: Warehouse, object_id: str) -> int:
    found = warehouse.execute("SELECT count(*) FROM public.orders WHERE _object_id = %s", [object_id]).fetchone()
    assert found
    return int(found[0])


def receipt_of(run: Context, object_id: str) -> str | None:
    listed = keys(run.stack.processed_bucket, "receipts/")
    return next((item["Key"] for item in listed if object_id in item["Key"]), None)


def quarantine_key(run: Context, object_id: str) -> str:
    return next(item["Key"] for item in keys(run.stack.quarantine_bucket, "quarantine/") if object_id in item["Key"])


def second_lives(run: Context, object_id: str) -> list[RawObject]:
    return list(raw_objects(run.stack.raw_bucket, f"orders/_replay/{object_id}/"))


def balanced(datavault: Command) -> bool:
    return datavault("audit").returncode == 0


@pytest.fixture
def unknown(run: Context, put: Callable[[str, bytes], RawObject]) -> RawObject:
    """An object in a folder with a typing error: a good order and a bad one."""
    raw = put(f"ordres/{time.time_ns()}.ndjson", line(70_000_001) + line(70_000_002, "XX"))
    until(lambda: receipt_of(run, raw.id) is not None)
    return raw


def test_an_object_in_a_wrong_folder_gets_a_second_life_once(
    run: Context, datavault: Command, unknown: RawObject, warehouse: Warehouse
) -> None:
    dry = datavault("quarantine", "replay", unknown.id, "--as", "orders")
    assert (dry.returncode, second_lives(run, unknown.id)) == (0, []), dry.stderr
    assert "1 valid records, 1 not_in_enum" in dry.stdout

    for _ in range(2):
        done = datavault("quarantine", "replay", unknown.id, "--as", "orders", "--apply")
        assert done.returncode == 0, done.stderr

    (second,) = second_lives(run, unknown.id)
    (loaded,) = wait_until_loaded(run, [second], time.monotonic(), LOAD_SECONDS)
    assert (loaded.valid, loaded.quarantined, rows(warehouse, second.id)) == (1, 1, 1)
    until(lambda: balanced(datavault))
    objects = json.loads(datavault("audit", "--json").stdout)["objects"]
    entry = next(entry for entry in objects if entry["object_id"] == unknown.id)
    assert (entry["replayed"], entry["replayed_valid"], entry["replayed_quarantined"]) == (1, 1, 1)
    # What fails again lies in quarantine under its new object, and fails there by the same contract.
    again = datavault("quarantine", "replay", second.id, "--apply", "--json")
    assert [found["outcome"] for found in json.loads(again.stdout)["outcomes"]] == ["not_in_enum customer.country"]
    assert second_lives(run, second.id) == []


def test_a_replay_that_was_cut_off_is_named_and_finished(run: Context, datavault: Command, unknown: RawObject) -> None:
    """The plan is there, its raw object is not: what a crash between the two leaves."""
    stack = run.stack
    buckets = Buckets(stack.raw_bucket, stack.processed_bucket, stack.quarantine_bucket)
    source = stage.read_source(buckets, quarantine_key(run, unknown.id))
    plan = stage.prepare(source, compile_contract(ROOT / "contracts/orders"), lambda _: True).plan
    assert plan
    s3_edge.put_once(stack.quarantine_bucket, replay_plan_key(plan.dataset, plan.object_id, 1), plan.encode())
    done = datavault("audit", "--json")
    assert "quarantine->replay" in [finding["hop"] for finding in json.loads(done.stdout)["findings"]]

    for _ in range(2):
        assert datavault("quarantine", "replay", unknown.id, "--as", "orders", "--apply").returncode == 0

    (second,) = second_lives(run, unknown.id)
    assert inventory.read(stack.raw_bucket, second.key) == inventory.read(stack.raw_bucket, unknown.key)
    wait_until_loaded(run, [second], time.monotonic(), LOAD_SECONDS)
    until(lambda: balanced(datavault))


def test_summary_and_show_hide_values(datavault: Command, load: Callable[[str, bytes], Loaded]) -> None:
    loaded = load("orders/shop-q/bad.ndjson", line(70_000_003, "XX"))

    groups = json.loads(datavault("quarantine", "summary", "--dataset", "orders", "--json").stdout)
    shown = datavault("quarantine", "show", loaded.object_id).stdout

    (group,) = [group for group in groups if group["producer"] == "shop-q"]
    assert (group["reason"], group["field"], group["records"]) == ("not_in_enum", "customer.country", 1)
    assert "ann@example.com" not in shown
    assert "<string 15>" in shown


@pytest.fixture
def loaded(load: Callable[[str, bytes], Loaded]) -> Loaded:
    """A loaded object of one chunk."""
    number = 71_000_000 + time.time_ns() % 900_000
    return load(f"orders/{number}.ndjson", line(number))


def raw_of(run: Context, loaded: Loaded) -> RawObject:
    return next(raw for raw in raw_objects(run.stack.raw_bucket, loaded.key) if raw.id == loaded.object_id)


def test_backfill_processes_what_has_no_receipt(run: Context, datavault: Command, loaded: Loaded) -> None:
    """The receipt is hidden: as if the object's event had never come."""
    receipt = receipt_of(run, loaded.object_id)
    assert receipt
    client("s3").delete_object(Bucket=run.stack.processed_bucket, Key=receipt)
    place = f"s3://{run.stack.raw_bucket}/{loaded.key}"
    assert "1 objects without a receipt" in datavault("backfill", place, "--dry-run").stdout

    done = datavault("backfill", place)

    assert "1 events sent" in done.stdout, done.stderr
    until(lambda: receipt_of(run, loaded.object_id) == receipt)
    assert "0 objects without a receipt" in datavault("backfill", place).stdout
    until(lambda: balanced(datavault))


def test_dead_letters_go_back_and_are_worked_on(run: Context, datavault: Command, loaded: Loaded) -> None:
    receipt = receipt_of(run, loaded.object_id)
    assert receipt
    client("s3").delete_object(Bucket=run.stack.processed_bucket, Key=receipt)
    send_all(run.stack.raw_dlq_url, [created_message(raw_of(run, loaded), run.stack.region)])
    assert datavault("status").returncode == 1

    done = datavault("redrive", "raw")

    assert done.returncode == 0, done.stderr
    until(lambda: receipt_of(run, loaded.object_id) == receipt)
    assert sum(depth(run.stack.raw_dlq_url)) == 0
    until(lambda: balanced(datavault))


@pytest.mark.parametrize("place", ["chunks", "batches"])
def test_a_chunk_that_was_given_up_goes_back_to_the_stream(
    run: Context, datavault: Command, loaded: Loaded, place: str
) -> None:
    """Its Parquet object is hidden: as if it had never been enriched."""
    stack, s3 = run.stack, client("s3")
    chunk = chunk_of(run, loaded)
    parquet = next(
        item["Key"] for item in keys(stack.processed_bucket, "data/orders/") if chunk.header.id in item["Key"]
    )
    s3.delete_object(Bucket=stack.processed_bucket, Key=parquet)
    if place == "chunks":
        key, metadata = f"failed-chunks/orders/dt={chunk.header.date}/{chunk.header.id}.zst", {"partition-key": "k"}
        s3.put_object(Bucket=stack.quarantine_bucket, Key=key, Body=chunk.data, Metadata=metadata)
    else:
        key = f"aws/lambda/uuid/shardId-000000000000/2026/03/14/{chunk.header.id}"
        record = {"kinesis": {"partitionKey": "k", "data": b64encode(chunk.data).decode()}}
        s3.put_object(
            Bucket=stack.quarantine_bucket, Key=key, Body=json.dumps({"payload": {"Records": [record]}}).encode()
        )
    assert datavault("status").returncode == 1

    done = datavault("redrive", place)

    assert done.returncode == 0, done.stdout + done.stderr
    until(lambda: s3_edge.exists(stack.processed_bucket, parquet))
    assert not s3_edge.exists(stack.quarantine_bucket, key)
    until(lambda: balanced(datavault))


def chunk_of(run: Context, loaded: Loaded) -> Chunk:
    raw = raw_of(run, loaded)
    body = client("s3").get_object(Bucket=raw.bucket, Key=raw.key, VersionId=raw.version_id)["Body"]
    (chunk,) = Processing(raw, compile_contract(ROOT / "contracts/orders"), body.read).chunks()
    return chunk


def test_a_chunk_that_redshift_did_not_take_goes_back_to_the_loader(
    run: Context, datavault: Command, loaded: Loaded, warehouse: Warehouse
) -> None:
    """Its rows are taken out of the warehouse: as if it had never been loaded."""
    stack = run.stack
    # The deployed loader may have blamed test_poison's objects behind that test's back; they are gone since.
    for left in list(keys(stack.quarantine_bucket, "failed-loads/")):
        client("s3").delete_object(Bucket=stack.quarantine_bucket, Key=left["Key"])
    parquet = next(
        item["Key"] for item in keys(stack.processed_bucket, "data/orders/") if loaded.object_id in item["Key"]
    )
    chunk_id = Path(parquet).stem
    warehouse.execute("DELETE FROM public.orders WHERE _object_id = %s", [loaded.object_id])
    warehouse.execute("DELETE FROM datavault.ledger WHERE object_id = %s", [loaded.object_id])
    note = {"chunk_id": chunk_id, "dataset": "orders", "bucket": stack.processed_bucket, "key": parquet, "error": "x"}
    key = f"failed-loads/orders/dt=2026-03-14/{chunk_id}.json"
    client("s3").put_object(Bucket=stack.quarantine_bucket, Key=key, Body=json.dumps(note).encode())

    done = datavault("redrive", "loads")

    assert done.returncode == 0, done.stdout + done.stderr
    until(lambda: rows(warehouse, loaded.object_id) == 1)
    assert not s3_edge.exists(stack.quarantine_bucket, key)
    until(lambda: balanced(datavault))


def test_a_changed_contract_is_tried_over_what_is_stored(
    datavault: Command, loaded: Loaded, load: Callable[[str, bytes], Loaded], tmp_path: Path
) -> None:
    load("orders/what-if.ndjson", line(70_000_004, "IT"))
    shutil.copytree(ROOT / "contracts/orders", tmp_path / "orders")
    words = ("contract", "test", "orders", "--contracts", str(tmp_path), "--json")
    same = datavault(*words, "--against", "raw")
    assert same.returncode == 0, same.stdout + same.stderr

    path = tmp_path / "orders/contract.odcs.yaml"
    path.write_text(path.read_text().replace("enum: [{value: AT}, {value: CH}", "enum: [{value: AT}, {value: IT}"))
    done = datavault(*words, "--against", "raw")

    report = json.loads(done.stdout)
    assert done.returncode == 1
    (fails,), (passes,) = report["newly_fail"], report["newly_pass"]
    assert (
        (fails["reason"], fails["field"]) == (passes["reason"], passes["field"]) == ("not_in_enum", "customer.country")
    )
    assert fails["records"] >= 1
    assert "ann@example.com" not in done.stdout
    assert datavault(*words, "--against", "quarantine").returncode == 0
