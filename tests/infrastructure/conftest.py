"""Copies of the Terraform code to run tests in: a test leaves nothing in the checkout, and two can run at once."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.processes import clean_environment

from .policies import Account
from .rules import Resources

ROOT = Path(__file__).parents[2]
STACK = Path(__file__).parent / "stack"
LOCK = ROOT / "infrastructure" / ".terraform.lock.hcl"

Terraform = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def terraform() -> Terraform:
    """Run Terraform in a folder and return what it wrote; a code other than 0 is the caller's to judge."""
    environment = clean_environment()

    def run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ROOT / "scripts" / "terraform", f"-chdir={folder}", *arguments],
            env=environment | {f"TF_VAR_{name}": value for name, value in variables.items()},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def copy_code(source: Path, target: Path) -> None:
    """Copy a module or root without what Terraform left in it, and with the provider's lock file."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(".terraform", "*.tfstate*"))
    shutil.copy(LOCK, target / ".terraform.lock.hcl")


@pytest.fixture(scope="session")
def messages(terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What `terraform test -json -verbose` says about the stack, message by message."""
    folder = tmp_path_factory.mktemp("stack")
    shutil.copytree(ROOT / "modules", folder / "modules")
    (folder / "modules" / "keyring").joinpath("main.tf").unlink()
    for name in ("variables.tf", "outputs.tf"):
        (folder / "modules" / "keyring" / name).unlink()
    shutil.copy(STACK / "keyring.tf", folder / "modules" / "keyring" / "main.tf")
    copy_code(ROOT / "infrastructure", folder / "infrastructure")
    shutil.copytree(STACK, folder / "infrastructure" / "tests")

    packages = folder / "packages"
    packages.mkdir()
    for stage in ("processor", "enrichment", "loader", "auditor"):
        (packages / f"{stage}.zip").touch()

    init = terraform(folder / "infrastructure", "init", "-input=false", "-lockfile=readonly", "-no-color")
    assert init.returncode == 0, init.stderr
    tests = terraform(folder / "infrastructure", "test", "-json", "-verbose", package_dir=str(packages))
    return [json.loads(line) for line in tests.stdout.splitlines()]


@pytest.fixture(scope="session")
def planned(messages: list[dict[str, Any]]) -> Resources:
    """The planned values of each resource, by address."""
    plan = next(
        message["test_plan"]
        for message in messages
        if message["type"] == "test_plan" and message["@testrun"] == "stack"
    )
    return {change["address"]: change["change"]["after"] for change in plan["resource_changes"]}


@pytest.fixture(scope="session")
def account(planned: Resources) -> Account:
    """What the planned policies together allow."""
    return Account(planned)
