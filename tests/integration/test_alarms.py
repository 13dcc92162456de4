"""What the functions count reaches CloudWatch through their logs, and the stack's alarms go on and off by it."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from datavault.cli.context import Context
from datavault.cli.progress import Loaded
from datavault.edges.clients import client

from .conftest import until
from .test_books import CSV

# The alarm's period is a minute: so long after the last bad minute's begin it goes off.
ALARM_SECONDS = 240.0


def state(alarm: str) -> str:
    found = client("cloudwatch").describe_alarms(AlarmNames=[alarm], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return str([*found["MetricAlarms"], *found["CompositeAlarms"]][0]["StateValue"])


def becomes(alarm: str, wanted: str) -> None:
    end = time.monotonic() + ALARM_SECONDS
    while state(alarm) != wanted:
        assert time.monotonic() < end, f"{alarm} is {state(alarm)}, not {wanted}"
        time.sleep(1)


def test_a_chunk_that_is_set_aside_turns_its_alarm_on_and_a_good_minute_turns_it_off(run: Context) -> None:
    project = run.stack.project_name
    alarm = f"{project}-enrichment-chunks-set-aside"
    sns, sqs = client("sns"), client("sqs")
    (topic,) = [entry["TopicArn"] for entry in sns.list_topics()["Topics"] if entry["TopicArn"].endswith("-alarms")]
    queue = sqs.create_queue(QueueName=f"{project}-told")["QueueUrl"]
    endpoint = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint)["SubscriptionArn"]
    told: list[tuple[str, str]] = []

    def is_told() -> bool:
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            news = json.loads(json.loads(message["Body"])["Message"])
            told.append((news["AlarmName"], news["NewStateValue"]))
        return {(alarm, "ALARM"), (alarm, "OK")} <= set(told)

    try:
        becomes(alarm, "OK")
        client("kinesis").put_record(StreamName=run.stack.stream_name, PartitionKey="alarm", Data=b"no chunk")
        becomes(alarm, "ALARM")
        assert state(f"{project}-pipeline") == "ALARM"
        becomes(alarm, "OK")
        until(is_told)
    finally:
        sns.unsubscribe(SubscriptionArn=subscription)
        sqs.delete_queue(QueueUrl=queue)
        listed = client("s3").list_objects_v2(Bucket=run.stack.quarantine_bucket, Prefix="failed-chunks/_unknown/")
        for item in listed.get("Contents", []):
            client("s3").delete_object(Bucket=run.stack.quarantine_bucket, Key=item["Key"])


def test_what_the_functions_count_is_in_cloudwatch_with_its_dimensions_and_unit(
    run: Context, load: Callable[[str, bytes], Loaded]
) -> None:
    loaded = load("flights/counted.csv", CSV)
    assert loaded.rows == 100
    now = datetime.now(UTC)

    def total(metric: str, service: str) -> tuple[float, set[str]]:
        found = client("cloudwatch").get_metric_statistics(
            Namespace="DataVault",
            MetricName=metric,
            Dimensions=[{"Name": "service", "Value": service}, {"Name": "dataset", "Value": "flights"}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=7200,
            Statistics=["Sum"],
        )["Datapoints"]
        return sum(point["Sum"] for point in found), {point["Unit"] for point in found}

    for metric, service in {"RecordsValid": "processor", "RowsWritten": "enrichment", "RowsLoaded": "loader"}.items():
        until(lambda metric=metric, service=service: total(metric, service)[0] >= 100)  # type: ignore[misc]
        assert total(metric, service)[1] == {"Count"}
