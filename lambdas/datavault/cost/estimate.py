"""The whole bill of a plan under a workload, what to be warned of, and Firehose beside it."""

from datetime import date

import msgspec

from .bill import Bill, Line, Part, by_service, total
from .firehose import NOT_DONE, add_firehose
from .operations import add_operations, audit_seconds
from .pipeline import add_pipeline, needed_shards
from .plan import Facts
from .platform import add_platform, unpriced
from .prices import Prices
from .storage import add_storage
from .warehouse import Compute, add_warehouse, loads
from .workload import DAYS_A_MONTH, Workload

NOT_COUNTED = (
    "taxes, support, discounts, free tiers, data leaving AWS, people's queries, GuardDuty, logs of S3 and CloudTrail "
    "in S3, bad records, services in VPC Lattice, logs of a cluster"
)


class Rates(msgspec.Struct, frozen=True):
    """A month's dollars, and what they come to. The last two are None when nothing flows."""

    usd_per_month: float
    usd_per_day: float
    usd_per_tb: float | None
    usd_per_million_records: float | None


class Firehose(msgspec.Struct, frozen=True):
    """Dollars a month for what `datavault` does in PIPELINE, each without and with the transformation Lambda."""

    datavault_pipeline: float
    one_record_each: float
    one_record_each_transformed: float
    packed: float
    packed_transformed: float
    not_done: str = NOT_DONE


class Estimate(msgspec.Struct, frozen=True):
    """What a plan costs a month."""

    lines: list[Line]
    services: dict[str, float]
    rates: Rates
    firehose: Firehose
    warnings: list[str]
    not_counted: str = NOT_COUNTED


def estimate(prices: Prices, facts: Facts, work: Workload, today: date) -> Estimate:
    bill, found = Bill(prices), loads(facts, work)
    add_pipeline(bill, facts, work)
    add_storage(bill, facts, work, found)
    compute = add_warehouse(bill, facts, work, found)
    add_operations(bill, facts, work, found)
    add_platform(bill, facts, prices)
    return Estimate(
        lines=bill.lines,
        services=by_service(bill.lines),
        rates=_rates(total(bill.lines), work),
        firehose=_firehose(prices, facts, work, bill.lines),
        warnings=[*_warnings(facts, work, compute), *unpriced(facts, prices), *_age(prices, today)],
    )


def _rates(usd: float, work: Workload) -> Rates:
    return Rates(
        usd_per_month=usd,
        usd_per_day=usd / DAYS_A_MONTH,
        usd_per_tb=usd / work.gb * 1024 if work.gb else None,
        usd_per_million_records=usd / work.records * 1e6 if work.gb else None,
    )


def _firehose(prices: Prices, facts: Facts, work: Workload, lines: list[Line]) -> Firehose:
    def usd(*, is_packed: bool, is_transformed: bool) -> float:
        return total(add_firehose(prices, facts, work, is_packed=is_packed, is_transformed=is_transformed))

    return Firehose(
        datavault_pipeline=total(line for line in lines if line.part is Part.PIPELINE),
        one_record_each=usd(is_packed=False, is_transformed=False),
        one_record_each_transformed=usd(is_packed=False, is_transformed=True),
        packed=usd(is_packed=True, is_transformed=False),
        packed_transformed=usd(is_packed=True, is_transformed=True),
    )


def _warnings(facts: Facts, work: Workload, compute: Compute) -> list[str]:
    found = []
    if compute.limit:
        found.append(
            f"Redshift: loads and audits need {compute.needed:,.0f} RPU-hours a month, the {compute.limit} limit "
            f"allows {compute.billed:,.0f}. Past it the warehouse stops and loads wait: raise the limit, lower the "
            "base capacity, or let loads gather longer."
        )
    if facts.stream_mode == "PROVISIONED" and (shards := needed_shards(work)) > facts.shard_count:
        found.append(
            f"Kinesis: {work.peak:g} times the average flow needs {shards} shards, the plan has {facts.shard_count}. "
            "The processor waits and tries again, and falls behind."
        )
    if (seconds := audit_seconds(facts, work)) > facts.functions["auditor"].timeout_seconds:
        found.append(
            f"Auditor: listing all raw objects that are kept takes about {seconds:,.0f} s, its timeout is "
            f"{facts.functions['auditor'].timeout_seconds} s. Larger objects are fewer objects."
        )
    return found


def _age(prices: Prices, today: date) -> list[str]:
    return [f"The prices are of {prices.date}, more than a year ago."] if prices.are_old(today) else []
