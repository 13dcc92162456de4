"""The loader, and a warehouse that sleeps between loads: Redshift Serverless bills at least 60 s each time it wakes."""

import msgspec

from .bill import Bill, Part
from .pipeline import add_function
from .plan import Facts
from .workload import (
    COPY_MB_PER_RPU_SECOND,
    DAYS_A_MONTH,
    LOAD_SECONDS,
    SECONDS_A_DAY,
    Workload,
)

_SHORTEST_BILL_SECONDS = 60
_MESSAGES_PER_LOAD = 1000  # infrastructure/loader.tf


class Loads(msgspec.Struct, frozen=True):
    """How often the warehouse is woken a month: by the loader, and by audits that have something to ask."""

    a_month: float
    audits: float

    @property
    def a_day(self) -> float:
        return self.a_month / DAYS_A_MONTH


def loads(facts: Facts, work: Workload) -> Loads:
    """One load for each window in which something arrives, more if a window brings more than a load takes."""
    windows = work.share_of_periods(_periods(facts.loader_window_seconds)) * _periods(facts.loader_window_seconds)
    audits = _periods(facts.auditor_period_minutes * 60)
    return Loads(max(windows, work.chunks / _MESSAGES_PER_LOAD), work.share_of_periods(audits) * audits)


def _periods(seconds: float) -> float:
    return DAYS_A_MONTH * SECONDS_A_DAY / seconds


class Compute(msgspec.Struct, frozen=True):
    """RPU-hours a month: what the flow needs, and what the limits allow. `limit` names the one that is reached."""

    needed: float
    billed: float
    limit: str


def rpu_hours(base_rpu: float, wakes_a_day: float, awake_seconds: float) -> float:
    """RPU-hours a month of a warehouse that is woken so often, for so long; at most it is always awake."""
    a_day = min(SECONDS_A_DAY, wakes_a_day * max(_SHORTEST_BILL_SECONDS, awake_seconds))
    return base_rpu * a_day * DAYS_A_MONTH / 3600


def compute(facts: Facts, work: Workload, found: Loads) -> Compute:
    """Loads and audits as if they never met: when they do, the bill is smaller."""
    copied = work.parquet_gb * 1024 / (COPY_MB_PER_RPU_SECOND * facts.base_rpu)
    copy_seconds = copied / found.a_month if found.a_month else 0.0
    loading = rpu_hours(facts.base_rpu, found.a_day, copy_seconds)
    asking = rpu_hours(facts.base_rpu, found.audits / DAYS_A_MONTH, 0)
    needed = min(loading + asking, rpu_hours(facts.base_rpu, 1, SECONDS_A_DAY))
    limits = {
        "daily": None if facts.daily_limit is None else facts.daily_limit * DAYS_A_MONTH,
        "monthly": facts.monthly_limit,
    }
    lowest = min(((hours, name) for name, hours in limits.items() if hours is not None), default=(needed, ""))
    return Compute(needed, min(needed, lowest[0]), lowest[1] if lowest[0] < needed else "")


def add_warehouse(bill: Bill, facts: Facts, work: Workload, found: Loads) -> Compute:
    part, service = Part.WAREHOUSE, "Redshift"
    hours = compute(facts, work, found)
    add_function(bill, part, facts, "loader", found.a_month, 0, LOAD_SECONDS)
    bill.add(part, service, f"compute, base {facts.base_rpu} RPU", hours.billed, "redshift_rpu_hour")
    kept = work.parquet_gb * work.months  # rows are kept, whatever becomes of their Parquet objects
    bill.add(part, service, "rows, as large as their Parquet", kept, "redshift_storage")
    if facts.is_snapshotted:
        bill.add(part, service, "snapshots, of which the first is whole", kept, "redshift_snapshot")
    return hours
