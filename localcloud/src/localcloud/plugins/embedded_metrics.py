"""Metrics in log lines, by CloudWatch's embedded metric format, which LocalStack does not read.

As on AWS it does not matter who writes the line: every event that is put into CloudWatch Logs is looked at.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from localstack.aws.connect import connect_to
from localstack.services.logs.provider import LogsProvider

LOG = logging.getLogger(__name__)

# Data in one PutMetricData.
MOST_DATA = 1000


def mend() -> None:
    """Put the metrics of the lines beside the lines."""
    store = LogsProvider.put_log_events

    def put_log_events(self: Any, context: Any, *args: Any, **settings: Any) -> Any:
        stored = store(self, context, *args, **settings)
        publish(context, [event["message"] for event in settings["log_events"]])
        return stored

    LogsProvider.put_log_events = put_log_events


def publish(context: Any, messages: Iterable[str]) -> None:
    """Send what the lines say to CloudWatch, in the account and Region of the log group."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for message in messages:
        for namespace, datum in metrics(message):
            found[namespace].append(datum)
    client = connect_to(aws_access_key_id=context.account_id, region_name=context.region).cloudwatch
    for namespace, data in found.items():
        for begin in range(0, len(data), MOST_DATA):
            try:
                client.put_metric_data(Namespace=namespace, MetricData=data[begin : begin + MOST_DATA])
            except Exception:  # the lines are stored, and whoever put them must not fail
                LOG.exception("metrics of log lines were not taken, namespace %s", namespace)


def metrics(message: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield namespace and MetricDatum of each metric of a line, once for each set of dimensions.

    A line that is none, or that is not as specified, has no metrics: it is a log line like any other.
    """
    if '"_aws"' not in message:
        return
    try:
        line = json.loads(message)
        time = datetime.fromtimestamp(line["_aws"]["Timestamp"] / 1000, UTC)
        for directive in line["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                dimensions = [{"Name": name, "Value": str(line[name])} for name in names]
                for metric in directive["Metrics"]:
                    values = line[metric["Name"]]
                    datum = {
                        "MetricName": metric["Name"],
                        "Dimensions": dimensions,
                        "Timestamp": time,
                        "Values": [float(value) for value in (values if isinstance(values, list) else [values])],
                        "Unit": metric.get("Unit", "None"),
                    }
                    yield directive["Namespace"], datum
    except (LookupError, TypeError, ValueError) as error:
        LOG.debug("not in the embedded metric format: %s", error)
