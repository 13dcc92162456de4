"""The worker's metrics for Prometheus. docs/operations/worker.md says what each is for."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ..receipt import Receipt
from ..stages.processor import Outcome

# From what the function would still have taken to what a terabyte takes.
_DURATION_SECONDS = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400)
# How long a finished object's latency stands. A gauge that kept it until the next object would hold its alert for as
# long as nothing comes.
LATENCY_STANDS_SECONDS = 300.0

# A series more for each counter, which no query here asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Latency(Collector):
    """Seconds from an object's S3 event: to its receipt, of the last one finished, or to now, of the one in work."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._in_work: dict[str, float] = {}
        self._finished: dict[str, tuple[float, float]] = {}

    @contextmanager
    def in_work(self, dataset: str, event_time: datetime) -> Iterator[None]:
        with self._lock:
            self._in_work[dataset] = event_time.timestamp()
        try:
            yield
        finally:
            with self._lock:
                del self._in_work[dataset]

    def finished(self, dataset: str, event_time: datetime) -> None:
        with self._lock:
            self._finished[dataset] = (self._clock() - event_time.timestamp(), self._clock())

    def collect(self) -> Iterator[Metric]:
        now = self._clock()
        with self._lock:
            in_work, finished = self._in_work.copy(), self._finished.copy()
        family = GaugeMetricFamily(
            "datavault_processing_latency_seconds",
            "Seconds from the S3 event to the receipt of the last finished object (for five minutes, then 0), "
            "or the age of the object in work if that is more.",
            labels=["dataset"],
        )
        for dataset in sorted({*in_work, *finished}):
            seconds, finished_at = finished.get(dataset, (0.0, 0.0))
            last = seconds if now - finished_at <= LATENCY_STANDS_SECONDS else 0.0
            # Two clocks: S3's may be ahead of ours.
            family.add_metric([dataset], max(last, now - in_work.get(dataset, now), 0.0))
        yield family


class Metrics:
    """All of them, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry = registry or CollectorRegistry()
        ProcessCollector(registry=registry)
        self.latency = Latency()
        registry.register(self.latency)
        self.duration = Histogram(
            "datavault_processing_duration_seconds",
            "Seconds of work on an object.",
            ["dataset"],
            buckets=_DURATION_SECONDS,
            registry=registry,
        )
        self.errors = Counter(
            "datavault_processing_errors",
            "Attempts that failed, whose message went back to the queue.",
            ["error"],
            registry=registry,
        )
        self.in_flight = Gauge("datavault_objects_in_flight", "Objects in work.", registry=registry)
        self.polled = Gauge(
            "datavault_queue_poll_timestamp_seconds", "Time of the last poll that was answered.", registry=registry
        )
        counters = {
            "objects": ("Objects that are done here, by outcome: processed, duplicate, held.", ["dataset", "outcome"]),
            "records": ("Records, by outcome: valid, quarantined.", ["dataset", "outcome"]),
            "quarantined_records": ("Quarantined records, by reason code.", ["dataset", "reason"]),
            "read_bytes": ("Bytes of raw objects, as stored.", ["dataset"]),
            "chunks": ("Chunks sent to the stream.", ["dataset"]),
            "write_once_conflicts": ("Keys of ours that held other bytes.", ["dataset"]),
        }
        self._count = {
            name: Counter(f"datavault_{name}", words, labels, registry=registry)
            for name, (words, labels) in counters.items()
        }

    @contextmanager
    def work(self, dataset: str, event_time: datetime) -> Iterator[Callable[[Outcome], None]]:
        """The work on an object of the dataset that its key names; to be told the outcome, if there is one."""
        started = time.monotonic()

        def done(outcome: Outcome) -> None:
            if receipt := outcome.receipt:
                self.latency.finished(receipt.dataset, event_time)
                self.duration.labels(receipt.dataset).observe(time.monotonic() - started)
                self._processed(receipt, len(outcome.conflicts))
            else:
                self._count["objects"].labels(dataset, "held" if outcome.is_held else "duplicate").inc()

        with self.in_flight.track_inprogress(), self.latency.in_work(dataset, event_time):
            yield done

    def _processed(self, receipt: Receipt, conflicts: int) -> None:
        dataset = receipt.dataset
        self._count["objects"].labels(dataset, "processed").inc()
        self._count["records"].labels(dataset, "valid").inc(receipt.valid)
        self._count["records"].labels(dataset, "quarantined").inc(receipt.quarantined)
        for reason, records in receipt.reasons.items():
            self._count["quarantined_records"].labels(dataset, reason).inc(records)
        self._count["read_bytes"].labels(dataset).inc(receipt.size)
        self._count["chunks"].labels(dataset).inc(len(receipt.chunks))
        self._count["write_once_conflicts"].labels(dataset).inc(conflicts)
