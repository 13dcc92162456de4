"""The pipeline as queues: what arithmetic of averages does not show, waiting.

Discrete events with simpy. Objects arrive at random (Poisson); work takes a fifth more or less than its mean; a chunk's
shard is random, as its partition key's hash is. Not in it: retries, cold starts, a warehouse that wakes up, processors
that a full stream holds back.
"""

import random
import statistics
from collections.abc import Iterator
from typing import Any

import msgspec
import simpy

from datavault.cost.workload import Workload

from . import arithmetic
from .arithmetic import CHUNKS_PER_BATCH, CHUNKS_PER_LOAD, SHARD_BYTES_PER_SECOND, Settings

_SPREAD = 0.2
_QUIET_SECONDS = 0.2  # how often the loader's queue is looked at


class Seen(msgspec.Struct, frozen=True):
    """What came of a simulated time. Latencies in seconds, from the raw object's arrival to the commit of its chunk.

    `busy` is the share of each hop's capacity that worked; `waiting` are the chunks that had arrived and were not in
    the warehouse when the time was over.
    """

    seconds: float
    objects: int
    chunks: int
    loaded: int
    latencies: list[float]
    busy: dict[str, float]
    waiting: dict[str, int]

    def percentile(self, share: float) -> float:
        """Of the second half: the first one fills the queues."""
        tail = self.latencies[len(self.latencies) // 2 :]
        return statistics.quantiles(tail, n=100, method="inclusive")[round(share * 100) - 1] if len(tail) > 1 else 0.0


def simulate(work: Workload, settings: Settings, seconds: float, seed: int = 1) -> Seen:
    """Let the flow run for so long, from empty queues."""
    pipeline = _Pipeline(work, settings, seed)
    pipeline.environment.run(until=seconds)
    return pipeline.seen(seconds)


class _Pipeline:
    def __init__(self, work: Workload, settings: Settings, seed: int) -> None:
        self.environment = env = simpy.Environment()
        self._work, self._settings, self._chance = work, settings, random.Random(seed)
        self._processors = simpy.Resource(env, settings.processor_concurrency)
        # No more shards than can ever hold two chunks at once: the others would only sleep.
        shards = min(settings.shards, max(1, round(4 * arithmetic.need(work).chunks_per_second)))
        self._doors = [simpy.Resource(env, 1) for _ in range(shards)]
        self._shards = [simpy.Store(env) for _ in range(shards)]
        self._parquet: list[float] = []
        self._busy = {"processor": 0.0, "enrichment": 0.0, "loader": 0.0}
        self._capacity = {
            "processor": settings.processor_concurrency,
            "enrichment": settings.shards * settings.parallelization_factor,
            "loader": 1,
        }
        self._objects = self._chunks = self._enriched = 0
        self._latencies: list[float] = []
        env.process(self._arrivals())
        for shard in self._shards:
            for _ in range(settings.parallelization_factor):
                env.process(self._enrichment(shard))
        env.process(self._loader())

    def _time(self, mean: float) -> float:
        return mean * self._chance.uniform(1 - _SPREAD, 1 + _SPREAD)

    def _arrivals(self) -> Iterator[Any]:
        rate = arithmetic.need(self._work).objects_per_second
        while True:
            yield self.environment.timeout(self._chance.expovariate(rate))
            self._objects += 1
            self.environment.process(self._processor(self.environment.now))

    def _processor(self, arrived: float) -> Iterator[Any]:
        chunks = self._work.chunks_per_object
        with self._processors.request() as turn:
            yield turn
            for _ in range(chunks):
                seconds = self._time(arithmetic.processor_seconds(self._work) / chunks)
                yield self.environment.timeout(seconds)
                self._busy["processor"] += seconds
                self._chunks += 1
                shard = self._chance.randrange(len(self._shards))
                self.environment.process(self._put(shard, arrived))

    def _put(self, shard: int, arrived: float) -> Iterator[Any]:
        """A shard takes so many bytes a second; what is too much is put again until it is taken."""
        with self._doors[shard].request() as turn:
            yield turn
            yield self.environment.timeout(self._work.chunk_bytes / SHARD_BYTES_PER_SECOND)
        yield self._shards[shard].put(arrived)

    def _enrichment(self, shard: simpy.Store) -> Iterator[Any]:
        while True:
            batch = [(yield shard.get())]
            while shard.items and len(batch) < CHUNKS_PER_BATCH:
                batch.append((yield shard.get()))
            for arrived in batch:
                seconds = self._time(arithmetic.enrichment_seconds(self._work))
                yield self.environment.timeout(seconds)
                self._busy["enrichment"] += seconds
                self._enriched += 1
                self._parquet.append(arrived)

    def _loader(self) -> Iterator[Any]:
        """A load when the window is over or a batch is full; while one holds the ledger, the next one gathers."""
        opened = self.environment.now
        while True:
            yield self.environment.timeout(_QUIET_SECONDS)
            if not self._parquet:
                opened = self.environment.now
                continue
            is_over = self.environment.now - opened >= self._settings.loader_window_seconds
            if len(self._parquet) < CHUNKS_PER_LOAD and not is_over:
                continue
            batch, self._parquet = self._parquet[:CHUNKS_PER_LOAD], self._parquet[CHUNKS_PER_LOAD:]
            seconds = self._time(arithmetic.load_seconds(self._work, len(batch), self._settings))
            opened = self.environment.now
            yield self.environment.timeout(seconds)
            self._busy["loader"] += seconds
            self._latencies += [self.environment.now - arrived for arrived in batch]

    def seen(self, seconds: float) -> Seen:
        return Seen(
            seconds=seconds,
            objects=self._objects,
            chunks=self._chunks,
            loaded=len(self._latencies),
            latencies=self._latencies,
            busy={hop: busy / seconds / self._capacity[hop] for hop, busy in self._busy.items()},
            waiting={
                "stream": self._chunks - self._enriched,
                "loader": self._enriched - len(self._latencies),
                "processor (objects)": len(self._processors.queue),
            },
        )
