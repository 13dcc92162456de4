"""Each rule on the stack finds a stack that breaks it. The stack itself is asked by `make test-terraform`."""

import json
from typing import Any

from tests.infrastructure import rules


def role(**statement: Any) -> rules.Resources:
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
    return {"module.made_up.aws_iam_role_policy.this": {"policy": policy}}


def queue(name: str, target: str | None = None) -> dict[str, Any]:
    policy = json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:eu-central-1:111122223333:{target}"}) if target else None
    return {"name": name, "redrive_policy": policy}


def alarm(name: str, metric: str, of: str, text: str) -> dict[str, Any]:
    return {"alarm_name": f"acme-{name}", "metric_name": metric, "dimensions": {"of": of}, "alarm_description": text}


STACK: rules.Resources = {
    "module.q.aws_sqs_queue.this": queue("acme-q", "acme-q-dlq"),
    "module.q.aws_sqs_queue.dead_letter": queue("acme-q-dlq"),
    "module.f.aws_lambda_function.this": {"function_name": "acme-f"},
    "a.aws_cloudwatch_metric_alarm.this[0]": alarm(
        "q-dead", "ApproximateNumberOfMessagesVisible", "acme-q-dlq", "Bad. Runbook: docs/operations/runbooks/q-dead.md"
    ),
    "a.aws_cloudwatch_metric_alarm.this[1]": alarm("f-errors", "Errors", "acme-f", "Bad."),
    "a.aws_cloudwatch_metric_alarm.this[2]": alarm("f-throttles", "Throttles", "acme-f", "Bad. See runbook q-dead."),
    "aws_cloudwatch_composite_alarm.pipeline": {"alarm_name": "acme-pipeline", "alarm_description": None},
}


def without(address: str) -> rules.Resources:
    return {name: values for name, values in STACK.items() if name != address}


def test_a_wildcard_in_an_action_is_found() -> None:
    assert rules.wildcard_actions(role(Action="s3:Get*", Resource="arn:aws:s3:::a/*")) == {
        ("module.made_up.aws_iam_role_policy.this", "s3:Get*")
    }
    assert rules.wildcard_actions(role(Action=["s3:GetObject"], Resource="*")) == set()


def test_a_wildcard_resource_is_found_unless_a_condition_bounds_it() -> None:
    assert rules.unbounded_actions(role(Action=["sqs:SendMessage"], Resource=["arn:aws:sqs:::a", "*"])) == {
        "sqs:SendMessage"
    }
    bound = {"StringEquals": {"cloudwatch:namespace": "DataVault"}}
    assert rules.unbounded_actions(role(Action="cloudwatch:PutMetricData", Resource="*", Condition=bound)) == set()


def test_a_queue_without_a_dead_letter_queue_is_found() -> None:
    assert rules.queues_without_dead_letters(STACK) == set()
    assert rules.queues_without_dead_letters({**STACK, "aws_sqs_queue.new": queue("acme-new")}) == {"acme-new"}


def test_a_dead_letter_queue_or_a_function_without_its_alarm_is_found() -> None:
    assert rules.unwatched(STACK) == set()
    assert rules.unwatched(without("a.aws_cloudwatch_metric_alarm.this[0]")) == {
        ("ApproximateNumberOfMessagesVisible", "acme-q-dlq")
    }
    assert rules.unwatched(without("a.aws_cloudwatch_metric_alarm.this[2]")) == {("Throttles", "acme-f")}


def test_an_alarm_without_a_runbook_is_found() -> None:
    assert rules.runbooks(STACK, "acme-") == {
        "q-dead": "q-dead",
        "f-errors": None,
        "f-throttles": None,
        "pipeline": None,
    }
