"""Each Terraform module's own tests (modules/*/tests/*.tftest.hcl), with a mocked provider: no cloud, no network."""

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from .conftest import ROOT, Terraform, copy_code

MODULES = sorted(path.name for path in (ROOT / "modules").iterdir() if path.is_dir())

# Terraform's mocks know no ephemeral resources; this module is tried by applying it on the local cloud.
WITHOUT_MOCK_TESTS = {"keyring"}


TESTED = [name for name in MODULES if name not in WITHOUT_MOCK_TESTS]

Outcome = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def outcomes(terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Outcome]]]:
    """Start every module's `terraform test`, one a core: one after another they would take minutes."""

    def run(module: str) -> Outcome:
        folder = tmp_path_factory.mktemp("modules") / module
        copy_code(ROOT / "modules" / module, folder)
        init = terraform(folder, "init", "-input=false", "-lockfile=readonly", "-no-color")
        return init if init.returncode else terraform(folder, "test", "-no-color")

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        yield {module: pool.submit(run, module) for module in TESTED}


@pytest.mark.parametrize("module", TESTED)
def test_a_module_passes_its_own_tests(module: str, outcomes: dict[str, Future[Outcome]]) -> None:
    outcome = outcomes[module].result()
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "Success!" in outcome.stdout


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_its_parts(module: str) -> None:
    folder = ROOT / "modules" / module
    missing = [
        name
        for name in ("main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md")
        if not (folder / name).is_file()
    ]
    assert not missing
    assert module in WITHOUT_MOCK_TESTS or list(folder.glob("tests/*.tftest.hcl"))


@pytest.mark.parametrize("module", TESTED)
def test_every_rule_of_a_module_has_a_test_that_breaks_it(module: str) -> None:
    folder = ROOT / "modules" / module
    rules = sum(file.read_text().count("  validation {") for file in folder.glob("variables*.tf"))
    broken = sum(file.read_text().count("expect_failures") for file in folder.glob("tests/*.tftest.hcl"))
    assert broken == rules
