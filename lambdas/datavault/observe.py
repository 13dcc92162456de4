"""Metrics in CloudWatch's embedded format (EMF), through Powertools: one log line, no call."""

from collections.abc import Mapping

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit


def count(**values: int) -> None:
    """Metrics with the function alone as dimension (`service`), for alarms."""
    for name, value in values.items():
        with single_metric(name=name, unit=MetricUnit.Count, value=value):
            pass


def count_for(dataset: str, values: Mapping[str, int], seconds: Mapping[str, int] | None = None) -> None:
    """Metrics with function and dataset as dimensions: counts, and durations in seconds."""
    metrics = EphemeralMetrics()
    metrics.add_dimension("dataset", dataset)
    for name, value in values.items():
        metrics.add_metric(name, MetricUnit.Count, value)
    for name, value in (seconds or {}).items():
        metrics.add_metric(name, MetricUnit.Seconds, value)
    metrics.flush_metrics()
