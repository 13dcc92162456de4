"""What lies in S3 after some months, by storage class, and the requests that brought it there."""

from ..wire import KIB, MIB
from .bill import Bill, Part
from .plan import Facts, Kept, flowing
from .warehouse import Loads
from .workload import ACCOUNT_BYTES_PER_OBJECT, DAYS_A_MONTH, GIB, Workload

# S3 moves nothing smaller by lifecycle (`transition_default_minimum_object_size` of the buckets).
_SMALLEST_MOVED = 128 * KIB
_NAMED = 3
# By the producer; by the processor, a claim and a receipt. The processor reads the object, the auditor the receipt.
PUTS_PER_OBJECT, _GETS_PER_OBJECT = 3, 2
# Parquet. The loader asks for its size, COPY reads footer and columns, the auditor asks for its checksum.
PUTS_PER_CHUNK, _GETS_PER_CHUNK = 1, 4
# A manifest, and a seal at the next audit.
_PUTS_PER_LOAD, _GETS_PER_LOAD = 2, 1


def add_storage(bill: Bill, facts: Facts, work: Workload, loads: Loads) -> None:
    add_kept(bill, facts, work)
    accounts = work.objects * work.months * ACCOUNT_BYTES_PER_OBJECT / GIB
    bill.add(Part.PIPELINE, "S3", "claims, receipts, seals", accounts, "s3_standard")
    bill.add(Part.PIPELINE, "S3", "objects put", puts(work, loads), "s3_put")
    bill.add(Part.PIPELINE, "S3", "objects read, asked for", gets(work, loads), "s3_get")


def add_kept(bill: Bill, facts: Facts, work: Workload) -> None:
    """Raw and Parquet objects as the buckets keep them."""
    raw_bytes = work.object_mb * MIB / work.raw_ratio
    parquet_bytes = work.object_mb * MIB / work.parquet_ratio / work.chunks_per_object
    for word, rules, gb, objects, object_bytes in (
        ("raw", flowing(facts.raw), work.gb / work.raw_ratio, work.objects, raw_bytes),
        ("Parquet", flowing(facts.parquet), work.parquet_gb, work.chunks, parquet_bytes),
    ):
        for names, rule in _alike(rules):
            share = len(names) / len(rules)
            _add_kept(bill, _named(word, names, rules), rule, work, gb * share, objects * share, object_bytes)


def _alike(rules: dict[str, Kept]) -> list[tuple[list[str], Kept]]:
    """The data sets that are kept alike. Each has the same part of the flow, for want of knowing better."""
    found: dict[Kept, list[str]] = {}
    for dataset, rule in rules.items():
        found.setdefault(rule, []).append(dataset)
    return [(names, rule) for rule, names in found.items()]


def _named(what: str, names: list[str], every: dict[str, Kept]) -> str:
    if len(names) == len(every):
        return what
    return f"{what} of {', '.join(names)}" if len(names) <= _NAMED else f"{what} of {len(names)} data sets"


def _add_kept(  # noqa: PLR0913, PLR0917  what, how long, how much
    bill: Bill, what: str, kept: Kept, work: Workload, gb: float, objects: float, object_bytes: float
) -> None:
    last = work.days_kept(kept.expiration_days)
    steps = kept.transitions if object_bytes >= _SMALLEST_MOVED else ()
    bounds = [(0, "STANDARD"), *steps]
    ends = [*(float(day) for day, _ in bounds[1:]), last]
    for (begin, storage_class), end in zip(bounds, ends, strict=True):
        days = min(end, last) - begin
        name = storage_class.lower()
        label = storage_class.replace("_", "-")
        bill.add(Part.PIPELINE, "S3", f"{what}, {label}", gb / DAYS_A_MONTH * max(0.0, days), f"s3_{name}")
        if begin and last > begin:
            bill.add(Part.PIPELINE, "S3", f"{what}, moved to {label}", objects, f"s3_to_{name}")


def puts(work: Workload, loads: Loads) -> float:
    return work.objects * PUTS_PER_OBJECT + work.chunks * PUTS_PER_CHUNK + loads.a_month * _PUTS_PER_LOAD


def gets(work: Workload, loads: Loads) -> float:
    return work.objects * _GETS_PER_OBJECT + work.chunks * _GETS_PER_CHUNK + loads.a_month * _GETS_PER_LOAD
