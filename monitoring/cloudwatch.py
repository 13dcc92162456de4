"""What of CloudWatch comes to Prometheus: the settings of yet-another-cloudwatch-exporter (YACE), its metrics' names.

The names of queues, functions and the stream follow from the project's name, the datasets from the contracts. So YACE
is told each metric ("static" jobs): it asks for these alone, as CloudWatch bills them, and needs no tag and no list.
docs/decisions/0039-cloudwatch-in-prometheus.md
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

# infrastructure/names.tf; the worker's queue is there where the environment has a worker.
NAMESPACE = "DataVault"
QUEUES = (
    "raw-events",
    "raw-events-dlq",
    "raw-held",
    "parquet-events",
    "parquet-events-dlq",
    "auditor-dlq",
    "large-objects",
    "large-objects-dlq",
)
FUNCTIONS = ("processor", "enrichment", "loader", "auditor")


class Metric(msgspec.Struct, frozen=True):
    """A metric and how it is asked for: the newest value of `period_seconds` within the last `look_back_seconds`."""

    name: str
    statistic: str
    period_seconds: int
    look_back_seconds: int


def _sum(name: str) -> Metric:
    # The last five minutes, and no older ones in their place: rules add them up.
    return Metric(name, "Sum", 300, 300)


def _level(name: str) -> Metric:
    # Services publish every minute, and two minutes late.
    return Metric(name, "Maximum", 60, 600)


def _audited(name: str, statistic: str = "Maximum") -> Metric:
    # The auditor publishes once a run; the rarest runs are an hour apart (environments/dev), and one may be missed.
    return Metric(name, statistic, 300, 7200)


class Source(msgspec.Struct, frozen=True):
    """One resource, or one set of dimensions, and its metrics. `name` becomes the label `name`."""

    name: str
    namespace: str
    dimensions: dict[str, str]
    metrics: tuple[Metric, ...]


def sources(project: str, datasets: list[str]) -> Iterator[Source]:
    """Everything that is asked for; `datasets` with `_unknown`."""
    for queue in QUEUES:
        levels = (_level("ApproximateNumberOfMessagesVisible"), _level("ApproximateAgeOfOldestMessage"))
        yield Source(queue, "AWS/SQS", {"QueueName": f"{project}-{queue}"}, levels)
    for function in FUNCTIONS:
        counts = (_sum("Invocations"), _sum("Errors"), _sum("Throttles"), _level("Duration"))
        yield Source(function, "AWS/Lambda", {"FunctionName": f"{project}-{function}"}, counts)
    stream = (_sum("IncomingBytes"), _level("GetRecords.IteratorAgeMilliseconds"))
    yield Source("chunks", "AWS/Kinesis", {"StreamName": f"{project}-chunks"}, stream)
    # What the functions count themselves (lambdas/datavault/observe.py).
    yield Source("auditor", NAMESPACE, {"service": "auditor"}, (_audited("DatasetsNotAudited", "Minimum"),))
    for dataset in datasets:
        for service, metrics in {
            "processor": (
                _sum("ObjectsProcessed"),
                _sum("RecordsValid"),
                _sum("RecordsQuarantined"),
                _sum("BytesRead"),
            ),
            "loader": (_sum("RowsLoaded"),),
            "auditor": (_audited("OldestUnloadedSeconds"), _audited("RecordsUnaccounted")),
        }.items():
            yield Source(f"{service}/{dataset}", NAMESPACE, {"service": service, "dataset": dataset}, metrics)


def prometheus_name(namespace: str, metric: Metric) -> str:
    """Name a metric as YACE does: the namespace after `aws_`, words with underscores, the statistic."""

    def words(text: str) -> str:
        return re.sub(r"[^a-z0-9]+", "_", re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text).lower())

    prefix = words(namespace.lower())
    name = words(metric.name)
    for part in prefix.split("_"):  # YACE drops what the namespace says already
        name = name.removeprefix(part).removeprefix("_") if name.startswith(f"{part}_") else name
    return f"{prefix if prefix.startswith('aws') else f'aws_{prefix}'}_{name}_{words(metric.statistic)}"


def exporter_settings(project: str, region: str, datasets: list[str]) -> dict[str, Any]:
    """YACE's configuration file."""
    return {
        "apiVersion": "v1alpha1",
        "static": [
            {
                "name": source.name,
                "namespace": source.namespace,
                "regions": [region],
                "dimensions": [{"name": name, "value": value} for name, value in source.dimensions.items()],
                "metrics": [
                    {
                        "name": metric.name,
                        "statistics": [metric.statistic],
                        "period": metric.period_seconds,
                        "length": metric.look_back_seconds,
                    }
                    for metric in source.metrics
                ],
            }
            for source in sources(project, datasets)
        ],
    }
