"""The second dataset: nested records, merge on load, and a bad record for every reason code."""

import json
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import demo_data
import psycopg
import pytest

from datavault.authoring.odcs import compile_contract
from datavault.cli.context import ROOT, Context
from datavault.cli.progress import Loaded, wait_until_loaded
from datavault.contract import Move
from datavault.edges.clients import client
from datavault.identity import RawObject
from datavault.masking import token

from .conftest import LOAD_SECONDS
from .test_flights import masking_keys

Orders = dict[str, Loaded]


@pytest.fixture(scope="module")
def orders(
    run: Context, put: Callable[[str, bytes], RawObject], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Orders, dict[str, Path]]:
    """The demo's orders. The first file waits for its rows: S3's times are whole seconds, later objects must win."""
    files = demo_data.write(tmp_path_factory.mktemp("orders"))
    first, *others = files
    started = time.monotonic()
    sent = [put(first, files[first].read_bytes())]
    loaded = wait_until_loaded(run, sent, started, LOAD_SECONDS)
    sent = [put(key, files[key].read_bytes()) for key in others]
    loaded += wait_until_loaded(run, sent, started, LOAD_SECONDS)
    return {entry.key: entry for entry in loaded}, files


def test_a_changed_order_replaces_the_earlier_one_and_the_others_stay(
    orders: tuple[Orders, dict[str, Path]], warehouse: psycopg.Connection[tuple[Any, ...]]
) -> None:
    _, files = orders
    expected = {}
    for line in files["orders/orders.ndjson"].read_text().splitlines():
        order = json.loads(line)
        expected[order["order_id"]] = order
    # 152 whole records of the cut-off file are the first orders again, unchanged but later than their changes or not:
    # the order of objects of one second is not defined, so orders that two of the later files hold are left out.
    changed = {order["order_id"]: order for order in json.loads(files["orders/orders-changed.json"].read_text())}

    found = warehouse.execute(
        "SELECT order_id, item_count, total, gift, delivery_date::text, items FROM public.orders "
        "WHERE order_id LIKE 'ORD-0%' ORDER BY order_id"
    ).fetchall()

    assert len(found) == len(expected)
    for order_id, item_count, total, gift, delivery_date, items in found:
        order = expected[order_id]
        assert (item_count, total) == (len(order["items"]), Decimal(order["total"]))
        assert [(item["sku"], item["quantity"]) for item in items] == [
            (item["sku"], item["quantity"]) for item in order["items"]
        ]
        if order_id not in changed:
            assert (gift, delivery_date) == (order["gift"], None)


def test_a_later_object_wins_for_its_primary_key(
    load: Callable[[str, bytes], Loaded],
    orders: tuple[Orders, dict[str, Path]],
    warehouse: psycopg.Connection[tuple[Any, ...]],
) -> None:
    order = json.loads(orders[1]["orders/orders.ndjson"].read_text().splitlines()[0])
    query = "SELECT gift, delivery_date::text FROM public.orders WHERE order_id = %s"

    load("orders/later.ndjson", json.dumps(order | {"gift": True, "delivery_date": "2026-03-01"}).encode())

    assert warehouse.execute(query, [order["order_id"]]).fetchall() == [(True, "2026-03-01")]


def test_a_masked_column_holds_the_hmac_of_the_value(
    run: Context, orders: tuple[Orders, dict[str, Path]], warehouse: psycopg.Connection[tuple[Any, ...]]
) -> None:
    keys = masking_keys(run)
    order = json.loads(orders[1]["orders/orders.ndjson"].read_text().splitlines()[-1])

    found = warehouse.execute(
        "SELECT customer_email FROM public.orders WHERE order_id = %s", [order["order_id"]]
    ).fetchone()

    assert found == (token(keys, "k1", order["customer"]["email"]),)


def test_every_reason_code_leads_to_quarantine_with_its_place(
    orders: tuple[Orders, dict[str, Path]], datavault: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    loaded, _ = orders
    listed = json.loads(datavault("quarantine", "list", "--json").stdout)
    ids = {entry.object_id for entry in loaded.values()}

    reasons: Counter[str] = Counter()
    for entry in listed:
        if entry["object_id"] in ids:
            reasons.update(entry["reasons"])

    assert set(reasons) == demo_data.REASONS


def test_quarantine_keeps_the_original_bytes_and_hides_them_unless_asked(
    orders: tuple[Orders, dict[str, Path]], datavault: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    loaded, files = orders
    object_id = loaded["orders/bad.ndjson"].object_id
    lines = files["orders/bad.ndjson"].read_bytes().split(b"\n")
    shown = json.loads(datavault("quarantine", "show", object_id, "--reveal", "--json").stdout)

    wrong = next(entry for entry in shown if entry["reason"] == "not_in_enum")

    assert wrong["field"] == "customer.country"
    assert wrong["original"].encode() == lines[wrong["line"] - 1]
    assert "example.com" not in datavault("quarantine", "show", object_id).stdout


def test_every_object_carries_its_data_set_and_how_sensitive_its_contract_says_it_is(
    run: Context, orders: tuple[Orders, dict[str, Path]]
) -> None:
    """What the policy for readers of objects relies on."""
    s3, contract = client("s3"), compile_contract(ROOT / "contracts" / "orders")
    for bucket, prefix, wanted in (
        (run.stack.processed_bucket, "data/orders/", contract.tags),
        (run.stack.processed_bucket, "receipts/orders/", contract.tags),
        (run.stack.quarantine_bucket, "quarantine/orders/", contract.raw_tags),
    ):
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
        for item in listed:
            tags = s3.get_object_tagging(Bucket=bucket, Key=item["Key"])["TagSet"]
            assert {tag["Key"]: tag["Value"] for tag in tags} == wanted, item["Key"]


def test_the_buckets_keep_and_move_objects_as_the_contract_says(run: Context) -> None:
    s3, contract = client("s3"), compile_contract(ROOT / "contracts" / "flights")
    for bucket, rule, days, moves in (
        (run.stack.raw_bucket, "raw-flights", contract.raw_retention_days, contract.raw_moves),
        (run.stack.quarantine_bucket, "quarantine-flights", contract.raw_retention_days, ()),
        (run.stack.processed_bucket, "data-flights", contract.retention_days, contract.moves),
    ):
        rules = {found["ID"]: found for found in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]}
        applied = [Move(move["StorageClass"], move["Days"]) for move in rules[rule].get("Transitions", [])]
        assert rules[rule]["Expiration"]["Days"] == days
        assert sorted(applied, key=lambda move: move.days) == list(moves or ())
