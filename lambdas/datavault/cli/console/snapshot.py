"""One look at the pipeline: what the page shows, computed from what the commands read. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from ...audit import Audit
from ...receipt import Receipt

# Points of a graph: more would lie on one pixel.
_POINTS = 60
# Objects and findings in one page: a browser lays out thousands of rows slowly. The counts are of all.
SHOWN = 500


class Point(msgspec.Struct, frozen=True):
    """What S3 received in one interval: its records, and how long the slowest object took to its last row."""

    start: datetime
    records: int
    latency_seconds: float | None


class BadObject(msgspec.Struct, frozen=True):
    object_id: str
    key: str
    dataset: str
    records: int


class ReasonCount(msgspec.Struct, frozen=True):
    reason: str
    records: int
    objects: list[BadObject]


class BadRecord(msgspec.Struct, frozen=True):
    """`form` is the masked record, as `datavault quarantine show` prints it without --reveal."""

    line: int
    rest: bool
    reason: str
    field: str
    form: str


class CostLine(msgspec.Struct, frozen=True):
    what: str
    quantity: float
    unit: str
    usd: float


class Spent(msgspec.Struct, frozen=True):
    """An estimate from counts and list prices, not a bill."""

    usd: float
    lines: list[CostLine]
    note: str


class Answer(msgspec.Struct, frozen=True):
    """A query with its rows, or the error that the command would print."""

    sql: str
    columns: list[str] = []
    rows: list[list[Any]] = []
    is_cut: bool = False
    error: str = ""


class Counts(msgspec.Struct, frozen=True):
    """One number for each hop of the picture."""

    raw_objects: int
    receipts: int
    records: int
    valid: int
    quarantined: int
    chunks: int
    parquet_rows: int
    loaded_rows: int
    superseded_rows: int
    table_rows: int


class Snapshot(msgspec.Struct, frozen=True):
    environment: str
    region: str
    taken_at: datetime
    calls: int
    seconds: float
    status: dict[str, Any]
    counts: Counts
    points: list[Point]
    reasons: list[ReasonCount]
    audit: dict[str, Any]
    spent: Spent


def build(  # noqa: PLR0913  what one look has read
    *,
    environment: str,
    region: str,
    taken_at: datetime,
    calls: int,
    seconds: float,
    status: Mapping[str, Any],
    audit: Audit,
    receipts: Sequence[Receipt],
    loaded_at: Mapping[str, datetime],
    spent: Spent,
) -> Snapshot:
    """`loaded_at`: for each raw object the time of the last load of one of its chunks."""
    objects = audit.objects
    counts = Counts(
        raw_objects=sum(dataset["raw_objects"] for dataset in status["datasets"].values()),
        receipts=len(receipts),
        records=sum(receipt.lines for receipt in receipts),
        valid=sum(receipt.valid for receipt in receipts),
        quarantined=sum(receipt.quarantined for receipt in receipts),
        chunks=sum(len(receipt.chunks) for receipt in receipts),
        parquet_rows=sum(entry.parquet for entry in objects),
        loaded_rows=sum(entry.loaded for entry in objects),
        superseded_rows=sum(entry.superseded for entry in objects),
        table_rows=sum(entry.in_table for entry in objects),
    )
    # What does not add up comes first: it must not be among those that are cut off.
    ordered = sorted(objects, key=lambda entry: (entry.is_balanced, entry.dataset, entry.key))
    return Snapshot(
        environment=environment,
        region=region,
        taken_at=taken_at,
        calls=calls,
        seconds=round(seconds, 2),
        status=dict(status),
        counts=counts,
        points=points(receipts, loaded_at),
        reasons=by_reason(receipts),
        audit={
            "balanced": audit.is_balanced,
            "datasets": _datasets(audit),
            "objects": ordered[:SHOWN],
            "object_count": len(objects),
            "findings": audit.findings[:SHOWN],
            "finding_count": len(audit.findings),
        },
        spent=spent,
    )


def points(receipts: Iterable[Receipt], loaded_at: Mapping[str, datetime]) -> list[Point]:
    """Records and latency by the time at which S3 received the objects, in intervals of equal length."""
    found = sorted(receipts, key=lambda receipt: receipt.last_modified)
    if not found:
        return []
    first, last = found[0].last_modified.timestamp(), found[-1].last_modified.timestamp()
    step = max(1.0, (last - first) / (_POINTS - 1))
    slots: dict[int, list[Receipt]] = defaultdict(list)
    for receipt in found:
        slots[int((receipt.last_modified.timestamp() - first) / step)].append(receipt)
    return [
        Point(
            start=datetime.fromtimestamp(first + slot * step, UTC),
            records=sum(receipt.lines for receipt in slots[slot]),
            latency_seconds=_slowest(slots[slot], loaded_at),
        )
        for slot in range(max(slots) + 1)
    ]


def _slowest(receipts: Iterable[Receipt], loaded_at: Mapping[str, datetime]) -> float | None:
    seconds = [
        (loaded_at[receipt.object_id] - receipt.last_modified).total_seconds()
        for receipt in receipts
        if receipt.object_id in loaded_at
    ]
    return round(max(seconds), 1) if seconds else None


def by_reason(receipts: Iterable[Receipt]) -> list[ReasonCount]:
    """The bad records by reason, the most frequent first, with the objects that hold them."""
    records: Counter[str] = Counter()
    objects: dict[str, list[BadObject]] = defaultdict(list)
    for receipt in receipts:
        for reason, count in receipt.reasons.items():
            records[reason] += count
            objects[reason].append(BadObject(receipt.object_id, receipt.key, receipt.dataset, count))
    return [
        ReasonCount(reason, count, sorted(objects[reason], key=lambda entry: (-entry.records, entry.key))[:SHOWN])
        for reason, count in sorted(records.items(), key=lambda item: (-item[1], item[0]))
    ]


def _datasets(audit: Audit) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for entry in audit.objects:
        dataset = found.setdefault(entry.dataset, {"objects": 0, "unbalanced": 0, "in_table": 0})
        dataset["objects"] += 1
        dataset["unbalanced"] += not entry.is_balanced
        dataset["in_table"] += entry.in_table
    return dict(sorted(found.items()))
