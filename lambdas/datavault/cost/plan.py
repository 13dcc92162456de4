"""The facts of a plan that cost something: `terraform show -json` of a plan, or of a state, in; `Facts` out."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from ..identity import CANARY_DATASET

type Resources = dict[str, dict[str, Any]]

STAGES = ("processor", "enrichment", "loader", "auditor")


class PlanError(Exception):
    """The JSON is no plan of this repository's; the text says what it lacks."""


class Function(msgspec.Struct, frozen=True):
    """A Lambda function."""

    memory_mb: int
    architecture: str
    ephemeral_mb: int
    timeout_seconds: int
    is_traced: bool


class Kept(msgspec.Struct, frozen=True):
    """How long objects are kept (None: for ever), and from which day on in which other storage class."""

    expiration_days: int | None
    transitions: tuple[tuple[int, str], ...]


class Nodes(msgspec.Struct, frozen=True):
    """The nodes of a cluster."""

    instance_type: str
    count: int
    volume_gb: int


def flowing(rules: dict[str, Kept]) -> dict[str, Kept]:
    """The data sets that the flow is divided among: the canary is none."""
    return {dataset: kept for dataset, kept in rules.items() if dataset != CANARY_DATASET}


class Facts(msgspec.Struct, frozen=True):
    """What a plan says about cost. Limits are RPU-hours; None is no limit."""

    functions: dict[str, Function]
    stream_mode: str
    shard_count: int
    stream_hours: int
    raw: dict[str, Kept]
    parquet: dict[str, Kept]
    loader_window_seconds: int
    auditor_period_minutes: int
    base_rpu: int
    daily_limit: float | None
    monthly_limit: float | None
    is_snapshotted: bool
    endpoint_zones: int
    has_flow_log: bool
    has_trail: bool
    keys: int
    secrets: int
    alarm_metrics: int
    composite_alarms: int
    dashboards: int
    log_days: int
    clusters: int
    nodes: Nodes | None
    images: int  # that a registry keeps


def read_plan(text: bytes) -> Facts:
    """The facts of a plan.

    Raises
    ------
    PlanError
        It is none, or lacks a part of the stack.
    """
    try:
        found = msgspec.json.decode(text, type=dict[str, Any])
        values = found.get("planned_values") or found["values"]
        resources = dict(_resources(values["root_module"]))
        return _facts(_Stack(resources))
    except msgspec.DecodeError as error:
        raise PlanError(f"it is not JSON: {error}") from error
    except KeyError as error:
        raise PlanError(f"it has no {error.args[0]}") from error
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise PlanError(f"it has another form than Terraform's: {error}") from error


def _resources(module: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in module.get("resources", []):
        if resource["mode"] == "managed":
            yield resource["address"], resource.get("values", {})  # none: all of them are known after apply
    for child in module.get("child_modules", []):
        yield from _resources(child)


class _Stack:
    """The resources by address, from the module infrastructure/ on: in a root of its own, or called by one."""

    def __init__(self, resources: Resources) -> None:
        self._resources = {address.removeprefix("module.datavault."): values for address, values in resources.items()}

    def one(self, address: str) -> dict[str, Any]:
        return self._resources[address]

    def under(self, prefix: str) -> list[dict[str, Any]]:
        return [values for address, values in self._resources.items() if address.startswith(prefix)]

    def every(self, kind: str) -> list[dict[str, Any]]:
        found = re.compile(rf"(?:^|\.){kind}\.")
        return [values for address, values in self._resources.items() if found.search(address)]


def _facts(stack: _Stack) -> Facts:
    stream = stack.one("module.chunks.aws_kinesis_stream.this")
    workgroup = stack.one("module.warehouse.aws_redshiftserverless_workgroup.this")
    namespace = stack.one("module.warehouse.aws_redshiftserverless_namespace.this")
    limits = {limit["period"]: limit["amount"] for limit in stack.every("aws_redshiftserverless_usage_limit")}
    loader = stack.one('module.loader.aws_lambda_event_source_mapping.queue["parquet-events"]')
    endpoints = [values for values in stack.every("aws_vpc_endpoint") if values["vpc_endpoint_type"] == "Interface"]
    raw, parquet = _kept_by_dataset(stack, "raw", "raw-"), _kept_by_dataset(stack, "processed", "data-")
    return Facts(
        functions={stage: _function(stack.one(f"module.{stage}.aws_lambda_function.this")) for stage in STAGES},
        stream_mode=stream["stream_mode_details"][0]["stream_mode"],
        shard_count=stream.get("shard_count") or 0,
        stream_hours=stream["retention_period"],
        raw=raw,
        # One that is kept for ever, and never moved, has no rule.
        parquet={dataset: parquet.get(dataset, Kept(None, ())) for dataset in raw},
        loader_window_seconds=loader["maximum_batching_window_in_seconds"],
        auditor_period_minutes=_minutes(
            stack.one('module.auditor.aws_cloudwatch_event_rule.schedule["schedule"]')["schedule_expression"]
        ),
        base_rpu=workgroup["base_capacity"],
        daily_limit=limits.get("daily"),
        monthly_limit=limits.get("monthly"),
        is_snapshotted=bool(stack.under("module.warehouse.aws_scheduler_schedule.snapshot")),
        # An endpoint lies in each of the network's subnets, whose ids a plan does not know.
        endpoint_zones=len(endpoints) * len(stack.every("aws_subnet")),
        has_flow_log=bool(stack.every("aws_flow_log")),
        has_trail=bool(stack.every("aws_cloudtrail")),
        keys=len(stack.every("aws_kms_key")),
        # The administrator's secret is Redshift's to make, and in no plan.
        secrets=len(stack.every("aws_secretsmanager_secret")) + int(bool(namespace["manage_admin_password"])),
        alarm_metrics=sum(map(_metrics, stack.every("aws_cloudwatch_metric_alarm"))),
        composite_alarms=len(stack.every("aws_cloudwatch_composite_alarm")),
        dashboards=len(stack.every("aws_cloudwatch_dashboard")),
        log_days=stack.one("module.processor.aws_cloudwatch_log_group.this")["retention_in_days"],
        clusters=len(stack.every("aws_eks_cluster")),
        nodes=_nodes(stack),
        images=sum(_images(found["policy"]) for found in stack.every("aws_ecr_lifecycle_policy")),
    )


def _function(values: dict[str, Any]) -> Function:
    return Function(
        memory_mb=values["memory_size"],
        architecture=values["architectures"][0],
        ephemeral_mb=values["ephemeral_storage"][0]["size"],
        timeout_seconds=values["timeout"],
        is_traced=values["tracing_config"][0]["mode"] == "Active",
    )


def _nodes(stack: _Stack) -> Nodes | None:
    """Those of the one group, whose volumes are the launch template's."""
    for group in stack.every("aws_eks_node_group"):
        (template,) = stack.every("aws_launch_template")
        return Nodes(
            instance_type=group["instance_types"][0],
            count=group["scaling_config"][0]["desired_size"],
            volume_gb=template["block_device_mappings"][0]["ebs"][0]["volume_size"],
        )
    return None


def _images(policy: str) -> int:
    selections = [rule["selection"] for rule in msgspec.json.decode(policy)["rules"]]
    return sum(found["countNumber"] for found in selections if found["countType"] == "imageCountMoreThan")


def _kept_by_dataset(stack: _Stack, bucket: str, prefix: str) -> dict[str, Kept]:
    """By the rules' ids (infrastructure/raw.tf, processed.tf)."""
    rules = stack.one(f"module.{bucket}.aws_s3_bucket_lifecycle_configuration.this")["rule"]
    return {rule["id"].removeprefix(prefix): _kept(rule) for rule in rules if rule["id"].startswith(prefix)}


def _kept(rule: dict[str, Any]) -> Kept:
    return Kept(
        expiration_days=rule["expiration"][0]["days"] if rule["expiration"] else None,
        transitions=tuple(sorted((step["days"], step["storage_class"]) for step in rule["transition"])),
    )


def _metrics(alarm: dict[str, Any]) -> int:
    """CloudWatch bills an alarm by the metrics that it looks at."""
    queries = alarm.get("metric_query") or []
    return sum(bool(query["metric"]) for query in queries) or 1


def _minutes(schedule: str) -> int:
    match = re.fullmatch(r"rate\((\d+) minutes?\)", schedule)
    if not match:
        raise ValueError(f"the auditor's schedule is {schedule!r}, not rate(… minutes)")
    return int(match[1])
