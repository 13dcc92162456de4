"""Metrics in log lines reach CloudWatch, and alarms go on and off by them."""

import json
import time
import uuid
from typing import Any

import pytest
from conftest import Cloud, eventually

from localcloud.plugins.embedded_metrics import metrics


def line(**fields: Any) -> str:
    """What Powertools prints: values as lists."""
    directive = {
        "Namespace": "DataVault",
        "Dimensions": [["dataset", "service"]],
        "Metrics": [{"Name": "RecordsValid", "Unit": "Count"}, {"Name": "OldestUnloadedSeconds", "Unit": "Seconds"}],
    }
    told = {"_aws": {"Timestamp": 1_750_000_000_000, "CloudWatchMetrics": [directive]}}
    values = {"dataset": "orders", "service": "processor", "RecordsValid": [5.0], "OldestUnloadedSeconds": 7}
    return json.dumps(told | values | fields)


def test_each_metric_of_a_line_has_its_values_dimensions_and_unit() -> None:
    (first_namespace, first), (_, second) = metrics(line(RecordsValid=[5.0, 6.0]))
    dimensions = [{"Name": "dataset", "Value": "orders"}, {"Name": "service", "Value": "processor"}]
    assert first_namespace == "DataVault"
    assert first.pop("Timestamp").timestamp() == 1_750_000_000
    assert first == {"MetricName": "RecordsValid", "Dimensions": dimensions, "Values": [5.0, 6.0], "Unit": "Count"}
    assert (second["MetricName"], second["Values"], second["Unit"]) == ("OldestUnloadedSeconds", [7.0], "Seconds")


def test_a_metric_is_there_once_for_each_set_of_dimensions() -> None:
    told = json.loads(line())
    told["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = [["service"], [], ["service", "dataset"]]
    found = [datum for _, datum in metrics(json.dumps(told)) if datum["MetricName"] == "RecordsValid"]
    assert [len(datum["Dimensions"]) for datum in found] == [1, 0, 2]


@pytest.mark.parametrize(
    "message",
    [
        "START RequestId: 1",
        'about "_aws" {',
        '{"_aws": 3}',
        '{"_aws": {"Timestamp": "now", "CloudWatchMetrics": []}}',
        line(RecordsValid="many", OldestUnloadedSeconds="old"),
        '"_aws"',
    ],
)
def test_a_line_that_is_not_as_specified_is_a_line_like_any_other(message: str) -> None:
    assert list(metrics(message)) == []


def test_a_metric_whose_dimension_is_not_in_the_line_is_none() -> None:
    told = json.loads(line())
    del told["dataset"]
    assert list(metrics(json.dumps(told))) == []


@pytest.mark.integration
def test_an_alarm_goes_on_and_off_by_a_metric_in_a_log_line_and_tells_its_topic(cloud: Cloud) -> None:
    name = f"errors-{uuid.uuid4().hex[:8]}"
    cloudwatch, logs, sqs, sns = (cloud.client(service) for service in ("cloudwatch", "logs", "sqs", "sns"))
    topic = sns.create_topic(Name=name)["TopicArn"]
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:000000000000:{name}")
    dimensions = [{"Name": "service", "Value": name}]
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="DataVault",
        MetricName="Conflicts",
        Dimensions=dimensions,
        Statistic="Sum",
        Period=30,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[topic],
        OKActions=[topic],
    )
    cloudwatch.put_composite_alarm(AlarmName=f"{name}-any", AlarmRule=f'ALARM("{name}")')

    def state(alarm: str = name) -> str:
        found = cloudwatch.describe_alarms(AlarmNames=[alarm])
        return str([*found["MetricAlarms"], *found["CompositeAlarms"]][0]["StateValue"])

    assert eventually(lambda: state() == "OK")
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    directive = {
        "Namespace": "DataVault",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "Conflicts", "Unit": "Count"}],
    }
    now = int(time.time() * 1000)
    message = {"_aws": {"Timestamp": now, "CloudWatchMetrics": [directive]}, "service": name, "Conflicts": [2]}
    logs.put_log_events(
        logGroupName=name, logStreamName="s", logEvents=[{"timestamp": now, "message": json.dumps(message)}]
    )
    assert eventually(lambda: state() == "ALARM")
    assert state(f"{name}-any") == "ALARM"
    assert eventually(lambda: state() == "OK", within_seconds=90)
    assert state(f"{name}-any") == "OK"

    found = cloudwatch.get_metric_statistics(
        Namespace="DataVault",
        MetricName="Conflicts",
        Dimensions=dimensions,
        StartTime=now / 1000 - 60,
        EndTime=now / 1000 + 60,
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    assert [(point["Sum"], point["Unit"]) for point in found] == [(2.0, "Count")]

    told: list[str] = []

    def both() -> bool:
        for entry in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            told.append(json.loads(json.loads(entry["Body"])["Message"])["NewStateValue"])
        return {"OK", "ALARM"} <= set(told)

    assert eventually(both)


@pytest.mark.integration
def test_a_metric_is_not_another_whose_dimension_begins_alike(cloud: Cloud) -> None:
    name = f"queue-{uuid.uuid4().hex[:8]}"
    cloudwatch = cloud.client("cloudwatch")
    for queue, value in {name: 1.0, f"{name}-dlq": 2.0}.items():
        datum = {"MetricName": "Depth", "Value": value, "Dimensions": [{"Name": "QueueName", "Value": queue}]}
        cloudwatch.put_metric_data(Namespace="Test", MetricData=[datum])
    for queue, value in {name: 1.0, f"{name}-dlq": 2.0}.items():
        points = cloudwatch.get_metric_statistics(
            Namespace="Test",
            MetricName="Depth",
            Dimensions=[{"Name": "QueueName", "Value": queue}],
            StartTime=time.time() - 60,
            EndTime=time.time() + 60,
            Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]
        assert [point["Sum"] for point in points] == [value]
