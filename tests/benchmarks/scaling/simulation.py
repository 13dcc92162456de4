"""The pipeline as queues: what arithmetic of averages does not show, waiting.

Discrete events with simpy. Objects arrive at random (Poisson); work takes a fifth more or less than its mean; a chunk's
shard is random, as its partition key's hash is. When the time is over arrivals stop and everything is loaded, so that
no slow chunk is missing from the latencies. Not in it: retries and their pauses, cold starts, a mapping that has to
scale, a warehouse that wakes up.
"""

import random
import statistics
from collections import deque
from collections.abc import Generator
from itertools import batched
from typing import Any

import msgspec
import simpy

from datavault.cost.pipeline import SHARD_BYTES_PER_SECOND
from datavault.edges.kinesis import MAX_CHUNKS

from .arithmetic import (
    CHUNKS_PER_BATCH,
    CHUNKS_PER_LOAD,
    SHARD_READ_BYTES_PER_SECOND,
    Flow,
)
from .settings import Settings

type Events = Generator[simpy.Event, Any]

_SPREAD = 0.2
# Lambda asks a shard that had nothing once a second (AWS Lambda Developer Guide, "Using Lambda to process records from
# Amazon Kinesis Data Streams", docs.amazonaws.cn/en_us/lambda/latest/dg/with-kinesis.html).
_POLL_SECONDS = 1.0
# Assumed. "Typically, event notifications are delivered in seconds" (Amazon S3 User Guide, "Amazon S3 Event
# Notifications", docs.aws.amazon.com/AmazonS3/latest/userguide/NotificationHowTo.html).
_EVENT_SECONDS = 1.0
_LOADERS = 2  # infrastructure/loader.tf, maximum_concurrency: one holds the ledger, one gathers
_SAMPLES = 60
_SATURATED = 0.97
HOPS = ("processor", "stream", "enrichment", "loader")


class Seen(msgspec.Struct, frozen=True):
    """What came of a simulated time. Latencies in seconds, from the raw object's put to the commit of its chunk.

    All but the totals are of the measured time, which begins after the warm-up. `busy` is the share of each hop's
    capacity that worked, `blocked` the share of the processors' time that waited for shards; `per_second` are chunks
    that left each hop. `waiting` are samples, evenly over the time from the start, of what waits for each hop: objects
    for the processor, chunks for the others. `waits` are the seconds that objects waited for a processor.
    """

    objects: int
    chunks: int
    loaded: int
    loads: int
    latencies: list[float]
    waits: list[float]
    busy: dict[str, float]
    blocked: float
    per_second: dict[str, float]
    waiting: dict[str, list[int]]

    def percentile(self, share: float) -> float:
        values = self.latencies
        return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1] if len(values) > 1 else 0

    @property
    def saturated(self) -> str:
        """The hop that is busy all the time, with work waiting for it.

        A loader that is always busy with loads that are not full has room; processors that mostly wait for shards are
        the stream's victims.
        """
        busy = {hop: share >= _SATURATED for hop, share in self.busy.items()}
        if busy["loader"] and self.waiting["loader"][-1] >= CHUNKS_PER_LOAD:
            return "loader"
        if busy["enrichment"]:
            return "enrichment"
        is_full = self.busy["processor"] + self.blocked >= _SATURATED
        if busy["stream"] or (is_full and self.blocked > self.busy["processor"]):
            return "stream"
        return "processor" if is_full else ""


def simulate(
    flow: Flow, settings: Settings, seconds: float, *, warm_up: float = 0.0, seed: int = 1, spread: float = _SPREAD
) -> Seen:
    """Let the flow run for `warm_up` and `seconds` from empty queues, then load what is left."""
    pipeline = _Pipeline(flow, settings, (warm_up, warm_up + seconds), random.Random(seed), spread)
    pipeline.environment.run()
    return pipeline.seen()


class _Lane:
    """One of a shard's batches at a time: a shard has `parallelization_factor` of them, told apart by partition key."""

    def __init__(self, env: simpy.Environment) -> None:
        self.chunks: deque[float] = deque()
        self.wake = env.event()


class _Pipeline:
    def __init__(
        self, flow: Flow, settings: Settings, measured: tuple[float, float], chance: random.Random, spread: float
    ) -> None:
        self.environment = env = simpy.Environment()
        self._flow, self._settings, (self._begin, self._end) = flow, settings, measured
        self._chance, self._spread = chance, spread
        self._chunks_per_object = flow.chunks_per_object
        self._put_seconds = flow.chunk_bytes / SHARD_BYTES_PER_SECOND
        self._read_seconds = flow.chunk_bytes / SHARD_READ_BYTES_PER_SECOND
        self._processor_seconds, self._enrichment_seconds = flow.processor_seconds, flow.enrichment_seconds
        self._processors = simpy.Resource(env, settings.processor_concurrency)
        self._free = [0.0] * settings.shards  # when each shard takes the next chunk
        self._read = [0.0] * settings.shards  # when each shard gives the next chunk
        self._lanes = [[_Lane(env) for _ in range(settings.parallelization_factor)] for _ in range(settings.shards)]
        self._parquet: deque[float] = deque()
        self._arrival = env.event()
        self._full = env.event()
        self._loaders, self._ledger = simpy.Resource(env, _LOADERS), simpy.Resource(env, 1)
        self._worked = dict.fromkeys(HOPS, 0.0)
        self._left = dict.fromkeys(HOPS, 0)
        self._blocked = 0.0
        self._objects = self._chunks = self._loaded = self._loads = 0
        self._on_stream = self._on_way = 0
        self._latencies: list[float] = []
        self._waits: list[float] = []
        self._waiting: dict[str, list[int]] = {hop: [] for hop in HOPS}
        self._putting = 0
        env.process(self._arrivals())
        env.process(self._gathering())
        env.process(self._sampling())
        for shard, lanes in enumerate(self._lanes):
            for lane in lanes:
                env.process(self._enrichment(shard, lane))

    def _time(self, mean: float) -> float:
        return mean * self._chance.uniform(1 - self._spread, 1 + self._spread)

    def _within(self, start: float, seconds: float) -> float:
        """How much of a piece of work lies in the measured time."""
        return max(0.0, min(start + seconds, self._end) - max(start, self._begin))

    def _is_measured(self, moment: float) -> bool:
        return self._begin <= moment <= self._end

    def _arrivals(self) -> Events:
        env = self.environment
        while True:
            yield env.timeout(self._chance.expovariate(self._flow.objects_per_second))
            if env.now > self._end:
                return
            self._objects += 1
            env.process(self._processor(env.now))

    def _processor(self, arrived: float) -> Events:
        env, chunks = self.environment, self._chunks_per_object
        yield env.timeout(_EVENT_SECONDS)
        asked = env.now
        with self._processors.request() as turn:
            yield turn
            if self._is_measured(arrived):
                self._waits.append(env.now - asked)
            for put in batched(range(chunks), MAX_CHUNKS, strict=False):
                seconds = self._time(self._processor_seconds * len(put) / chunks)
                self._worked["processor"] += self._within(env.now, seconds)
                yield env.timeout(seconds)
                last = max(self._put(arrived) for _ in put)
                self._blocked += self._within(env.now, last - env.now)
                self._putting += len(put)
                yield env.timeout(last - env.now)
                self._putting -= len(put)
            self._left["processor"] += chunks * self._is_measured(env.now)

    def _put(self, arrived: float) -> float:
        """When the shard takes the chunk. The processor waits for it, whatever it does meanwhile: it puts again."""
        env, shard = self.environment, self._chance.randrange(len(self._free))
        taken = max(env.now, self._free[shard])
        self._free[shard] = taken + self._put_seconds
        self._worked["stream"] += self._within(taken, self._put_seconds)
        self._left["stream"] += self._is_measured(taken)
        self._chunks += 1
        lane = self._chance.choice(self._lanes[shard])

        def arrive(_: simpy.Event) -> None:
            self._on_stream += 1
            lane.chunks.append(arrived)
            if not lane.wake.triggered:
                lane.wake.succeed()

        event = env.timeout(taken - env.now)
        event.callbacks.append(arrive)
        return taken

    def _enrichment(self, shard: int, lane: _Lane) -> Events:
        env = self.environment
        phase = self._chance.random() * _POLL_SECONDS
        while True:
            if not lane.chunks:
                lane.wake = env.event()
                yield lane.wake
                yield env.timeout((phase - env.now) % _POLL_SECONDS)
            batch = [lane.chunks.popleft() for _ in range(min(CHUNKS_PER_BATCH, len(lane.chunks)))]
            self._on_stream -= len(batch)
            self._on_way += len(batch)
            begun = max(env.now, self._read[shard])
            self._read[shard] = begun + len(batch) * self._read_seconds
            yield env.timeout(begun - env.now)
            for arrived in batch:
                seconds = self._time(self._enrichment_seconds)
                self._worked["enrichment"] += self._within(env.now, seconds)
                yield env.timeout(seconds)
                self._left["enrichment"] += self._is_measured(env.now)
                self._on_way -= 1
                self._parquet.append(arrived)
                if not self._arrival.triggered:
                    self._arrival.succeed()
                if len(self._parquet) >= CHUNKS_PER_LOAD and not self._full.triggered:
                    self._full.succeed()

    def _gathering(self) -> Events:
        """A batch is full, or its window is over."""
        env = self.environment
        while True:
            turn = self._loaders.request()
            yield turn
            if not self._parquet:
                self._arrival = env.event()
                yield self._arrival
                yield env.timeout(_EVENT_SECONDS)
            if len(self._parquet) < CHUNKS_PER_LOAD:
                self._full = env.event()
                yield self._full | env.timeout(self._settings.loader_window_seconds)
            batch = [self._parquet.popleft() for _ in range(min(CHUNKS_PER_LOAD, len(self._parquet)))]
            env.process(self._load(batch, turn))

    def _load(self, batch: list[float], turn: Any) -> Events:
        env = self.environment
        self._on_way += len(batch)
        with self._ledger.request() as lock:
            yield lock
            seconds = self._time(self._flow.load_seconds(len(batch), self._settings.base_capacity_rpu))
            self._worked["loader"] += self._within(env.now, seconds)
            yield env.timeout(seconds)
        self._loaders.release(turn)
        self._on_way -= len(batch)
        self._loaded += len(batch)
        self._loads += 1
        self._left["loader"] += len(batch) * self._is_measured(env.now)
        self._latencies += [env.now - arrived for arrived in batch if self._is_measured(arrived)]

    def _sampling(self) -> Events:
        for _ in range(_SAMPLES):
            yield self.environment.timeout(self._end / _SAMPLES)
            found = (len(self._processors.queue), self._putting, self._on_stream, len(self._parquet))
            for hop, number in zip(HOPS, found, strict=True):
                self._waiting[hop].append(number)

    def seen(self) -> Seen:
        seconds, settings = self._end - self._begin, self._settings
        capacity = {
            "processor": settings.processor_concurrency,
            "stream": settings.shards,
            "enrichment": settings.shards * settings.parallelization_factor,
            "loader": 1,
        }
        return Seen(
            objects=self._objects,
            chunks=self._chunks,
            loaded=self._loaded,
            loads=self._loads,
            latencies=self._latencies,
            waits=self._waits,
            busy={hop: worked / seconds / capacity[hop] for hop, worked in self._worked.items()},
            blocked=self._blocked / seconds / settings.processor_concurrency,
            per_second={hop: left / seconds for hop, left in self._left.items()},
            waiting=self._waiting,
        )
