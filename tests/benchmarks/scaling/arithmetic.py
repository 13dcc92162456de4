"""What each hop can carry, from the settings and from the times of one unit of work. Pure.

CPU is measured (service.py). What waits for AWS, and how fast COPY is, are the assumptions that `datavault cost`
computes with (lambdas/datavault/cost/workload.py): they cannot be measured without an account.
"""

import math

import msgspec

from datavault.cost.pipeline import SHARD_BYTES_PER_SECOND, SHARD_RECORDS_PER_SECOND
from datavault.cost.workload import (
    COPY_MB_PER_RPU_SECOND,
    ENRICHMENT_WAIT_SECONDS,
    GIB,
    LOAD_SECONDS,
    PROCESSOR_WAIT_SECONDS,
    SECONDS_A_DAY,
    Workload,
)
from datavault.wire import MIB

from .service import Service
from .settings import Settings

# Of a shard, data out (Kinesis Data Streams Developer Guide, "Quotas and limits",
# docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html).
SHARD_READ_BYTES_PER_SECOND = 2 * MIB
CHUNKS_PER_BATCH = 4  # infrastructure/enrichment.tf
CHUNKS_PER_LOAD = 1000  # infrastructure/loader.tf
# Invocations at once in an account and Region, at first; AWS raises it on request (AWS Lambda Operator Guide,
# serverlessland.com/content/service/lambda/guides/aws-lambda-operator-guide/scaling-concurrency).
ACCOUNT_CONCURRENCY = 1000
# A queue's mapping begins with five invocations at once and adds 300 a minute (AWS Lambda Developer Guide, "Configuring
# scaling behavior for SQS event source mappings", docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html).
MAPPING_FIRST, MAPPING_PER_MINUTE = 5, 300
# Puts a second that S3 takes at least for one partitioned prefix (as AWS's knowledge centre says it,
# aws.amazon.com/premiumsupport/knowledge-center/s3-object-key-naming-pattern). The busiest is data/<dataset>/dt=<day>/.
PREFIX_PUTS_PER_SECOND = 3500


class Flow(msgspec.Struct, frozen=True):
    """A steady flow of objects of one size, and what each piece of it takes."""

    gb_per_day: float
    service: Service
    object_mb: float = 64

    def times(self, factor: float) -> "Flow":
        return msgspec.structs.replace(self, gb_per_day=self.gb_per_day * factor)

    def work(self) -> Workload:
        """As `datavault cost` takes it."""
        service = self.service
        return Workload(
            self.gb_per_day,
            record_bytes=service.record_bytes,
            object_mb=self.object_mb,
            stream_ratio=service.stream_ratio,
            parquet_ratio=service.parquet_ratio,
        )

    @property
    def chunks_per_object(self) -> int:
        return self.work().chunks_per_object

    @property
    def raw_bytes_per_chunk(self) -> float:
        return self.object_mb * MIB / self.chunks_per_object

    @property
    def chunk_bytes(self) -> float:
        return self.raw_bytes_per_chunk / self.service.stream_ratio

    @property
    def objects_per_second(self) -> float:
        return self.gb_per_day * GIB / SECONDS_A_DAY / (self.object_mb * MIB)

    @property
    def chunks_per_second(self) -> float:
        return self.objects_per_second * self.chunks_per_object

    @property
    def processor_seconds(self) -> float:
        """One object, on one vCPU."""
        cpu = self.service.processor_seconds_per_raw_mib * self.object_mb + self.service.processor_seconds_per_object
        return cpu + PROCESSOR_WAIT_SECONDS

    @property
    def enrichment_seconds(self) -> float:
        """One chunk, on one vCPU."""
        share = self.raw_bytes_per_chunk / self.service.raw_bytes_per_chunk
        return self.service.enrichment_seconds_per_chunk * share + ENRICHMENT_WAIT_SECONDS

    def load_seconds(self, chunks: float, rpu: float) -> float:
        """One transaction. They take turns: each locks the ledger first (docs/decisions/0008-one-ledger-lock.md)."""
        megabytes = chunks * self.raw_bytes_per_chunk / self.service.parquet_ratio / MIB
        return LOAD_SECONDS + megabytes / (COPY_MB_PER_RPU_SECOND * rpu)


class Need(msgspec.Struct, frozen=True):
    """What a flow needs of each hop at its average; the busiest second needs `peak` times as much (Workload)."""

    objects_per_second: float
    chunks_per_second: float
    processors: float
    shards: float
    enrichments: float
    rpu: float
    load_turns: float  # the share of the time in which the ledger is locked, at CHUNKS_PER_LOAD and COPY at no cost


def need(flow: Flow) -> Need:
    chunks = flow.chunks_per_second
    return Need(
        objects_per_second=flow.objects_per_second,
        chunks_per_second=chunks,
        processors=flow.objects_per_second * flow.processor_seconds,
        shards=max(chunks * flow.chunk_bytes / SHARD_BYTES_PER_SECOND, chunks / SHARD_RECORDS_PER_SECOND),
        enrichments=chunks * flow.enrichment_seconds,
        rpu=flow.load_seconds(chunks, 1) - LOAD_SECONDS,
        load_turns=chunks / CHUNKS_PER_LOAD * LOAD_SECONDS,
    )


def use(flow: Flow, settings: Settings) -> dict[str, float]:
    """Which share of each hop's capacity the flow uses at its average. 1 is busy all the time."""
    found = need(flow)
    return {
        "processor": found.processors / settings.processor_concurrency,
        "stream": found.shards / settings.shards,
        "enrichment": found.enrichments / (settings.shards * settings.parallelization_factor),
        "account": (found.processors + found.enrichments) / ACCOUNT_CONCURRENCY,
        "S3 prefix": found.chunks_per_second / PREFIX_PUTS_PER_SECOND,
        # Of full loads, one after the other. Loads that are not full may lock the ledger all the time, too, and there
        # is room: what comes meanwhile fills the next one.
        "loader": found.load_turns + found.rpu / settings.base_capacity_rpu,
    }


def limits(flow: Flow, settings: Settings) -> dict[str, float]:
    """GB a day at which each hop is busy all the time, whatever `flow` brings; only the size of its objects counts."""
    one = use(msgspec.structs.replace(flow, gb_per_day=1.0), settings)
    return {hop: 1 / share for hop, share in one.items()}


def first_to_saturate(flow: Flow, settings: Settings) -> tuple[str, float]:
    """The hop with the lowest limit, and that limit in GB a day."""
    return min(limits(flow, settings).items(), key=lambda item: item[1])


def ramp_seconds(invocations: float) -> float:
    """From the first message until a queue's mapping runs so many invocations at once."""
    return max(0.0, invocations - MAPPING_FIRST) / MAPPING_PER_MINUTE * 60


# Of the stream at the busiest second, and how many processors for each that works then. The chunks of one put go to
# shards by chance, a shard that has just taken one takes no other for nine tenths of a second, and the processor waits
# meanwhile. Without this room the simulation saturates at twice the average, where the arithmetic says three times.
STREAM_SHARE, PROCESSORS_PER_WORKING = 0.75, 4


def sized(flow: Flow, peak: float = 3.0) -> Settings:
    """What carries `peak` times the flow up to the Parquet objects, and its average, with a third to spare, into the
    warehouse: there a peak may wait."""
    busiest = need(flow.times(peak))
    shards = math.ceil(busiest.shards / STREAM_SHARE)
    found = need(flow)
    copy_share = 2 / 3 - found.load_turns
    if copy_share <= 0:
        raise ValueError("no RPU is enough: the ledger's lock is the limit; split the flow over several stacks")
    rpu = max(4, math.ceil(found.rpu / copy_share))
    return Settings(
        processor_concurrency=max(2, math.ceil(busiest.processors * PROCESSORS_PER_WORKING)),
        shards=shards,
        parallelization_factor=min(10, max(1, math.ceil(busiest.enrichments / shards))),
        loader_window_seconds=100,
        # 4, or a multiple of 8 (Amazon Redshift Management Guide, "Compute capacity for Amazon Redshift Serverless",
        # docs.aws.amazon.com/redshift/latest/mgmt/serverless-capacity.html; 512 at most, in some Regions 1,024).
        base_capacity_rpu=4 if rpu <= 4 else math.ceil(rpu / 8) * 8,
    )
