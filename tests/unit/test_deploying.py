"""`make plan-file`, `deploy`, `rollback`, `drift`, `smoke`: the plan that was read is applied; each failure is said."""

import json
import subprocess
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from scripts import deploy, drift, smoke

from datavault.authoring.odcs import compile_contract
from datavault.cli.context import Failure
from datavault.cli.rollout import ORDER
from datavault.identity import RawObject
from datavault.process import Processing

ROOT = Path(__file__).parents[2]
BUCKET = "datavault-terraform-state-111111111111"
BACKEND = f'bucket     = "{BUCKET}"\nkms_key_id = "arn"\nregion     = "us-east-1"\n'


class Terraform:
    """In Terraform's place: a plan is a file, `show` and `output` answer with what a test says."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.shown: dict[str, Any] = {"resource_changes": []}
        self.outputs: dict[str, Any] = {}
        self.refuses = ""
        self.cannot = ""

    def __call__(self, env: str, *arguments: str | Path, quiet: bool = False) -> subprocess.CompletedProcess[str]:
        words = [str(argument) for argument in arguments]
        self.calls.append(words)
        answer = ""
        match words[0]:
            case "plan":
                Path(next(word for word in words if word.startswith("-out=")).removeprefix("-out=")).write_text(
                    f"plan of {env}"
                )
            case "show":
                answer = json.dumps(self.shown) if "-json" in words else "as a person reads it"
            case "output":
                answer = json.dumps(self.outputs)
        if words[0] == self.cannot:
            return subprocess.CompletedProcess(words, 1, "", "Error: no")
        failed = bool(self.refuses) and words[0] == "apply"
        return subprocess.CompletedProcess(words, int(failed), answer, self.refuses if failed else "")

    @property
    def applied(self) -> list[list[str]]:
        return [call for call in self.calls if call[0] == "apply"]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with zips."""
    (tmp_path / "build").mkdir()
    for name in ("auditor", "enrichment", "loader", "processor"):
        (tmp_path / "build" / f"{name}.zip").write_text(name)
    for env in ("local", "dev"):
        (tmp_path / "environments" / env).mkdir(parents=True)
    (tmp_path / "environments/dev/backend.hcl").write_text(BACKEND)
    monkeypatch.setattr(deploy, "ROOT", tmp_path)
    monkeypatch.setattr(drift, "ROOT", tmp_path)
    return tmp_path


@pytest.fixture
def terraform(root: Path, monkeypatch: pytest.MonkeyPatch) -> Terraform:
    fake = Terraform()
    monkeypatch.setattr(deploy, "terraform", fake)
    monkeypatch.setattr(drift, "terraform", fake)
    return fake


@pytest.fixture
def states(aws: None) -> Any:
    return boto3.resource("s3").create_bucket(Bucket=BUCKET)


def change(address: str, *actions: str, **values: Any) -> dict[str, Any]:
    return {"address": address, "change": {"actions": list(actions), "before": {}, "after": {}, **values}}


def test_what_is_applied_is_the_file_that_was_planned(root: Path, terraform: Terraform) -> None:
    deploy.plan("local")
    (planned,) = [word for word in terraform.calls[0] if word.startswith("-out=")]

    deploy.apply("local")

    assert [call[-1] for call in terraform.applied] == [planned.removeprefix("-out=")]
    assert not any("-auto-approve" in call for call in terraform.calls)


def test_without_a_plan_nothing_is_applied(terraform: Terraform) -> None:
    with pytest.raises(Failure, match="no plan of local") as failure:
        deploy.apply("local")

    assert "make plan-file ENV=local" in str(failure.value)
    assert terraform.applied == []


@pytest.mark.parametrize("name", ["plans/local.tfplan", "processor.zip"])
def test_another_plan_or_another_zip_than_the_planned_one_is_refused(
    name: str, root: Path, terraform: Terraform
) -> None:
    deploy.plan("local")
    (root / "build" / name).write_text("another")

    with pytest.raises(Failure, match=f"{name} is not the one that was planned with"):
        deploy.apply("local")

    assert terraform.applied == []


def test_a_stale_plan_is_told_apart_from_a_failed_apply(terraform: Terraform) -> None:
    deploy.plan("local")
    terraform.refuses = "Error: Saved plan is stale"
    with pytest.raises(Failure, match="changed since it was planned"):
        deploy.apply("local")
    terraform.refuses = "Error: AccessDenied"
    with pytest.raises(Failure, match="could not apply all of it"):
        deploy.apply("local")


def test_a_plan_waits_in_the_bucket_of_the_state_and_another_agent_finds_it(
    root: Path, terraform: Terraform, states: Any
) -> None:
    deploy.plan("dev")
    (kept,) = states.objects.all()
    assert kept.key.startswith("plans/dev/")
    (root / "build/plans/dev.tfplan").unlink()

    deploy.apply("dev")

    assert (root / "build/plans/dev.tfplan").read_text() == "plan of dev"


def test_a_plan_that_was_exchanged_in_the_bucket_is_refused(root: Path, terraform: Terraform, states: Any) -> None:
    deploy.plan("dev")
    (root / "build/plans/dev.tfplan").unlink()
    (kept,) = states.objects.all()
    kept.Object().put(Body=b"another")

    with pytest.raises(Failure, match="not the one that was planned"):
        deploy.apply("dev")

    assert terraform.applied == []


def test_what_is_archived_of_a_plan_names_resources_and_holds_no_value(root: Path, terraform: Terraform) -> None:
    secret = {"password": "hunter2"}
    terraform.shown = {
        "resource_changes": [
            change("aws_a.kept", "no-op", after=secret),
            change("aws_a.read", "read", after=secret),
            change("aws_a.replaced", "delete", "create", before=secret, after=secret),
        ]
    }

    deploy.plan("local")

    assert json.loads((root / "build/plans/local.json").read_text()) == [
        {"address": "aws_a.replaced", "actions": ["delete", "create"]}
    ]
    assert "hunter2" not in "".join(
        path.read_text() for path in (root / "build/plans").iterdir() if path.suffix != ".tfplan"
    )


def test_what_a_plan_destroys_is_said(terraform: Terraform, capsys: pytest.CaptureFixture[str]) -> None:
    terraform.shown = {"resource_changes": [change("aws_s3_bucket.raw", "delete", "create")]}

    deploy.plan("local")

    assert "DESTROYS:\n  aws_s3_bucket.raw: delete/create" in capsys.readouterr().out


class Functions:
    """Lambda and CodeDeploy: aliases that move, and in which order."""

    def __init__(self, **versions: str) -> None:
        self.versions = versions
        self.moved: list[tuple[str, str]] = []
        self.asked: list[dict[str, Any]] = []
        self.stopped: list[str] = []
        self.under_way: dict[str, list[str]] = {}
        self.status = "Succeeded"

    def get_alias(self, FunctionName: str, Name: str) -> dict[str, str]:  # noqa: N803  boto3's names
        return {"FunctionVersion": self.versions[FunctionName]}

    def update_alias(self, FunctionName: str, FunctionVersion: str, **words: Any) -> None:  # noqa: N803
        assert words == {"Name": "live", "RoutingConfig": {"AdditionalVersionWeights": {}}}
        self.versions[FunctionName] = FunctionVersion
        self.moved.append((FunctionName, FunctionVersion))

    def create_deployment(self, **words: Any) -> dict[str, str]:
        self.asked.append(words)
        target = json.loads(words["revision"]["appSpecContent"]["content"])["Resources"][0]
        ((stage, resource),) = target.items()
        self.moved.append((stage, resource["Properties"]["TargetVersion"]))
        return {"deploymentId": f"d-{stage}"}

    def get_deployment(self, deploymentId: str) -> dict[str, Any]:  # noqa: N803
        return {"deploymentInfo": {"status": self.status, "completeTime": datetime.now(UTC)}}

    def list_deployments(self, deploymentGroupName: str, **words: Any) -> dict[str, list[str]]:  # noqa: N803
        return {"deployments": self.under_way.get(deploymentGroupName, [])}

    def stop_deployment(self, deploymentId: str, autoRollbackEnabled: bool) -> None:  # noqa: N803
        assert autoRollbackEnabled
        self.stopped.append(deploymentId)


@pytest.fixture
def functions(terraform: Terraform, monkeypatch: pytest.MonkeyPatch) -> Functions:
    """Each function of `local` is named as its stage, at version 4; 3 was released before the deployment."""
    fake = Functions(**dict.fromkeys(ORDER, "3"))
    terraform.outputs = {"stack": {"value": {"region": "us-east-1", "functions": {stage: stage for stage in ORDER}}}}
    for module in ("scripts.deploy", "datavault.cli.rollout"):
        monkeypatch.setattr(f"{module}.client", lambda _: fake)
    deploy.plan("local")
    deploy.apply("local")
    fake.versions = dict.fromkeys(ORDER, "4")
    return fake


def released_by(monkeypatch: pytest.MonkeyPatch, application: str | None) -> None:
    stack = SimpleNamespace(rollout_application=application, functions={stage: stage for stage in ORDER})
    monkeypatch.setattr("datavault.cli.context.Context.stack", stack)


def test_a_rollback_brings_each_function_back_writers_before_readers(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    released_by(monkeypatch, None)

    deploy.rollback("local")

    assert functions.moved == [(stage, "3") for stage in ("processor", "enrichment", "loader", "auditor")]


def test_a_rollback_moves_only_what_the_deployment_moved(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    released_by(monkeypatch, None)
    functions.versions |= {"processor": "3", "loader": "3"}

    deploy.rollback("local")

    assert functions.moved == [("enrichment", "3"), ("auditor", "3")]


def test_a_second_attempt_of_a_plan_keeps_the_first_ones_note_and_a_new_plan_begins_anew(
    functions: Functions, root: Path
) -> None:
    note = root / "build/plans/local.before.json"
    deploy.apply("local")
    assert set(json.loads(note.read_text()).values()) == {"3"}

    deploy.plan("local")
    assert not note.exists()
    deploy.apply("local")
    assert set(json.loads(note.read_text()).values()) == {"4"}


def test_where_codedeploy_releases_it_brings_back_at_once_and_watches_no_alarm(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    released_by(monkeypatch, "datavault")
    functions.under_way = {"loader": ["d-cut-off"]}

    deploy.rollback("local")

    assert functions.stopped == ["d-cut-off"]
    assert [stage for stage, _ in functions.moved] == ["processor", "enrichment", "loader", "auditor"]
    assert {words["deploymentConfigName"] for words in functions.asked} == {"CodeDeployDefault.LambdaAllAtOnce"}
    assert all(words["overrideAlarmConfiguration"] == {"enabled": False} for words in functions.asked)


def test_a_rollback_that_does_not_arrive_fails(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    released_by(monkeypatch, "datavault")
    functions.status = "Failed"

    with pytest.raises(Failure, match="not back at the versions"):
        deploy.rollback("local")


def test_without_a_note_of_what_was_released_a_rollback_says_where_there_is_one(root: Path) -> None:
    with pytest.raises(Failure, match="Jenkins archives it"):
        deploy.rollback("local")


def test_the_first_deployment_of_an_environment_has_nothing_to_go_back_to(
    root: Path, terraform: Terraform, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.plan("local")
    deploy.apply("local")

    assert json.loads((root / "build/plans/local.before.json").read_text()) == {}
    deploy.rollback("local")
    assert "nothing to go back to" in capsys.readouterr().out


def test_what_was_released_is_known_or_nothing_is_applied(terraform: Terraform) -> None:
    deploy.plan("local")
    terraform.cannot = "output"

    with pytest.raises(Failure, match="terraform output failed"):
        deploy.apply("local")

    assert terraform.applied == []


def test_a_plan_that_fails_leaves_no_older_one_to_apply(root: Path, terraform: Terraform) -> None:
    deploy.plan("local")
    terraform.cannot = "plan"
    with pytest.raises(Failure, match="cannot plan local"):
        deploy.plan("local")

    with pytest.raises(Failure, match="there is no plan of local"):
        deploy.apply("local")


def test_what_was_changed_by_hand_and_would_be_set_back_is_drift() -> None:
    tags = {"before": {"tags": None, "name": "q"}, "after": {"tags": {"owner": "x"}, "name": "q"}}
    shown = {
        "resource_drift": [change("aws_sqs_queue.a", "update", **tags)],
        "resource_changes": [change("aws_sqs_queue.a", "update")],
    }

    assert drift.drift(shown) == [
        {"address": "aws_sqs_queue.a", "what": "changed", "attributes": {"tags": ("null", '{"owner": "x"}')}}
    ]


def test_what_was_deleted_is_drift() -> None:
    shown = {
        "resource_drift": [change("aws_sqs_queue.a", "delete", before={"name": "q"}, after=None)],
        "resource_changes": [change("aws_sqs_queue.a", "create")],
    }

    assert drift.drift(shown) == [{"address": "aws_sqs_queue.a", "what": "deleted", "attributes": {}}]


def test_an_alias_that_codedeploy_moved_and_a_commit_that_nobody_applied_are_no_drift() -> None:
    shown = {
        "resource_drift": [change("alias", "update", before={"version": "1"}, after={"version": "2"})],
        "resource_changes": [change("alias", "no-op"), change("aws_sqs_queue.new", "create")],
    }

    assert drift.drift(shown) == []


def test_no_sensitive_value_is_reported() -> None:
    values = {"before": {"p": "old"}, "after": {"p": "new"}, "before_sensitive": {}, "after_sensitive": {"p": True}}
    shown = {"resource_drift": [change("a", "update", **values)], "resource_changes": [change("a", "update")]}

    assert drift.drift(shown)[0]["attributes"] == {"p": ("(sensitive)", "(sensitive)")}


def test_drift_fails_is_written_down_and_leaves_no_plan(root: Path, terraform: Terraform) -> None:
    terraform.shown = {"resource_drift": [change("a", "update")], "resource_changes": [change("a", "update")]}

    with pytest.raises(Failure, match="1 resources were changed past Terraform"):
        drift.main("local")

    assert [path.name for path in (root / "build/drift").iterdir()] == ["local.json"]
    assert json.loads((root / "build/drift/local.json").read_text())["drift"][0]["address"] == "a"


def test_no_drift_is_no_failure(root: Path, terraform: Terraform) -> None:
    drift.main("local")

    assert json.loads((root / "build/drift/local.json").read_text()) == {"environment": "local", "drift": []}


def test_the_canary_has_two_good_records_and_one_that_its_contract_refuses() -> None:
    body = smoke.body(f"{smoke.commit()}-20260301T093000.000000Z")
    raw = RawObject("raw", "canary/a.ndjson", "1", datetime(2026, 3, 1, tzinfo=UTC), len(body))
    processing = Processing(raw, compile_contract(ROOT / "contracts/canary"), BytesIO(body).read)
    list(processing.chunks())
    receipt = processing.receipt()

    assert (receipt.lines, receipt.valid, receipt.reasons) == (3, 2, {smoke.BAD_REASON: 1})


@pytest.mark.parametrize("stuck", ["receipt", "parquet", "rows", "audit"])
def test_a_canary_that_stops_fails_and_names_the_hop(
    stuck: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hops = ("raw", "receipt", "quarantine", "parquet", "rows", "audit")
    monkeypatch.setattr(smoke, "_POLL_SECONDS", 0.001)
    monkeypatch.setattr(
        smoke,
        "Canary",
        lambda *_: SimpleNamespace(
            hops=lambda: [(hop, lambda hop=hop: "" if hop == stuck else "seen") for hop in hops]
        ),
    )

    with pytest.raises(Failure, match=f"stopped before '{stuck}'") as failure:
        smoke.main("local", 0.01)

    assert failure.value.code == 1
    passed = hops[: hops.index(stuck)]
    assert [line.split()[2] for line in capsys.readouterr().out.splitlines()] == list(passed)


def test_where_nobody_ran_the_bootstrap_the_settings_of_the_state_come_from_a_file_that_is_named(
    tmp_path: Path,
) -> None:
    script = tmp_path / "scripts/needs-bootstrap"
    script.parent.mkdir()
    script.write_bytes((ROOT / "scripts/needs-bootstrap").read_bytes())
    (tmp_path / "environments/dev").mkdir(parents=True)
    given = tmp_path / "given.hcl"
    given.write_text(BACKEND)

    def needs(**variables: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", script, "dev"]
        return subprocess.run(
            command, env={"PATH": "/usr/bin:/bin"} | variables, capture_output=True, text=True, check=False
        )

    assert needs().returncode == 2
    assert needs(BACKEND=str(given)).returncode == 0
    assert (tmp_path / "environments/dev/backend.hcl").read_text() == BACKEND
    assert needs().returncode == 0
