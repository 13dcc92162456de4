"""Every root, each in an account of its own: apply, an empty second plan, our controls, destroy, nothing left."""

import json
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from datavault.cost.estimate import estimate
from datavault.cost.plan import Nodes, read_plan
from datavault.cost.prices import load_prices
from datavault.cost.workload import Workload
from tests.processes import clean_environment

from .conftest import ROOT, clients
from .controls import CONTROLS
from .inventory import everything

# What a root's files leave off, switched on here: one root has the platform, for it takes a minute more.
SWITCHES = {
    "infrastructure": {
        "network": {"cidr": "10.64.0.0/20"},
        "worker": {"threshold_mb": 1000},
        "platform": {
            "access_entries": {
                "operators": {
                    "principal_arn": "arn:aws:iam::555555555555:role/operators",
                    "policies": {
                        "AmazonEKSClusterAdminPolicy": {},
                        "AmazonEKSViewPolicy": {"namespaces": ["datavault"]},
                    },
                }
            }
        },
    }
}
PRICES = ROOT / "infrastructure/prices/us-east-1.yaml"
# As scripts/emulate says it.
ACCOUNTS = {
    "dev": "111111111111",
    "staging": "222222222222",
    "prod": "333333333333",
    "infrastructure": "555555555555",
}


class Life(NamedTuple):
    """What came of one root."""

    plan: bytes
    applied: str
    second_plan: subprocess.CompletedProcess[str]
    findings: dict[str, list[str]]
    made: dict[str, list[str]]
    left: dict[str, list[str]]


@pytest.fixture(scope="session")
def lives(
    cloud: dict[str, str], endpoint: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Life]]]:
    """Start them all: most of an apply is waiting."""
    work = tmp_path_factory.mktemp("emulated")

    def live(root: str) -> Life:
        client = clients(endpoint, ACCOUNTS[root])
        _terraform(cloud, work, root, "init", "-input=false", "-lockfile=readonly")
        assert everything(client) == {}
        _terraform(cloud, work, root, "plan", "-out=new.tfplan")
        plan = _terraform(cloud, work, root, "show", "-json", "new.tfplan").encode()
        applied = _terraform(cloud, work, root, "apply", "new.tfplan")
        second_plan = _run(cloud, work, root, "plan", "-detailed-exitcode")
        findings = {control: check(client) for control, check in CONTROLS.items()}
        made = everything(client)
        _terraform(cloud, work, root, "destroy", "-auto-approve")
        return Life(plan, applied, second_plan, findings, made, everything(client))

    # One call of each service first: LocalStack loads a service at its first call, and not well under several at once.
    everything(clients(endpoint, "666666666666"))
    with ThreadPoolExecutor(len(ACCOUNTS)) as pool:
        yield {root: pool.submit(live, root) for root in ACCOUNTS}


def _run(cloud: dict[str, str], work: Path, root: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            ROOT / "scripts" / "emulate",
            root,
            arguments[0],
            "-no-color",
            *(["-input=false"] if arguments[0] not in {"init", "show"} else []),
            *arguments[1:],
        ],
        env=clean_environment() | cloud | {"EMULATED": str(work / root)} | _switches(root),
        capture_output=True,
        text=True,
        check=False,
    )


def _switches(root: str) -> dict[str, str]:
    return {f"TF_VAR_{name}": json.dumps(value) for name, value in SWITCHES.get(root, {}).items()}


def _terraform(cloud: dict[str, str], work: Path, root: str, *arguments: str) -> str:
    done = _run(cloud, work, root, *arguments)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    return done.stdout


@pytest.mark.parametrize("root", ACCOUNTS)
def test_a_root_applies(root: str, lives: dict[str, Future[Life]]) -> None:
    life = lives[root].result()

    match = re.search(r"Apply complete! Resources: (\d+) added, 0 changed, 0 destroyed", life.applied)

    assert match, life.applied[-2000:]
    assert int(match[1]) > 80


@pytest.mark.parametrize("root", ACCOUNTS)
def test_a_second_plan_is_empty(root: str, lives: dict[str, Future[Life]]) -> None:
    plan = lives[root].result().second_plan

    assert plan.returncode == 0, plan.stdout + plan.stderr
    assert "No changes." in plan.stdout


@pytest.mark.parametrize("root", ACCOUNTS)
@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_holds(root: str, control: str, lives: dict[str, Future[Life]]) -> None:
    assert lives[root].result().findings[control] == []


@pytest.mark.parametrize("root", ACCOUNTS)
def test_destroy_leaves_nothing(root: str, lives: dict[str, Future[Life]]) -> None:
    life = lives[root].result()

    assert {"buckets", "functions", "keys", "queues", "roles", "secrets", "streams", "workgroups"} <= life.made.keys()
    assert life.left == {}


@pytest.mark.parametrize(("root", "has_network"), [("dev", False), ("staging", True), ("prod", True)])
def test_production_and_its_rehearsal_have_a_network_and_a_trail(
    root: str, has_network: bool, lives: dict[str, Future[Life]]
) -> None:
    made = lives[root].result().made

    assert ("vpcs" in made) == ("trails" in made) == has_network
    assert "budgets" in made


def test_a_platform_is_there_where_it_is_asked_for(lives: dict[str, Future[Life]]) -> None:
    made = {root: lives[root].result().made for root in ACCOUNTS}

    for kind in ("clusters", "launch templates", "repositories", "service networks"):
        assert [root for root in ACCOUNTS if kind in made[root]] == ["infrastructure"], kind


def test_a_platform_costs_what_its_switch_says(lives: dict[str, Future[Life]]) -> None:
    facts = read_plan(lives["infrastructure"].result().plan)
    idle = estimate(load_prices(PRICES), facts, Workload(0), date.today())  # noqa: DTZ011  any day will do

    # As docs/operations/platform.md and the variable say it.
    assert (facts.clusters, facts.nodes, facts.endpoint_zones) == (1, Nodes("m7g.large", 2, 30), (4 + 7) * 3)
    assert {name: round(usd) for name, usd in idle.services.items() if name in {"EKS", "EC2", "VPC"}} == {
        "EKS": 73,
        "EC2": 124,
        "VPC": 88 + 153,
    }


@pytest.mark.parametrize(
    ("root", "rpu", "endpoint_zones", "stream"),
    [("dev", 4, 0, "PROVISIONED"), ("staging", 8, 12, "ON_DEMAND"), ("prod", 8, 12, "ON_DEMAND")],
)
def test_a_plan_can_be_priced(
    root: str, rpu: int, endpoint_zones: int, stream: str, lives: dict[str, Future[Life]]
) -> None:
    facts = read_plan(lives[root].result().plan)
    idle = estimate(load_prices(PRICES), facts, Workload(0), date.today())  # noqa: DTZ011  any day will do

    assert (facts.base_rpu, facts.endpoint_zones, facts.stream_mode) == (rpu, endpoint_zones, stream)
    # As docs/deployment.md says it.
    assert round(idle.rates.usd_per_month) == (136 if endpoint_zones else 29)
    assert round(idle.services["CloudWatch"]) == 14
    assert round(idle.services["KMS"]) == 3
    assert round(idle.services.get("VPC", 0)) == (88 if endpoint_zones else 0)
    assert round(idle.services["Kinesis"]) == {"PROVISIONED": 11, "ON_DEMAND": 29}[stream]


def test_credentials_of_another_account_are_refused(cloud: dict[str, str], tmp_path: Path) -> None:
    """The account guard, on the very first call."""
    _terraform(cloud, tmp_path, "dev", "init", "-input=false", "-lockfile=readonly")

    plan = subprocess.run(
        [ROOT / "scripts" / "emulate", "dev", "plan", "-no-color", "-input=false", "-var=account_id=999999999999"],
        env=clean_environment() | cloud | {"EMULATED": str(tmp_path / "dev")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert plan.returncode != 0
    assert "AWS account ID not allowed: 111111111111" in plan.stderr
