"""Our own rules on a planned stack, as functions: what breaks them. tests/unit/scan tries each on a stack that does."""

import json
import re
from collections.abc import Iterator
from typing import Any

Resources = dict[str, dict[str, Any]]


def of_type(planned: Resources, kind: str) -> Resources:
    found = {address: values for address, values in planned.items() if f"{kind}." in address}
    assert found, f"the plan has no {kind}"
    return found


def statements(policy: str) -> Iterator[dict[str, Any]]:
    """Yield the statements of a policy, actions and resources as lists."""
    for statement in json.loads(policy)["Statement"]:
        for field in ("Action", "Resource"):
            value = statement.get(field, [])
            statement[field] = [value] if isinstance(value, str) else value
        yield statement


def wildcard_actions(planned: Resources) -> set[tuple[str, str]]:
    """Roles' policies with actions that hold a wildcard."""
    return {
        (address, action)
        for address, role in of_type(planned, "aws_iam_role_policy").items()
        for statement in statements(role["policy"])
        for action in statement["Action"]
        if "*" in action
    }


def unbounded_actions(planned: Resources) -> set[str]:
    """Actions that a role may do with every resource, under no condition."""
    return {
        action
        for role in of_type(planned, "aws_iam_role_policy").values()
        for statement in statements(role["policy"])
        if "*" in statement["Resource"] and "Condition" not in statement
        for action in statement["Action"]
    }


def queues_without_dead_letters(planned: Resources) -> set[str]:
    """Queues that give messages up to nowhere: no redrive policy, and nobody's dead-letter queue either."""
    queues = {queue["name"]: queue.get("redrive_policy") or "" for queue in of_type(planned, "aws_sqs_queue").values()}
    targets = {
        json.loads(policy)["deadLetterTargetArn"].rpartition(":")[2]
        for policy in queues.values()
        if policy.startswith("{")  # else the mocked provider's
    }
    dead_letters = {
        queue["name"] for address, queue in of_type(planned, "aws_sqs_queue").items() if "dead_letter" in address
    }
    assert targets <= dead_letters, "a redrive policy names a queue that is not called dead_letter"
    return {name for name, policy in queues.items() if not policy.startswith("{")} - dead_letters


def unwatched(planned: Resources) -> set[tuple[str, str]]:
    """Alarms that are missing: on each dead-letter queue its messages, on each function errors and throttles."""
    watched = {
        (alarm["metric_name"], value)
        for alarm in of_type(planned, "aws_cloudwatch_metric_alarm").values()
        for value in (alarm["dimensions"] or {}).values()
    }
    wanted = {
        ("ApproximateNumberOfMessagesVisible", queue["name"])
        for address, queue in of_type(planned, "aws_sqs_queue").items()
        if "dead_letter" in address
    }
    wanted |= {
        (metric, function["function_name"])
        for function in of_type(planned, "aws_lambda_function").values()
        for metric in ("Errors", "Throttles")
    }
    return wanted - watched


def runbooks(planned: Resources, prefix: str) -> dict[str, str | None]:
    """The runbook that each alarm names; None if it names none."""
    alarms = {
        alarm["alarm_name"].removeprefix(prefix): alarm["alarm_description"] or ""
        for kind in ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm")
        for alarm in of_type(planned, kind).values()
    }
    named = {
        name: re.fullmatch(r".*\. Runbook: docs/operations/runbooks/([a-z-]+)\.md", text)
        for name, text in alarms.items()
    }
    return {name: found[1] if found else None for name, found in named.items()}
