"""The circuit breaker on the deployed stack: a bad object pauses its dataset, a resume loads what was held."""

import json
import subprocess
import time
from collections.abc import Callable
from typing import Any

import psycopg

from datavault.cli.context import Context
from datavault.cli.progress import Loaded, wait_until_loaded
from datavault.edges.s3 import exists
from datavault.edges.sqs import depth
from datavault.identity import RawObject, pause_key, receipt_key

from .conftest import LOAD_SECONDS, ROOT

Put = Callable[[str, bytes], RawObject]


def orders(first: int, count: int, bad: int = 0) -> bytes:
    """Orders of numbers that no other test uses; of the first `bad`, `gift` is no boolean."""
    lines = [
        {
            "order_id": f"ORD-7{first + number:07}",
            "ordered_at": "2026-03-01T09:30:00Z",
            "customer": {"id": 7, "email": "ann@example.com", "country": "CH"},
            "items": [{"sku": "AB-1234", "quantity": 2, "unit_price": "9.50"}],
            "total": "19.00",
            "gift": "yes" if number < bad else False,
        }
        for number in range(count)
    ]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LOAD_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)


def test_a_bad_object_pauses_its_dataset_until_somebody_resumes_it(
    run: Context,
    put: Put,
    load: Callable[[str, bytes], Loaded],
    datavault: Callable[..., subprocess.CompletedProcess[str]],
    warehouse: psycopg.Connection[tuple[Any, ...]],
) -> None:
    stack = run.stack
    bad = load("orders/breaker/bad.ndjson", orders(0, 120, bad=60))
    assert (bad.quarantined, bad.rows) == (60, 60)
    assert exists(stack.quarantine_bucket, pause_key("orders"))

    # A process may take the dataset as open for 15 seconds: objects are put until one is held.
    sent: list[RawObject] = []

    def is_held() -> bool:
        sent.append(put(f"orders/breaker/{len(sent)}.ndjson", orders(1_000 + 10 * len(sent), 10)))
        until(lambda: has_receipt(sent[-1]) or sum(depth(stack.held_queue_url)) > 0)
        return not has_receipt(sent[-1])

    def has_receipt(raw: RawObject) -> bool:
        return exists(stack.processed_bucket, receipt_key(raw.dataset, raw.date, raw.id))

    until(is_held)
    flight = b"\n".join((ROOT / ".local/data/flights.csv").read_bytes().split(b"\n")[:2])
    assert load("flights/breaker.csv", flight).rows == 1

    status = json.loads(datavault("status", "--json").stdout)
    assert [(entry["dataset"], bad.object_id in entry["reason"]) for entry in status["paused"]] == [("orders", True)]
    assert not has_receipt(sent[-1])

    answer = json.loads(datavault("resume", "orders", "--json").stdout)
    assert answer == {"dataset": "orders", "was_paused": True, "released": 1, "kept": 0}
    wait_until_loaded(run, sent, time.monotonic(), LOAD_SECONDS)
    (count,) = warehouse.execute(
        "SELECT count(*) FROM public.orders WHERE order_id LIKE 'ORD-7%%' AND _source LIKE '%%/breaker/%%'"
    ).fetchone() or (0,)
    assert count == 60 + 10 * len(sent)
    assert json.loads(datavault("status", "--json").stdout)["paused"] == []
    assert datavault("audit", "--dataset", "orders").returncode == 0
