"""LocalStack's CloudWatch, mended where its alarms are not as AWS's: when they look, at what, and who depends on them.

Left as they are: alarms over an expression are not evaluated (LocalStack says so in its log).
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any, override

from localstack.services.cloudwatch import alarm_scheduler, provider_v2
from localstack.services.cloudwatch.cloudwatch_database_helper import CloudwatchDatabase
from localstack.services.sqs import provider as sqs_provider
from localstack.services.sqs.models import SqsQueue, StandardQueue
from localstack.utils.aws import arns

from localcloud.settings import ACCOUNT, REGION

# AWS looks once a minute; nobody on a laptop wants to wait so long. LocalStack would look once in all of an alarm's
# evaluation periods: an alarm that looks back a quarter of an hour, four times an hour. A look takes some 5 ms of CPU.
EVALUATION_SECONDS = 10


def mend() -> None:
    """Apply all of them."""
    provider_v2.AlarmScheduler = AlarmScheduler
    alarm_scheduler.collect_metric_data = latest_values
    # Rules of composite alarms may name an alarm by its name. LocalStack takes ARNs alone.
    named = provider_v2.CloudwatchProvider._get_alarm_arns
    provider_v2.CloudwatchProvider._get_alarm_arns = lambda self, rule: [
        name if name.startswith("arn:") else arns.cloudwatch_alarm_arn(name, ACCOUNT, REGION)
        for name in named(self, rule)
    ]
    CloudwatchDatabase._get_ordered_dimensions_with_separator = dimensions_as_text
    sqs_provider.publish_sqs_metric_batch = _with_ages(sqs_provider.publish_sqs_metric_batch)


class AlarmScheduler(alarm_scheduler.AlarmScheduler):
    @override
    def schedule_metric_alarm(self, alarm_arn: str) -> None:
        self.delete_scheduler_for_alarm(alarm_arn)
        alarm = alarm_scheduler.get_metric_alarm_details_for_alarm_arn(alarm_arn)
        if alarm and self._is_alarm_supported(alarm):
            self.scheduled_alarms[alarm_arn] = self.scheduler.schedule(
                func=alarm_scheduler.calculate_alarm_state,
                period=EVALUATION_SECONDS,
                fixed_rate=False,
                args=[alarm_arn],
            )


def latest_values(alarm: dict[str, Any], client: Any) -> list[float | None]:
    """Return the values of the alarm's evaluation periods until now, the oldest first, None where there is none.

    LocalStack looks at two periods more, and an alarm on a single period stays on for three.
    """
    period, periods = alarm["Period"], alarm["EvaluationPeriods"]
    begin = datetime.now(UTC) - timedelta(seconds=period * periods)
    (result,) = client.get_metric_data(
        MetricDataQueries=[alarm_scheduler.generate_metric_query(alarm)],
        StartTime=begin,
        EndTime=begin + timedelta(seconds=period * periods),
        ScanBy="TimestampAscending",
    )["MetricDataResults"]
    values: list[float | None] = [None] * periods
    for moment, value in zip(result["Timestamps"], result["Values"], strict=True):
        values[min(periods - 1, int((moment - begin).total_seconds() + 1) // period)] = value
    return values


def dimensions_as_text(_: Any, dimensions: list[dict[str, str]] | None, for_search: bool = False) -> str | None:
    """Return dimensions as the database holds them, or as the LIKE pattern that finds them.

    LocalStack's pattern lacks the end of a value: the metrics of `raw-events-dlq` would count as those of `raw-events`.
    """
    if not dimensions:
        return None
    ordered = sorted(dimensions, key=lambda dimension: dimension["Name"])
    if not for_search:
        return "".join(f"{dimension['Name']}={dimension['Value']}\t" for dimension in ordered)
    return "".join(
        f"%{dimension['Name']}={dimension['Value']}\t%" if dimension.get("Value") else f"%{dimension['Name']}=%"
        for dimension in ordered
    )


def oldest_seconds(queue: SqsQueue) -> int:
    """Age of the oldest message, in the queue or in somebody's hands; FIFO queues are always young."""
    waiting = queue.visible.queue if isinstance(queue, StandardQueue) else []
    sent = [message.created for message in [*waiting, *queue.inflight] if not message.deleted]
    return int(time.time() - min(sent)) if sent else 0


def _with_ages(publish: Any) -> Any:
    """ApproximateAgeOfOldestMessage, which LocalStack leaves out."""

    def publish_with_ages(account_id: str, region: str, sqs_metric_batch_data: list[dict[str, Any]]) -> None:
        queues = sqs_provider.sqs_stores[account_id][region].queues
        named = {entry["QueueName"] for entry in sqs_metric_batch_data}
        ages = [
            {
                "QueueName": name,
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Value": oldest_seconds(queues[name]),
                "Unit": "Seconds",
            }
            for name in named
            if name in queues
        ]
        publish(account_id=account_id, region=region, sqs_metric_batch_data=[*sqs_metric_batch_data, *ages])

    return publish_with_ages
