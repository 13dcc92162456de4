"""What each hop can carry, from the settings and from the times of one unit of work. Pure.

The times are those that `datavault cost` computes with: measured CPU, and assumed waits for AWS (cost/workload.py).
"""

from collections.abc import Iterator

import msgspec

from datavault.cost.workload import (
    COPY_MB_PER_RPU_SECOND,
    ENRICHMENT_SECONDS_PER_GB,
    ENRICHMENT_WAIT_SECONDS,
    GIB,
    LOAD_SECONDS,
    PROCESSOR_SECONDS_PER_GB,
    PROCESSOR_WAIT_SECONDS,
    SECONDS_A_DAY,
    Workload,
)
from datavault.wire import MIB

# Of a shard, data in (Amazon Kinesis Data Streams Developer Guide, "Quotas and limits").
SHARD_BYTES_PER_SECOND = MIB
# An on-demand stream begins at 4 MB/s and grows to 200, in some Regions and on request to 10 GB/s (same page).
ON_DEMAND_SHARDS = 200
CHUNKS_PER_BATCH = 4  # infrastructure/enrichment.tf
CHUNKS_PER_LOAD = 1000  # infrastructure/loader.tf


class Settings(msgspec.Struct, frozen=True):
    """What Terraform sets, by its variables' names; `shards` of an on-demand stream is what it grows to."""

    processor_concurrency: int
    shards: int
    parallelization_factor: int
    loader_window_seconds: int
    base_capacity_rpu: int


# environments/*/main.tf; what they leave out is the default of infrastructure/variables.tf. The window is a third of
# the strictest latency that a contract promises (infrastructure/contracts.tf): 5 minutes of `orders`.
ENVIRONMENTS = {
    "dev": Settings(2, 1, 4, 100, 4),
    "staging": Settings(10, ON_DEMAND_SHARDS, 4, 100, 8),
    "prod": Settings(50, ON_DEMAND_SHARDS, 4, 100, 8),
}


def raw_bytes_per_chunk(work: Workload) -> float:
    return work.object_mb * MIB / work.chunks_per_object


def processor_seconds(work: Workload) -> float:
    """One object, on one vCPU."""
    return PROCESSOR_SECONDS_PER_GB * work.object_mb / 1024 + PROCESSOR_WAIT_SECONDS


def enrichment_seconds(work: Workload) -> float:
    """One chunk, on one vCPU."""
    return ENRICHMENT_SECONDS_PER_GB * raw_bytes_per_chunk(work) / GIB + ENRICHMENT_WAIT_SECONDS


def parquet_bytes(work: Workload) -> float:
    return raw_bytes_per_chunk(work) / work.parquet_ratio


def load_seconds(work: Workload, chunks: float, settings: Settings) -> float:
    """One transaction. They take turns: each locks the ledger first (docs/decisions/0008-one-ledger-lock.md)."""
    megabytes = chunks * parquet_bytes(work) / MIB
    return LOAD_SECONDS + megabytes / (COPY_MB_PER_RPU_SECOND * settings.base_capacity_rpu)


class Need(msgspec.Struct, frozen=True):
    """What a flow needs of each hop at its average; for the busiest second, `peak` times as much."""

    objects_per_second: float
    chunks_per_second: float
    processors: float
    shards: float
    enrichments: float
    rpu: float
    load_turns: float  # the share of the time in which the ledger is locked, at CHUNKS_PER_LOAD and COPY at no cost


def need(work: Workload) -> Need:
    raw = work.gb_per_day * GIB / SECONDS_A_DAY
    objects, chunks = raw / (work.object_mb * MIB), raw / raw_bytes_per_chunk(work)
    return Need(
        objects_per_second=objects,
        chunks_per_second=chunks,
        processors=objects * processor_seconds(work),
        shards=chunks * work.chunk_bytes / SHARD_BYTES_PER_SECOND,
        enrichments=chunks * enrichment_seconds(work),
        rpu=chunks * parquet_bytes(work) / MIB / COPY_MB_PER_RPU_SECOND,
        load_turns=chunks / CHUNKS_PER_LOAD * LOAD_SECONDS,
    )


def limits(work: Workload, settings: Settings) -> dict[str, float]:
    """GB a day at which each hop is busy all the time."""
    per_second = {
        "processor": settings.processor_concurrency / processor_seconds(work) * work.object_mb * MIB,
        "stream": settings.shards * SHARD_BYTES_PER_SECOND * work.stream_ratio,
        "enrichment": settings.shards
        * settings.parallelization_factor
        / enrichment_seconds(work)
        * raw_bytes_per_chunk(work),
        "loader": CHUNKS_PER_LOAD / load_seconds(work, CHUNKS_PER_LOAD, settings) * raw_bytes_per_chunk(work),
    }
    return {hop: bytes_ * SECONDS_A_DAY / GIB for hop, bytes_ in per_second.items()}


def first_to_saturate(work: Workload, settings: Settings) -> tuple[str, float]:
    """The hop with the lowest limit, and that limit in GB a day."""
    return min(limits(work, settings).items(), key=lambda item: item[1])


def calls(objects: int) -> Iterator[tuple[str, int]]:
    """AWS calls for so many objects of one chunk each, without retries and idle polls."""
    yield "S3 GET and HEAD (raw object; claim or receipt; Parquet object by the loader)", 3 * objects
    yield "S3 PUT (claim, receipt, Parquet object)", 3 * objects
    yield "Kinesis PutRecords", objects
    yield "SQS (send, receive, delete; raw and Parquet events)", 6 * objects
    yield "Lambda invocations (processor; enrichment, four chunks each)", objects + objects // CHUNKS_PER_BATCH
    yield f"loads of {CHUNKS_PER_LOAD:,} chunks", -(-objects // CHUNKS_PER_LOAD)
