"""What goes through the pipeline, and what was measured or is assumed of the work on it.

One GB is 2**30 bytes, as AWS bills it; one TB is 1,024 of them.
"""

import math
from typing import Final

import msgspec

from ..wire import CHUNK_LIMIT_BYTES, JSON_CHUNK_INPUT_BYTES, KIB, MIB

GIB: Final = 1024 * MIB
DAYS_A_MONTH: Final = 365 / 12
HOURS_A_MONTH: Final = 730
SECONDS_A_DAY: Final = 86_400

# Measured by `make bench` with the 336,776 flights as NDJSON (101 MB, 12 chunks): the functions' code without AWS, on
# one virtual core (AMD EPYC), rounded up; a test holds them against docs/benchmarks.json. Lambda gives one vCPU at
# 1,769 MB (AWS Lambda Developer Guide, "Configure Lambda function memory"), which is taken to be as fast as that core.
RECORD_BYTES: Final = 298
STREAM_RATIO: Final = 11.8  # bytes of NDJSON to bytes of chunks
PARQUET_RATIO: Final = 10.6  # bytes of NDJSON to bytes of Parquet, lineage columns included
PROCESSOR_SECONDS_PER_GB: Final = 6.0
ENRICHMENT_SECONDS_PER_GB: Final = 8.0
VCPU_MB: Final = 1769

# Assumed, to be replaced by what an account measures. What waits for AWS beside the CPU: claim, receipt and puts of an
# object; the put of a Parquet object; COPY with a warehouse that wakes up; an audit; a page of 1,000 listed objects.
PROCESSOR_WAIT_SECONDS: Final = 0.5
ENRICHMENT_WAIT_SECONDS: Final = 0.2
LOAD_SECONDS: Final = 20.0
AUDIT_SECONDS: Final = 5.0
LIST_SECONDS: Final = 0.1
# Parquet that COPY loads, per RPU. The shortest bill of the warehouse (60 s) is far longer until some 100 GB an hour.
COPY_MB_PER_RPU_SECOND: Final = 2.0
LOG_BYTES_PER_INVOCATION: Final = 3 * KIB
LOG_BYTES_PER_LOAD: Final = 20 * KIB  # Redshift's log of a load's statements
FLOW_LOG_BYTES_PER_INVOCATION: Final = 2.4 * KIB
IMAGE_GB: Final = 0.1  # what an image adds to those before it: Python's dependencies and our code
ACCOUNT_BYTES_PER_OBJECT: Final = 4 * KIB  # claim, receipt, and the part of a seal


class Workload(msgspec.Struct, frozen=True):
    """A steady flow of NDJSON. `raw_ratio` says how much smaller producers' compression makes it.

    `months` is how long the flow has lasted: storage is billed for what has been kept since. `peak` is how many times
    the average the busiest second may be.
    """

    gb_per_day: float
    record_bytes: float = RECORD_BYTES
    object_mb: float = 64
    raw_ratio: float = 1
    stream_ratio: float = STREAM_RATIO
    parquet_ratio: float = PARQUET_RATIO
    peak: float = 3
    months: float = 12

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            lowest_allowed = name == "gb_per_day"
            if not math.isfinite(value) or value < 0 or (value == 0 and not lowest_allowed):
                raise ValueError(f"{name} must be a number {'of at least' if lowest_allowed else 'above'} 0")

    @property
    def gb(self) -> float:
        """GB a month, as NDJSON."""
        return self.gb_per_day * DAYS_A_MONTH

    @property
    def records(self) -> float:
        return self.gb * GIB / self.record_bytes

    @property
    def objects(self) -> float:
        return self.gb * 1024 / self.object_mb

    @property
    def chunks_per_object(self) -> int:
        """One for 8 MiB of input; more where these would not fit into a Kinesis record (docs/wire-format.md)."""
        size = self.object_mb * MIB
        return max(math.ceil(size / JSON_CHUNK_INPUT_BYTES), math.ceil(size / self.stream_ratio / CHUNK_LIMIT_BYTES))

    @property
    def chunks(self) -> float:
        return self.objects * self.chunks_per_object

    @property
    def chunk_bytes(self) -> float:
        return self.object_mb * MIB / self.stream_ratio / self.chunks_per_object

    @property
    def parquet_gb(self) -> float:
        return self.gb / self.parquet_ratio

    @property
    def days(self) -> float:
        return self.months * DAYS_A_MONTH

    def days_kept(self, longest: int | None) -> float:
        """Days of the flow that are there when nothing is kept longer than so; None: for ever."""
        return self.days if longest is None else min(self.days, longest)

    def share_of_periods(self, a_month: float) -> float:
        """In which share of so many periods a month at least one object arrives, when they come evenly."""
        return min(1.0, self.objects / a_month)
