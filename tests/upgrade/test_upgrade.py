"""From the last release to this checkout, on a local cloud: what is stored stays, and what is new works.

The release is applied from a worktree of its own, with its own zips, and loads data. Then this checkout takes over its
state. FROM names another release than the last tag.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.processes import clean_environment, own_cloud

from .plans import HOLDS_DATA, lost

ROOT = Path(__file__).resolve().parents[2]
# What stands in for the last release until there is a tag: 23 November 2026.
FIRST = "a5578e2"
_ORDERS = 500


def release() -> str:
    """The Git reference to start from."""
    if chosen := os.environ.get("FROM"):
        return chosen
    command = ["git", "describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or FIRST


@dataclass(frozen=True)
class Side:
    """A checkout over the one state and the one cloud."""

    root: Path
    folder: Path
    environment: dict[str, str]

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(word) for word in command],
            cwd=self.root,
            env=self.environment | {"TF_DATA_DIR": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )

    def done(self, *command: str | Path) -> str:
        done = self.run(*command)
        assert done.returncode == 0, f"{command}\n{done.stdout[-10_000:]}\n{done.stderr[-10_000:]}"
        return done.stdout

    def terraform(self, *words: str | Path) -> str:
        return self.done(self.root / "scripts/terraform", f"-chdir={self.root}/environments/local", *words)


@dataclass(frozen=True)
class Upgrade:
    """What was there before, what the plan said, and the side that took over."""

    before: dict[str, Any]
    shown: dict[str, Any]
    now: Side
    second_plan: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def upgrade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgrade]:
    work, start = tmp_path_factory.mktemp("upgrade"), release()
    environment = clean_environment() | own_cloud(work / "cloud")
    endpoint = f"http://127.0.0.1:{environment['LOCALCLOUD_PORT']}"
    environment |= {"TF_VAR_endpoint": endpoint, "TF_IN_AUTOMATION": "1"}
    then = Side(work / "release", work / "terraform-then", environment)
    now = Side(ROOT, work / "terraform-now", environment)
    cloud = ROOT / "localcloud/.venv/bin/localcloud"
    backend = f"-backend-config=path={work / 'local.tfstate'}"
    now.done("git", "worktree", "add", "--quiet", "--detach", then.root, start)
    try:
        then.done("make", "package", "ENV=local", "PLATFORM=")
        now.done(cloud, "start")
        then.terraform("init", "-input=false", "-reconfigure", backend)
        then.terraform("apply", "-input=false", "-auto-approve", "-no-color")
        orders = work / "orders.ndjson"
        orders.write_text("".join(json.dumps(order(number)) + "\n" for number in range(_ORDERS)))
        command = then.root / ".venv/bin/datavault"
        then.done(command, "ingest", "orders", orders, "--wait", "--timeout-seconds", "240")
        before = json.loads(then.done(command, "audit", "--json"))

        now.terraform("init", "-input=false", "-reconfigure", backend)
        plan = work / "plan"
        now.terraform("plan", "-input=false", "-no-color", f"-out={plan}")
        shown = json.loads(now.terraform("show", "-json", plan))
        now.terraform("apply", "-input=false", "-no-color", plan)
        again = ("plan", "-input=false", "-no-color", "-detailed-exitcode")
        second_plan = now.run(ROOT / "scripts/terraform", f"-chdir={ROOT}/environments/local", *again)
        yield Upgrade(before, shown, now, second_plan)
    finally:
        now.run(cloud, "reset")
        now.run("git", "worktree", "remove", "--force", then.root)


def order(number: int) -> dict[str, Any]:
    return {
        "order_id": f"ORD-{number:08d}",
        "ordered_at": "2026-03-01T09:30:00Z",
        "customer": {"id": 7, "email": "ann@example.com", "country": "CH"},
        "items": [{"sku": "AB-1234", "quantity": 2, "unit_price": "9.50"}],
        "total": "19.00",
        "gift": False,
    }


def test_the_release_had_data_and_it_added_up(upgrade: Upgrade) -> None:
    assert upgrade.before["balanced"]
    assert [entry["in_table"] for entry in upgrade.before["objects"]] == [_ORDERS]
    held = {change["type"] for change in upgrade.shown["resource_changes"]} & HOLDS_DATA
    assert {"aws_s3_bucket", "aws_kinesis_stream", "aws_redshiftserverless_namespace"} <= held


def test_nothing_that_holds_data_is_destroyed_or_replaced(upgrade: Upgrade) -> None:
    assert lost(upgrade.shown) == []


def test_a_second_plan_is_empty(upgrade: Upgrade) -> None:
    assert upgrade.second_plan.returncode == 0, upgrade.second_plan.stdout + upgrade.second_plan.stderr


def test_what_was_loaded_before_is_there_and_still_adds_up(upgrade: Upgrade) -> None:
    after = json.loads(upgrade.now.done(ROOT / ".venv/bin/datavault", "audit", "--json", "--dataset", "orders"))

    assert after["balanced"]
    was, now = ({e["object_id"]: e["in_table"] for e in found["objects"]} for found in (upgrade.before, after))
    assert was == now


def test_every_hop_works_afterwards(upgrade: Upgrade) -> None:
    said = upgrade.now.done(sys.executable, "-m", "scripts.smoke", "local", "--timeout-seconds", "240")

    assert "smoke: local passed" in said
