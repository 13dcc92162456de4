"""What the tools look at: the code as it is now, what is deployed as it is applied, an image only if there is one."""

from pathlib import Path

import pytest
from scripts.scan.findings import BrokenError, NotRunError
from scripts.scan.machine import Machine


def test_what_is_scanned_is_the_code_without_state_and_what_is_deployed_as_it_is_applied(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "work", tmp_path / "databases", "image")
    code, deployed = (
        {path.relative_to(top).as_posix() for path in top.rglob("*")} for top in (machine.code, machine.deployed)
    )
    assert {"uv.lock", "localcloud/uv.lock", "tests/unit/scan/test_machine.py", "k8s/base"} <= code
    assert {".local", "build", ".venv", ".git"}.isdisjoint(code)
    assert {
        "Dockerfile",
        "modules/queue/main.tf",
        "k8s/datavault.yaml",
        "environments/bootstrap/bootstrap.yaml",
    } <= deployed
    assert {"k8s/base", "uv.lock", "tests"}.isdisjoint(deployed)


def test_without_an_image_what_looks_at_it_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotRunError, match="there is no image made-up:dev here; `make image` builds it"):
        _ = Machine(tmp_path, tmp_path, "made-up:dev").image_archive


def test_a_program_that_is_not_there_is_broken(tmp_path: Path) -> None:
    with pytest.raises(BrokenError, match="made-up"):
        Machine(tmp_path, tmp_path, "image").run(tmp_path / "made-up")
