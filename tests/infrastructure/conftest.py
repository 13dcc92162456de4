"""Copies of the Terraform code to run tests in: a test leaves nothing in the checkout, and two can run at once."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "infrastructure" / ".terraform.lock.hcl"

Terraform = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def terraform() -> Terraform:
    """Run Terraform in a folder and return what it wrote; a code other than 0 is the caller's to judge."""
    # A person's own Terraform settings (variables, data folder, workspace, CLI arguments) must not change a test.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "AWS_"))}
    environment |= {name: os.environ[name] for name in ("TF_PLUGIN_MIRROR", "TF_CLI_CONFIG_FILE") if name in os.environ}

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
