"""`datavault rollout`: what is due moves in order, and the first that does not arrive ends it."""

import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from datavault.cli import context, rollout
from datavault.cli.context import Stack
from datavault.edges.clients import client

from .conftest import Run

FUNCTIONS = {stage: f"test-{stage}" for stage in ("processor", "enrichment", "loader", "auditor", "migrator")}


def packed(source: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("handler.py", source)
    return content.getvalue()


class Deployments:
    """CodeDeploy: takes what it is asked, and ends each deployment as `ends` says (moto's never end)."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.ends: dict[str, dict[str, Any]] = {}
        self.looks = 0

    def create_deployment(self, **words: Any) -> dict[str, str]:
        self.asked.append(words)
        return {"deploymentId": words["deploymentGroupName"]}

    def get_deployment(self, deploymentId: str) -> dict[str, Any]:  # noqa: N803  boto3's name
        self.looks += 1
        if self.looks % 2:
            return {"deploymentInfo": {"status": "InProgress"}}
        end = self.ends.get(deploymentId, {"status": "Succeeded"})
        return {"deploymentInfo": {**end, "completeTime": datetime.now(UTC)}}

    @property
    def stages(self) -> list[str]:
        return [words["deploymentGroupName"] for words in self.asked]


@pytest.fixture
def deployments(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Deployments:
    """Functions at version 1 behind the alias; processor and loader have a version 2."""
    released = msgspec.structs.replace(stack, functions=FUNCTIONS, rollout_application="test")
    monkeypatch.setattr(context.Context, "stack", released)
    monkeypatch.setattr(rollout, "_POLL_SECONDS", 0)
    fake = Deployments()
    monkeypatch.setattr(rollout, "client", lambda name: fake if name == "codedeploy" else client(name))
    trust = {"Version": "2012-10-17", "Statement": []}
    role = client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    for stage, name in FUNCTIONS.items():
        client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler="handler.a",
            Code={"ZipFile": packed("1")},
            Publish=True,
        )
        client("lambda").create_alias(FunctionName=name, Name="live", FunctionVersion="1")
        if stage in ("processor", "loader"):
            publish(name, "2")
    return fake


def publish(name: str, source: str) -> None:
    client("lambda").update_function_code(FunctionName=name, ZipFile=packed(source), Publish=True)


def test_what_is_due_moves_readers_before_writers(run: Run, deployments: Deployments) -> None:
    code, out, _ = run("rollout", "--json")

    assert code == 0
    assert deployments.stages == ["loader", "processor"]
    assert json.loads(out)["changes"] == [
        {
            "stage": stage,
            "function": f"test-{stage}",
            "current": "1",
            "target": "2",
            "status": "Succeeded",
            "reason": "",
        }
        for stage in ("loader", "processor")
    ]
    (spec, _) = (json.loads(words["revision"]["appSpecContent"]["content"]) for words in deployments.asked)
    assert spec["Resources"] == [
        {
            "loader": {
                "Type": "AWS::Lambda::Function",
                "Properties": {"Name": "test-loader", "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2"},
            }
        }
    ]
    assert "overrideAlarmConfiguration" not in deployments.asked[0]


def test_the_newest_version_is_the_highest_number(run: Run, deployments: Deployments) -> None:
    for number in range(3, 12):
        publish("test-loader", str(number))

    _, out, _ = run("rollout", "--dry-run", "--json")

    assert [change["target"] for change in json.loads(out)["changes"]] == ["11", "2"]


def test_a_dry_run_moves_nothing(run: Run, deployments: Deployments) -> None:
    code, out, _ = run("rollout", "--dry-run")

    assert (code, deployments.asked) == (0, [])
    assert "loader" in out
    assert "due" in out


def test_the_first_that_fails_ends_it_and_says_why(run: Run, deployments: Deployments) -> None:
    deployments.ends["loader"] = {"status": "Stopped", "errorInformation": {"message": "alarm test-loader-errors"}}

    code, out, _ = run("rollout")

    assert code == 1
    assert deployments.stages == ["loader"]
    assert "alarm test-loader-errors" in out
    assert "due" in out  # the processor


def test_who_mends_what_alarms_need_not_wait_for_calm(run: Run, deployments: Deployments) -> None:
    run("rollout", "--despite-alarms")

    assert deployments.asked[0]["overrideAlarmConfiguration"] == {"enabled": False}


def test_where_nothing_is_due_it_says_so(run: Run, deployments: Deployments) -> None:
    for stage in ("processor", "loader"):
        client("lambda").update_alias(FunctionName=FUNCTIONS[stage], Name="live", FunctionVersion="2")

    assert run("rollout")[:2] == (0, "every function is at its newest version\n")


def test_where_functions_change_in_the_apply_it_says_what_to_set(run: Run, stack: Stack) -> None:
    code, _, err = run("rollout")

    assert code == 2
    assert "gradual_release" in err


def test_a_function_that_is_not_there_is_a_sentence(run: Run, deployments: Deployments) -> None:
    client("lambda").delete_function(FunctionName="test-auditor")

    code, _, err = run("rollout")

    assert code == 2
    assert "AWS:" in err
    assert "Traceback" not in err
