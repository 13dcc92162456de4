"""What settings, flows and small objects cost a month, by `datavault cost`'s own code.

Sizes are those of the settings; what they do not name (memory of the functions, network, keys, alarms) is taken from
the plan of prod that the tests of `datavault cost` carry.
"""

from collections.abc import Iterator
from functools import cache

import msgspec

from datavault.cost.bill import Bill, Line, Part
from datavault.cost.estimate import estimate
from datavault.cost.pipeline import REQUESTS_PER_MESSAGE, add_function
from datavault.cost.plan import Facts, read_plan
from datavault.cost.prices import Prices, load_prices
from datavault.cost.storage import gets, puts
from datavault.cost.warehouse import Loads, compute, loads, rpu_hours
from datavault.cost.workload import (
    DAYS_A_MONTH,
    ENRICHMENT_WAIT_SECONDS,
    HOURS_A_MONTH,
    PROCESSOR_WAIT_SECONDS,
    SECONDS_A_DAY,
)

from .arithmetic import CHUNKS_PER_LOAD, Flow
from .settings import ROOT, Settings


@cache
def prices() -> Prices:
    return load_prices(ROOT / "infrastructure/prices/us-east-1.yaml")


@cache
def _prod() -> Facts:
    return read_plan((ROOT / "tests/unit/cost/prod.plan.json").read_bytes())


def facts(settings: Settings) -> Facts:
    """prod, with these settings."""
    return msgspec.structs.replace(
        _prod(),
        stream_mode="ON_DEMAND" if settings.is_on_demand else "PROVISIONED",
        shard_count=0 if settings.is_on_demand else settings.shards,
        loader_window_seconds=settings.loader_window_seconds,
        auditor_period_minutes=settings.auditor_period_minutes,
        base_rpu=settings.base_capacity_rpu,
        daily_limit=settings.daily_limit_rpu_hours,
        monthly_limit=settings.monthly_limit_rpu_hours,
    )


def month(flow: Flow, settings: Settings) -> dict[str, float]:
    """Dollars of each service, less what is kept: that grows with the months (docs/operations/cost.md)."""
    lines = estimate(prices(), facts(settings), flow.work(), prices().date).lines
    return _sums(line for line in lines if line.unit != "GB-month")


def _sums(lines: Iterator[Line]) -> dict[str, float]:
    found: dict[str, float] = {}
    for line in lines:
        found[line.service] = found.get(line.service, 0.0) + line.usd
    return found


def rpu_limit(flow: Flow, settings: Settings) -> float | None:
    """GB a day from which on the warehouse's limit of RPU-hours stops it; None where it never does."""
    of = facts(settings)

    def is_stopped(gb_per_day: float) -> bool:
        work = msgspec.structs.replace(flow, gb_per_day=gb_per_day).work()
        return bool(compute(of, work, loads(of, work)).limit)

    low, high = 0.0, 1024.0**2
    if not is_stopped(high):
        return None
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if is_stopped(middle) else (middle, high)
    return high


def shard() -> float:
    """One more shard for a month that keeps chunks longer than a day."""
    return HOURS_A_MONTH * (prices()["kinesis_shard_hour"].usd + prices()["kinesis_shard_longer"].usd)


def rpu() -> float:
    """One more RPU of a warehouse that is always awake."""
    return rpu_hours(1, 1, SECONDS_A_DAY) * prices()["redshift_rpu_hour"].usd


def batch(flow: Flow, objects: int, settings: Settings) -> tuple[dict[str, float], list[Line]]:
    """Calls and bill of so many objects of `flow`'s size, loaded as fast as they can be."""
    work = msgspec.structs.replace(flow, gb_per_day=objects * flow.object_mb / 1024 / DAYS_A_MONTH).work()
    chunks = objects * flow.chunks_per_object
    transactions = -(-chunks // CHUNKS_PER_LOAD)
    few = Loads(transactions, 0)
    locked = transactions * flow.load_seconds(chunks / transactions, settings.base_capacity_rpu)
    calls = {
        "S3 puts": puts(work, few),
        "S3 gets and heads": gets(work, few),
        "SQS requests": REQUESTS_PER_MESSAGE * (objects + chunks),
        "PutRecords": max(objects, -(-chunks // 8)),
        "invocations": objects + chunks,
        "transactions": transactions,
        "seconds that the ledger is locked": locked,
    }
    bill, of, part = Bill(prices()), facts(settings), Part.PIPELINE
    bill.add(part, "S3", "puts", calls["S3 puts"], "s3_put")
    bill.add(part, "S3", "gets", calls["S3 gets and heads"], "s3_get")
    bill.add(part, "SQS", "requests", calls["SQS requests"], "sqs_request")
    service = flow.service
    mib = objects * flow.object_mb
    cpu = mib * service.processor_seconds_per_raw_mib + objects * service.processor_seconds_per_object
    add_function(bill, part, of, "processor", objects, cpu, PROCESSOR_WAIT_SECONDS)
    cpu = chunks * (flow.enrichment_seconds - ENRICHMENT_WAIT_SECONDS)
    add_function(bill, part, of, "enrichment", chunks, cpu, ENRICHMENT_WAIT_SECONDS)
    hours = max(60.0, locked) * settings.base_capacity_rpu / 3600
    bill.add(Part.WAREHOUSE, "Redshift", "loads", hours, "redshift_rpu_hour")
    return calls, bill.lines
