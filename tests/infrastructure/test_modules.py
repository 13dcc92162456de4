"""Each Terraform module's own tests (modules/*/tests/*.tftest.hcl), with a mocked provider: no cloud, no network."""

from pathlib import Path

import pytest

from .conftest import ROOT, Terraform, copy_code

MODULES = sorted(path.name for path in (ROOT / "modules").iterdir() if path.is_dir())

# Terraform's mocks know no ephemeral resources; this module is tried by applying it on the local cloud.
WITHOUT_MOCK_TESTS = {"keyring"}


@pytest.mark.parametrize("module", [name for name in MODULES if name not in WITHOUT_MOCK_TESTS])
def test_a_module_passes_its_own_tests(module: str, terraform: Terraform, tmp_path: Path) -> None:
    copy_code(ROOT / "modules" / module, tmp_path / module)
    init = terraform(tmp_path / module, "init", "-input=false", "-lockfile=readonly", "-no-color")
    assert init.returncode == 0, init.stderr

    tests = terraform(tmp_path / module, "test", "-no-color")

    assert tests.returncode == 0, tests.stdout + tests.stderr
    assert " 0 passed" not in tests.stdout


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


@pytest.mark.parametrize("module", [name for name in MODULES if name not in WITHOUT_MOCK_TESTS])
def test_every_rule_of_a_module_has_a_test_that_breaks_it(module: str) -> None:
    folder = ROOT / "modules" / module
    rules = sum(file.read_text().count("  validation {") for file in folder.glob("variables*.tf"))
    broken = sum(file.read_text().count("expect_failures") for file in folder.glob("tests/*.tftest.hcl"))
    assert broken == rules
