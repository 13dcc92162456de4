"""From the raw object to its Parquet objects: events, processor, stream, enrichment."""

import math

from ..wire import KIB
from .bill import Bill, Part
from .plan import Facts, Function
from .workload import (
    DAYS_A_MONTH,
    ENRICHMENT_SECONDS_PER_GB,
    ENRICHMENT_WAIT_SECONDS,
    GIB,
    HOURS_A_MONTH,
    PROCESSOR_SECONDS_PER_GB,
    PROCESSOR_WAIT_SECONDS,
    SECONDS_A_DAY,
    VCPU_MB,
    Workload,
)

_INCLUDED_EPHEMERAL_MB = 512
_PUT_UNIT = 25 * KIB
_DEFAULT_RETENTION_HOURS = 24
# Lambda asks each queue with five connections at first, each for 20 seconds (AWS Lambda Developer Guide, "Using Lambda
# with Amazon SQS").
_IDLE_POLLS = 5 * HOURS_A_MONTH * 3600 / 20
# Send, receive, delete; Lambda receives and deletes ten at once at best.
REQUESTS_PER_MESSAGE = 3
# Of a shard, data in (Amazon Kinesis Data Streams Developer Guide, "Quotas and limits").
SHARD_BYTES_PER_SECOND, SHARD_RECORDS_PER_SECOND = 1024 * KIB, 1000


def add_pipeline(bill: Bill, facts: Facts, work: Workload) -> None:
    pipeline = Part.PIPELINE
    requests = work.objects * REQUESTS_PER_MESSAGE
    bill.add(pipeline, "SQS", "raw events: sent, received, deleted, polled", requests + _IDLE_POLLS, "sqs_request")
    cpu_seconds = work.gb * PROCESSOR_SECONDS_PER_GB
    add_function(bill, pipeline, facts, "processor", work.objects, cpu_seconds, PROCESSOR_WAIT_SECONDS)
    _add_stream(bill, facts, work)
    cpu_seconds = work.gb * ENRICHMENT_SECONDS_PER_GB
    add_function(bill, pipeline, facts, "enrichment", work.chunks, cpu_seconds, ENRICHMENT_WAIT_SECONDS)
    requests = work.chunks * REQUESTS_PER_MESSAGE
    bill.add(pipeline, "SQS", "Parquet events: sent, received, deleted, polled", requests + _IDLE_POLLS, "sqs_request")


def add_function(  # noqa: PLR0913, PLR0917  one call of it says all of a function
    bill: Bill, part: Part, facts: Facts, stage: str, invocations: float, cpu_seconds: float, wait_seconds: float
) -> None:
    """A function that computes `cpu_seconds` a month on a whole vCPU, and waits so long in each invocation."""
    function = facts.functions[stage]
    seconds = cpu_seconds * _slower(function) + invocations * wait_seconds
    memory = seconds * function.memory_mb / 1024
    bill.add(part, "Lambda", f"{stage}: {function.memory_mb} MB", memory, f"lambda_{function.architecture}")
    bill.add(part, "Lambda", f"{stage}: invocations", invocations, "lambda_request")
    more = max(0, function.ephemeral_mb - _INCLUDED_EPHEMERAL_MB) / 1024
    bill.add(part, "Lambda", f"{stage}: /tmp above 512 MB", seconds * more, "lambda_ephemeral")


def _slower(function: Function) -> float:
    """Below 1,769 MB a function has a part of a vCPU; above it, more vCPUs that our single thread does not use."""
    return max(1.0, VCPU_MB / function.memory_mb)


def _add_stream(bill: Bill, facts: Facts, work: Workload) -> None:
    part, service = Part.PIPELINE, "Kinesis"
    # Rounded up to 1 KB.
    stored = work.chunks * math.ceil(work.chunk_bytes / KIB) * KIB / GIB
    longer_hours = max(0, facts.stream_hours - _DEFAULT_RETENTION_HOURS)
    if facts.stream_mode == "ON_DEMAND":
        bill.add(part, service, "stream, on demand", HOURS_A_MONTH, "kinesis_stream_hour")
        bill.add(part, service, "chunks in", stored, "kinesis_in")
        bill.add(part, service, "chunks out", stored, "kinesis_out")
        kept = stored * longer_hours / HOURS_A_MONTH
        bill.add(part, service, f"chunks kept for {facts.stream_hours} hours", kept, "kinesis_kept_longer")
        return
    shard_hours = HOURS_A_MONTH * facts.shard_count
    bill.add(part, service, f"{facts.shard_count} shards", shard_hours, "kinesis_shard_hour")
    puts = work.chunks * math.ceil(work.chunk_bytes / _PUT_UNIT)
    bill.add(part, service, "chunks in", puts, "kinesis_put")
    if longer_hours:
        bill.add(part, service, f"kept for {facts.stream_hours} hours", shard_hours, "kinesis_shard_longer")


def needed_shards(work: Workload) -> int:
    """Shards of a provisioned stream that take the busiest second."""
    a_second = work.peak * work.chunks / (DAYS_A_MONTH * SECONDS_A_DAY)
    by_bytes = a_second * work.chunk_bytes / SHARD_BYTES_PER_SECOND
    return max(1, math.ceil(by_bytes), math.ceil(a_second / SHARD_RECORDS_PER_SECOND))
