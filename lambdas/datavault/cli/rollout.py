"""`datavault rollout`: move the functions to what the last apply published, a part of the events first."""

import json
import time
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Annotated, Any

import msgspec
import typer
from botocore.exceptions import BotoCoreError, ClientError

from ..edges.clients import client
from .context import Context, Failure, aws_failure

# Who reads before who writes: a new form of a chunk or of a Parquet object is understood before the first is made.
ORDER = ("auditor", "loader", "enrichment", "processor")
ALIAS = "live"
_POLL_SECONDS = 5.0


class Change(msgspec.Struct):
    """A function's way from one version to another. `status` is CodeDeploy's word, or `due`."""

    stage: str
    function: str
    current: str
    target: str
    status: str = "due"
    reason: str = ""


def rollout(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would move, and move nothing.")] = False,
    despite_alarms: Annotated[
        bool,
        typer.Option("--despite-alarms", help="Watch no alarm: for a version that mends what alarms."),
    ] = False,
) -> None:
    """Move each function to its newest version by CodeDeploy, one after the other; the first that fails ends it."""
    run: Context = context.obj
    application = run.stack.rollout_application
    if application is None:
        message = f"functions of {run.env} change in the apply"
        raise Failure(message, "set gradual_release in the environment's main.tf to release them step by step")
    try:
        changes = list(due(run.stack.functions))
        if not dry_run:
            for change in changes:
                move(run, application, change, despite_alarms=despite_alarms)
                if change.status != "Succeeded":
                    break
    except (ClientError, BotoCoreError) as error:
        raise aws_failure(error) from error
    _show(run, changes)
    if any(change.status not in {"due", "Succeeded"} for change in changes):
        raise typer.Exit(1)


def due(functions: dict[str, str]) -> Iterator[Change]:
    """The functions whose alias is not at their newest version, in the order in which they must move."""
    for stage in ORDER:
        name = functions[stage]
        current = client("lambda").get_alias(FunctionName=name, Name=ALIAS)["FunctionVersion"]
        newest = max(_versions(name), key=int)
        if newest != current:
            yield Change(stage, name, current, newest)


def _versions(function: str) -> Iterator[str]:
    for page in client("lambda").get_paginator("list_versions_by_function").paginate(FunctionName=function):
        yield from (found["Version"] for found in page["Versions"] if found["Version"].isdigit())


def app_spec(change: Change) -> str:
    """What CodeDeploy is to do.

    https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html
    """
    properties = {
        "Name": change.function,
        "Alias": ALIAS,
        "CurrentVersion": change.current,
        "TargetVersion": change.target,
    }
    return json.dumps(
        {"version": 0.0, "Resources": [{change.stage: {"Type": "AWS::Lambda::Function", "Properties": properties}}]}
    )


def move(
    run: Context, application: str, change: Change, *, despite_alarms: bool = False, at_once: bool = False
) -> None:
    """Move one function by CodeDeploy and wait for the end; `at_once`: all events together, whatever the group says."""
    codedeploy = client("codedeploy")
    wish: dict[str, Any] = {"overrideAlarmConfiguration": {"enabled": False}} if despite_alarms else {}
    if at_once:
        wish["deploymentConfigName"] = "CodeDeployDefault.LambdaAllAtOnce"
    deployment = codedeploy.create_deployment(
        applicationName=application,
        deploymentGroupName=change.stage,
        revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": app_spec(change)}},
        **wish,
    )["deploymentId"]
    moving = f"{change.stage}: version {change.current} → {change.target}, deployment {deployment}"
    with nullcontext() if run.as_json else run.err.status(moving):
        info = _ended(deployment)
    change.status = info["status"]
    change.reason = info.get("errorInformation", {}).get("message", "")


def stop(application: str, stage: str) -> None:
    """End what is still moving this function, as a rollout does that was cut off; CodeDeploy takes it back."""
    codedeploy = client("codedeploy")
    under_way = codedeploy.list_deployments(
        applicationName=application,
        deploymentGroupName=stage,
        includeOnlyStatuses=["Created", "Queued", "InProgress", "Baking", "Ready"],
    )["deployments"]
    for deployment in under_way:
        codedeploy.stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)
        _ended(deployment)


def _ended(deployment: str) -> dict[str, Any]:
    while "completeTime" not in (
        info := client("codedeploy").get_deployment(deploymentId=deployment)["deploymentInfo"]
    ):
        time.sleep(_POLL_SECONDS)
    return dict(info)


def _show(run: Context, changes: list[Change]) -> None:
    if run.as_json:
        run.print_json({"changes": changes})
        return
    if not changes:
        run.out.print("every function is at its newest version", highlight=False)
        return
    rows = [[c.stage, c.current, c.target, c.status, c.reason] for c in changes]
    run.print_table("", ["function", "from version", "to", "status", "why"], rows)
