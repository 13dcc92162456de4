"""Every metric that a query may name: the worker's, CloudWatch's under the exporter's names, what rules record."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import yaml

from .cloudwatch import prometheus_name, sources

# lambdas/datavault/worker; a histogram's parts are `_bucket`, `_count`, `_sum`.
WORKER_METRICS = frozenset(
    {
        "datavault_processing_latency_seconds",
        "datavault_processing_duration_seconds_bucket",
        "datavault_processing_duration_seconds_count",
        "datavault_processing_duration_seconds_sum",
        "datavault_processing_errors_total",
        "datavault_objects_total",
        "datavault_records_total",
        "datavault_quarantined_records_total",
        "datavault_read_bytes_total",
        "datavault_chunks_total",
        "datavault_write_once_conflicts_total",
        "datavault_objects_in_flight",
        "datavault_queue_poll_timestamp_seconds",
        "process_cpu_seconds_total",
    }
)


class Exported(msgspec.Struct, frozen=True):
    """A metric of CloudWatch and its name in Prometheus."""

    namespace: str
    name: str
    exported_as: str


def exported_metrics() -> Iterator[Exported]:
    """Yield what the exporter makes of CloudWatch."""
    for source in sources("project", ["dataset"]):
        for metric in source.metrics:
            yield Exported(source.namespace, metric.name, prometheus_name(source.namespace, metric))


def recorded_metrics(rules: list[Path]) -> set[str]:
    """Return what the rules record."""
    groups = [group for path in rules for group in yaml.safe_load(path.read_text())["groups"]]
    return {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}


def known_metrics(rules: list[Path]) -> set[str]:
    """Return the names of all; `up` is Prometheus's own."""
    return {*WORKER_METRICS, *(metric.exported_as for metric in exported_metrics()), *recorded_metrics(rules), "up"}
