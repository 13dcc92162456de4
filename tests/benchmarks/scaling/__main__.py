"""usage: python -m tests.benchmarks.scaling [--write]   prints the tables of docs/scaling.md, or writes them there."""

import sys

import msgspec

from datavault.cost.workload import LOAD_SECONDS, Workload

from ..tables import replace_generated, table
from . import arithmetic
from .arithmetic import ENVIRONMENTS, Settings
from .simulation import Seen, simulate

TB, PB = 1024.0, 1024.0**2  # in GB
_SECONDS = 1800.0
_SWEEP = (0.5, 1, 4, 8, 12, 16, 24, 32)  # TB a day
_SATURATED = 16 * TB
_SMALL_FILES = 100_000


def needs() -> str:
    of = [arithmetic.need(Workload(gb)) for gb in (TB, PB)]
    rows = [
        ["raw objects of 64 MB a second", *(f"{need.objects_per_second:,.2f}" for need in of)],
        ["chunks a second", *(f"{need.chunks_per_second:,.1f}" for need in of)],
        ["processors at work", *(f"{need.processors:,.1f}" for need in of)],
        ["shards", *(f"{need.shards:,.1f}" for need in of)],
        ["enrichments at work", *(f"{need.enrichments:,.1f}" for need in of)],
        ["RPU that COPY keeps busy", *(f"{need.rpu:,.1f}" for need in of)],
        [f"ledger locked, at {LOAD_SECONDS:.0f} s a load", *(f"{need.load_turns:,.2f} of the time" for need in of)],
    ]
    return table(["", "1 TB a day", "1 PB a day"], rows)


def reaches() -> str:
    """Where each hop is busy all the time, in TB a day."""
    rows = []
    for name, settings in ENVIRONMENTS.items():
        limits = arithmetic.limits(Workload(1), settings)
        first, _ = arithmetic.first_to_saturate(Workload(1), settings)
        rows.append([name, *(f"{limit / TB:,.1f}" for limit in limits.values()), first])
    return table(["environment", *arithmetic.limits(Workload(1), ENVIRONMENTS["prod"]), "first"], rows)


def sweep() -> str:
    rows = [_row(f"{load:g}", simulate(Workload(load * TB), ENVIRONMENTS["prod"], _SECONDS)) for load in _SWEEP]
    return table(["TB a day", *_HEAD], rows)


def moves() -> str:
    """The same flow, with one setting moved after the other."""
    prod, work = ENVIRONMENTS["prod"], Workload(_SATURATED)
    fast = msgspec.structs.replace(prod, base_capacity_rpu=32)

    def changed(**settings: int) -> Settings:
        return msgspec.structs.replace(fast, **settings)

    cases: list[tuple[str, Workload, Settings]] = [
        ("prod as it is", work, prod),
        ("`base_capacity_rpu` 16", work, changed(base_capacity_rpu=16)),
        ("`base_capacity_rpu` 32", work, fast),
        ("32, and `loader_window_seconds` 30", work, changed(loader_window_seconds=30)),
        ("32, and `maximum_concurrency` 4", work, changed(processor_concurrency=4)),
        ("32, and 16 shards with `parallelization_factor` 1", work, changed(shards=16, parallelization_factor=1)),
        ("32, and objects of 1 MB", Workload(_SATURATED, object_mb=1), fast),
    ]
    rows = [_row(name, simulate(flow, settings, _SECONDS)) for name, flow, settings in cases]
    return table([f"{_SATURATED / TB:.0f} TB a day", *_HEAD], rows)


_HEAD = ["p50 s", "p95 s", "p99 s", "processor busy", "enrichment busy", "loader busy", "waiting at the end"]


def _row(name: str, seen: Seen) -> list[str]:
    latencies = [f"{seen.percentile(share):,.0f}" for share in (0.50, 0.95, 0.99)]
    hop, most = max(seen.waiting.items(), key=lambda item: item[1])
    return [name, *latencies, *(f"{busy:.0%}" for busy in seen.busy.values()), f"{most:,} at the {hop}"]


def small_files() -> str:
    rows = [[what, f"{number:,}"] for what, number in arithmetic.calls(_SMALL_FILES)]
    loads = -(-_SMALL_FILES // arithmetic.CHUNKS_PER_LOAD)
    rows.append(["minutes that the ledger is locked", f"{loads * LOAD_SECONDS / 60:,.0f}"])
    return table([f"{_SMALL_FILES:,} objects of 1 kB", ""], rows)


def generated() -> str:
    parts = [
        "### What a flow needs\n\n" + needs(),
        "### Where each hop is busy all the time\n\nTB a day, objects of 64 MB:\n\n" + reaches(),
        f"### Simulated: prod under growing load\n\nHalf an hour each, from empty queues:\n\n{sweep()}",
        "### Simulated: one setting moved\n\n" + moves(),
        "### Many small objects\n\n" + small_files(),
    ]
    return "\n\n".join(parts)


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        replace_generated("scaling", "scaling", generated())
    else:
        print(generated())
