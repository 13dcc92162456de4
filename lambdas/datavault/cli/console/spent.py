"""What the objects that are there have cost to take in, by their counts and the dated list of prices. Pure."""

from collections.abc import Sequence

from ...cost.pipeline import REQUESTS_PER_MESSAGE
from ...cost.prices import Prices
from ...cost.storage import PUTS_PER_CHUNK, PUTS_PER_OBJECT
from ...cost.workload import (
    ENRICHMENT_SECONDS_PER_GB,
    GIB,
    PROCESSOR_SECONDS_PER_GB,
    STREAM_RATIO,
    VCPU_MB,
)
from ...receipt import Receipt
from .snapshot import CostLine, Spent


def spent(receipts: Sequence[Receipt], prices: Prices, env: str) -> Spent:
    """The estimate. What stands still (stream hours, the warehouse, storage) is `datavault cost`'s, by the month."""
    gb = sum(receipt.size for receipt in receipts) / GIB
    chunks = sum(len(receipt.chunks) for receipt in receipts)
    bad_objects = sum(bool(receipt.quarantine_key) for receipt in receipts)
    seconds = gb * (PROCESSOR_SECONDS_PER_GB + ENRICHMENT_SECONDS_PER_GB)
    quantities = [
        ("Lambda: processor and enrichment", seconds * VCPU_MB / 1024, "lambda_arm64"),
        ("Lambda: invocations, one a chunk at most", float(len(receipts) + chunks), "lambda_request"),
        ("Kinesis: chunks in", gb / STREAM_RATIO, "kinesis_in"),
        ("Kinesis: chunks out", gb / STREAM_RATIO, "kinesis_out"),
        ("SQS: events", float((len(receipts) + chunks) * REQUESTS_PER_MESSAGE), "sqs_request"),
        ("S3: puts", float(len(receipts) * PUTS_PER_OBJECT + chunks * PUTS_PER_CHUNK + bad_objects), "s3_put"),
    ]
    lines = [
        CostLine(what, round(quantity, 4), prices[name].unit, quantity * prices[name].usd)
        for what, quantity, name in quantities
    ]
    where = "This machine costs nothing; in an account the same objects would have cost this" if env == "local" else ""
    note = (
        f"{where or 'An estimate, not a bill'}: {len(receipts):,} objects at list prices of {prices.date}, "
        f"{prices.region}, sizes as stored in S3. Stream hours, the warehouse and storage are not in it: "
        f"`datavault cost` has them by the month."
    )
    return Spent(sum(line.usd for line in lines), lines, note)
