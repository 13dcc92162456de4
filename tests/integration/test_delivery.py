"""What the pipeline does to a deployed stack, on the tests' own: a canary, drift, and the way back by CodeDeploy."""

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from scripts import deploy

from datavault.cli import rollout
from datavault.cli.context import Context
from datavault.cli.rollout import ALIAS, ORDER, due, move
from datavault.edges.clients import client

from .conftest import ROOT


def script(run: Context, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"scripts.{name}", "local", *arguments]
    environment = os.environ | {"TF_VAR_endpoint": str(run.stack.endpoint_url)}  # as the Makefile has it
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_a_canary_comes_through_every_hop(run: Context) -> None:
    assert "canary" in run.stack.datasets

    done = script(run, "smoke", "--timeout-seconds", "240")

    assert done.returncode == 0, done.stdout + done.stderr
    hops = [line.split()[2] for line in done.stdout.splitlines() if " s  " in line]
    assert hops == ["raw", "receipt", "quarantine", "parquet", "rows", "audit"]


def test_what_was_changed_by_hand_is_found_and_named(run: Context) -> None:
    sqs, queue = client("sqs"), run.stack.held_queue_url
    sqs.tag_queue(QueueUrl=queue, Tags={"owner": "by-hand"})
    try:
        done = script(run, "drift")
    finally:
        sqs.untag_queue(QueueUrl=queue, TagKeys=["owner"])

    assert done.returncode == 1, done.stdout + done.stderr
    assert 'aws_sqs_queue.held: changed\n  tags: null → {"owner": "by-hand"}' in done.stdout
    (found,) = json.loads((ROOT / "build/drift/local.json").read_text())["drift"]
    assert found["address"] == "module.datavault.aws_sqs_queue.held"


def packed(answer: int) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("handler.py", f"def a(event, context): return {answer}")
    return content.getvalue()


@pytest.fixture
def released(run: Context, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    """Four functions beside the stack's, each with a version 1 that is released and a version 2 that is due."""
    functions, application = {stage: f"rollback-{stage}" for stage in ORDER}, "rollback"
    stack = SimpleNamespace(rollout_application=application, functions=functions)
    role = client("lambda").get_function_configuration(FunctionName=run.stack.functions["processor"])["Role"]
    code, functions_api = client("codedeploy"), client("lambda")
    code.create_application(applicationName=application, computePlatform="Lambda")
    for stage, name in functions.items():
        functions_api.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler="handler.a",
            Code={"ZipFile": packed(1)},
            Publish=True,
        )
        functions_api.get_waiter("function_active_v2").wait(FunctionName=name)
        functions_api.create_alias(FunctionName=name, Name=ALIAS, FunctionVersion="1")
        functions_api.update_function_code(FunctionName=name, ZipFile=packed(2), Publish=True)
        functions_api.get_waiter("function_updated_v2").wait(FunctionName=name)
        code.create_deployment_group(
            applicationName=application,
            deploymentGroupName=stage,
            deploymentConfigName="CodeDeployDefault.LambdaCanary10Percent5Minutes",
            serviceRoleArn=role,
            deploymentStyle={"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        )
    context = Context("local", as_json=True)
    monkeypatch.setattr(Context, "stack", stack)
    yield context
    code.delete_application(applicationName=application)
    for name in functions.values():
        functions_api.delete_function(FunctionName=name)


def test_a_rollback_stops_what_codedeploy_still_moves_and_brings_the_others_back(released: Context) -> None:
    functions = released.stack.functions
    *moved, under_way = due(functions)
    for change in moved:
        move(released, "rollback", change, at_once=True)
    deployment = client("codedeploy").create_deployment(
        applicationName="rollback",
        deploymentGroupName=under_way.stage,
        revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": rollout.app_spec(under_way)}},
    )["deploymentId"]

    back = list(deploy.back(released, dict.fromkeys(ORDER, "1")))

    assert [(change.stage, change.status) for change in back] == [
        (stage, "Succeeded") for stage in ("enrichment", "loader", "auditor")
    ]
    assert {deploy.released(name) for name in functions.values()} == {"1"}
    assert client("codedeploy").get_deployment(deploymentId=deployment)["deploymentInfo"]["status"] == "Stopped"
