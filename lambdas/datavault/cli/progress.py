"""Wait for raw objects to arrive in the warehouse, and show how far they are."""

import time
from collections.abc import Sequence

import msgspec
from rich.live import Live
from rich.text import Text

from .. import inventory
from ..edges import s3
from ..identity import UNKNOWN_DATASET, RawObject, receipt_key
from ..receipt import Receipt
from ..receipt import decode as decode_receipt
from .context import Context, Failure

_POLL_SECONDS = 0.5


class Loaded(msgspec.Struct, frozen=True):
    """One raw object that is all there. `seconds` count from the start of the first put."""

    key: str
    object_id: str
    lines: int
    valid: int
    quarantined: int
    reasons: dict[str, int]
    chunks: int
    rows: int
    seconds: float


def wait_until_loaded(run: Context, sent: Sequence[RawObject], started: float, timeout_seconds: float) -> list[Loaded]:
    """Wait until every valid record of the objects is in the warehouse.

    Raises
    ------
    Failure
        They were not in time; says how far each came.
    """
    receipts: dict[str, Receipt] = {}
    done: dict[str, Loaded] = {}
    with Live(console=run.err, refresh_per_second=4, transient=True) as live:
        while len(done) < len({raw.id for raw in sent}):
            rows = _rows_in_ledger(run)
            for raw in sent:
                receipt = receipts.get(raw.id) or _receipt(run, raw)
                if receipt is None:
                    continue
                receipts[raw.id] = receipt
                loaded = sum(rows.get(chunk.id, 0) for chunk in receipt.chunks)
                if loaded == receipt.valid and raw.id not in done:
                    done[raw.id] = _loaded(receipt, loaded, time.monotonic() - started)
            seconds = time.monotonic() - started
            valid = sum(receipt.valid for receipt in receipts.values())
            there = sum(rows.get(chunk.id, 0) for receipt in receipts.values() for chunk in receipt.chunks)
            live.update(
                Text(
                    f"{seconds:5.1f} s  {len(receipts)} of {len(sent)} objects processed, "
                    f"{there:,} of {valid:,} valid records in the warehouse"
                )
            )
            if seconds > timeout_seconds:
                raise Failure(
                    f"after {seconds:.0f} s {len(done)} of {len(sent)} objects are in the warehouse",
                    "`datavault status` shows the queues, docs/troubleshooting.md what to look at",
                    1,
                )
            time.sleep(_POLL_SECONDS)
    return [done[raw.id] for raw in sent]


def _loaded(receipt: Receipt, rows: int, seconds: float) -> Loaded:
    return Loaded(
        key=receipt.key,
        object_id=receipt.object_id,
        lines=receipt.lines,
        valid=receipt.valid,
        quarantined=receipt.quarantined,
        reasons=receipt.reasons,
        chunks=len(receipt.chunks),
        rows=rows,
        seconds=round(seconds, 1),
    )


def _receipt(run: Context, raw: RawObject) -> Receipt | None:
    dataset = raw.dataset if raw.dataset in run.stack.datasets else UNKNOWN_DATASET
    key = receipt_key(dataset, raw.date, raw.id)
    bucket = run.stack.processed_bucket
    return decode_receipt(inventory.read(bucket, key)) if s3.exists(bucket, key) else None


def _rows_in_ledger(run: Context) -> dict[str, int]:
    return {row.chunk_id: row.rows for row in inventory.ledger(run.warehouse)}
