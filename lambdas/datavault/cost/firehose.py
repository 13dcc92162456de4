"""The same Parquet objects, and the raw ones, by Firehose with format conversion: what people build instead."""

import math

from ..wire import KIB
from .bill import Bill, Line, Part
from .pipeline import add_function
from .plan import Facts
from .prices import Prices
from .storage import add_kept
from .workload import (
    DAYS_A_MONTH,
    ENRICHMENT_SECONDS_PER_GB,
    GIB,
    PROCESSOR_SECONDS_PER_GB,
    SECONDS_A_DAY,
    Workload,
)

NOT_DONE = (
    "no reason for each bad record, no exactly-once, no seals, no audit; "
    "partitions by a field of the record cost more; masking and joins need the transformation Lambda"
)

_RECORD_STEP = 5 * KIB
_TIERS = (
    (500 * 1024.0, "firehose_first_500_tb"),
    (1500 * 1024.0, "firehose_next_1500_tb"),
    (math.inf, "firehose_over_2000_tb"),
)
# What it gathers at most for an object (Amazon Data Firehose Developer Guide, "Configure buffering hints").
_BUFFER_MB, _BUFFER_SECONDS = 128, 900
# What it hands to a transformation at most in one call.
_TRANSFORMED_MB = 3
_SERVICE = "Firehose"


def add_firehose(prices: Prices, facts: Facts, work: Workload, *, is_packed: bool, is_transformed: bool) -> list[Line]:
    """Its bill when producers put one record at a time, or records packed into full steps of 5 KB."""
    bill = Bill(prices)
    billed = work.gb if is_packed else work.records * math.ceil(work.record_bytes / _RECORD_STEP) * _RECORD_STEP / GIB
    left = billed
    for size, price in _TIERS:
        bill.add(Part.PIPELINE, _SERVICE, "ingested, each record rounded up to 5 KB", min(left, size), price)
        left -= min(left, size)
    bill.add(Part.PIPELINE, _SERVICE, "converted to Parquet", billed, "firehose_conversion")
    if is_transformed:
        # With our own code, the fastest that we know of.
        seconds = work.gb * (PROCESSOR_SECONDS_PER_GB + ENRICHMENT_SECONDS_PER_GB)
        calls = work.gb * 1024 / _TRANSFORMED_MB
        add_function(bill, Part.PIPELINE, facts, "enrichment", calls, seconds, 0)
    add_kept(bill, facts, work)
    # Parquet, and the source records, which are kept for a replay as ours are.
    windows = DAYS_A_MONTH * SECONDS_A_DAY / _BUFFER_SECONDS * len(facts.parquet)
    objects = max(work.gb * 1024 / _BUFFER_MB, min(work.objects, windows))
    bill.add(Part.PIPELINE, "S3", "objects put", 2 * objects, "s3_put")
    return bill.lines
