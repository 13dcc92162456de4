"""What is sent through the pipeline while faults happen: small raw objects whose every line is known."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import pytest

from ..unit.support import small_wire

FLIGHT: dict[str, Any] = {
    "year": 2013, "month": 1, "day": 1, "dep_time": 517, "sched_dep_time": 515, "dep_delay": 2, "arr_time": 830,
    "sched_arr_time": 819, "arr_delay": 11, "carrier": "UA", "flight": 1545, "tailnum": "N14228", "origin": "EWR",
    "dest": "IAH", "air_time": 227, "distance": 1400, "hour": 5, "minute": 15, "time_hour": "2013-01-01T10:00:00Z",
}  # fmt: skip


@dataclass(frozen=True)
class Content:
    """One raw object: its bytes, and what must become of each line. `values` maps a good line to its business value."""

    dataset: str
    body: bytes
    values: dict[int, str]
    reasons: dict[str, int]


def flights(count: int, bad: bool = False) -> Content:
    lines, values, reasons = [], {}, {}
    for line in range(1, count + 1):
        record = json.dumps(FLIGHT | {"flight": line})
        if bad and line == 3:
            record, reasons["invalid_json"] = record[:-9], 1
        elif bad and line == 7:
            record, reasons["not_in_enum"] = json.dumps(FLIGHT | {"origin": "SFO"}), 1
        elif bad and line == count:
            record, reasons["missing_field"] = '{"year": 2013}', 1
        else:
            values[line] = str(line)
        lines.append(record)
    return Content("flights", "\n".join(lines).encode() + b"\n", values, reasons)


def order(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "order_id": f"ORD-{number:08}",
        "ordered_at": "2026-01-05T10:00:00+01:00",
        "customer": {"id": 7, "email": f"c{number}@example.com", "country": "DE"},
        "items": [{"sku": "AX-0001", "quantity": 2, "unit_price": "9.90"}],
        "total": "19.80",
        "gift": False,
    } | changes


def orders(first: int, count: int, **changes: Any) -> Content:
    """Orders of their own numbers, so that a later run replaces none of them; one of them is bad."""
    records = [order(first + offset, **changes) for offset in range(count)]
    lines = [json.dumps(record) for record in records]
    lines.insert(2, json.dumps(order(first, gift="yes")))
    values = {line: f"ORD-{first + offset:08}" for offset, line in enumerate([1, 2, *range(4, count + 2)])}
    return Content("orders", "\n".join(lines).encode() + b"\n", values, {"wrong_type": 1})


@contextmanager
def several_chunks() -> Iterator[None]:
    """Chunks of about six records, two of them in a put: what a large object has, in a small one."""
    with small_wire(block=600, chunk=2_400), pytest.MonkeyPatch.context() as patch:
        patch.setattr("datavault.edges.kinesis.MAX_CHUNKS", 2)
        yield


@dataclass(frozen=True)
class Scenario:
    """`make` gives the objects of the n-th run, in the order in which they are put."""

    name: str
    make: Callable[[int], list[Content]]
    wire: Callable[[], Any] = nullcontext
    # Objects that go through without a fault first, for those under test to replace.
    before: Callable[[int], list[Content]] = lambda _number: []


def numbered(run: int) -> int:
    """The first order number of a run."""
    return 10_000_000 + run * 100


BAD_RECORDS = Scenario("bad records", lambda _run: [flights(12, bad=True)])
CHUNKS = Scenario("several chunks", lambda _run: [flights(30, bad=True)], several_chunks)
MERGE = Scenario(
    "merge",
    lambda run: [orders(numbered(run), 6, gift=True)],
    before=lambda run: [orders(numbered(run) + 3, 6)],
)
TWO_DATASETS = Scenario("two datasets", lambda run: [flights(18), orders(numbered(run), 6), flights(5)], several_chunks)
