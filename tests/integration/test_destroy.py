"""Terraform's promises: nothing to change after apply, nothing left after destroy."""

import os
import subprocess

from datavault.cli.context import Context
from datavault.edges.clients import client

from .conftest import ROOT


def terraform(run: Context, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert run.stack.endpoint_url
    return subprocess.run(
        [ROOT / "scripts/terraform", "-chdir=environments/local", *arguments],
        env=os.environ | {"TF_VAR_endpoint": run.stack.endpoint_url},
        capture_output=True,
        text=True,
        check=False,
    )


def test_destroy_is_preceded_by_an_empty_plan_and_leaves_nothing(run: Context) -> None:
    plan = terraform(run, "plan", "-input=false", "-no-color", "-detailed-exitcode")
    assert plan.returncode == 0, plan.stdout + plan.stderr
    stack = run.stack

    destroyed = terraform(run, "destroy", "-input=false", "-no-color", "-auto-approve")

    assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
    assert terraform(run, "state", "list").stdout == ""
    assert client("s3").list_buckets()["Buckets"] == []
    assert client("sqs").list_queues().get("QueueUrls", []) == []
    assert client("kinesis").list_streams()["StreamNames"] == []
    assert client("lambda").list_functions()["Functions"] == []
    assert client("redshift-serverless").list_workgroups()["workgroups"] == []
    assert client("iam").list_roles()["Roles"] == []
    assert client("cloudwatch").describe_alarms()["MetricAlarms"] == [], stack.project_name
