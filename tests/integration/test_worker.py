"""The worker as a process: large objects only, and whatever ends it, the object arrives once and whole."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import demo_data
import psycopg
import pytest
import worker

from datavault.backfill import created_message
from datavault.cli.context import Context
from datavault.cli.progress import wait_until_loaded
from datavault.edges import s3
from datavault.edges.sqs import depth, send_all
from datavault.identity import RawObject, claim_key, receipt_key

from .conftest import LOAD_SECONDS, until

Put = Callable[[str, bytes], RawObject]


@pytest.fixture(scope="module")
def wholesale(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return demo_data.write_large(tmp_path_factory.mktemp("large"))[1].read_bytes()


def records(run: Context, raw: RawObject) -> dict[str, Any]:
    key = receipt_key("orders", raw.date, raw.id)
    found: dict[str, Any] = json.loads(s3.read(run.stack.processed_bucket, key))
    return found


def begun(run: Context, raw: RawObject) -> bool:
    return s3.exists(run.stack.processed_bucket, claim_key(raw.date, raw.id))


def test_what_a_killed_worker_began_another_one_finishes(
    run: Context, put: Put, wholesale: bytes, tmp_path: Path, warehouse: psycopg.Connection[tuple[Any, ...]]
) -> None:
    assert run.stack.worker is not None
    queue = run.stack.worker.queue_url
    started = time.monotonic()
    raw = put("orders/wholesale, killed.ndjson", wholesale)

    with worker.running(run, tmp_path / "first.log") as first:
        until(lambda: begun(run, raw))
        os.kill(first.process.pid, signal.SIGKILL)
        first.process.wait()
    assert not s3.exists(run.stack.processed_bucket, receipt_key("orders", raw.date, raw.id))
    # Nobody waits for two minutes in a test: the message that the dead worker holds is sent again beside it.
    send_all(queue, [created_message(raw, run.stack.region)])

    with worker.running(run, tmp_path / "second.log") as second:
        (loaded,) = wait_until_loaded(run, [raw], started, LOAD_SECONDS)
        assert 'datavault_objects_total{dataset="orders",outcome="processed"} 1.0' in second.ask("/metrics")[1]
        second.tell_to_stop()
        assert second.exit_code() == 0

    lines = wholesale.count(b"\n")
    assert (loaded.lines, loaded.valid, loaded.rows) == (lines, lines, lines)
    receipt = records(run, raw)
    chunks = sum(chunk["records"] for chunk in receipt["chunks"])
    assert chunks == lines
    (rows,) = warehouse.execute(
        "SELECT count(DISTINCT _line) FROM public.orders WHERE _object_id = %s", [raw.id]
    ).fetchone() or (0,)
    assert rows == lines


def test_sigterm_in_the_middle_finishes_the_object(run: Context, put: Put, wholesale: bytes, tmp_path: Path) -> None:
    assert run.stack.worker is not None
    raw = put("orders/wholesale, stopped.ndjson", wholesale)

    with worker.running(run, tmp_path / "worker.log") as process:
        until(lambda: begun(run, raw))
        process.tell_to_stop()
        assert process.exit_code() == 0

    assert records(run, raw)["valid"] == wholesale.count(b"\n")
    waiting, _ = depth(run.stack.worker.queue_url)
    assert waiting == 0
