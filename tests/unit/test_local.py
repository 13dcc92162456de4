"""scripts/local, with programs that stand in for the local cloud, Terraform and the warehouse."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLOUD = """case $1 in
start) mkdir -p .local/cloud/warehouse ;;
status) echo '{"instance_id": "'"$INSTANCE"'"}' ;;
reset) rm -rf .local/cloud ;;
esac"""
# Each question is written down; the ledger has as many chunks as the test says.
WAREHOUSE = 'echo "$*" >>questions; echo "$CHUNKS"'


class Laptop:
    """A checkout with nothing in it but the script and what it calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        programs = {
            "localcloud/.venv/bin/localcloud": CLOUD,
            "scripts/terraform": "true",
            ".venv/bin/datavault": WAREHOUSE,
        }
        for name, body in programs.items():
            program = folder / name
            program.parent.mkdir(parents=True, exist_ok=True)
            program.write_text(f"#!/usr/bin/env bash\n{body}\n")
            program.chmod(0o755)
        shutil.copy(ROOT / "scripts/local", folder / "scripts/local")

    def run(self, command: str, *, instance: str = "", chunks: int = 0) -> str:
        """What people are told. A LocalStack of another instance has forgotten everything."""
        environment = {"PATH": "/usr/bin:/bin", "INSTANCE": instance, "CHUNKS": str(chunks)}
        script = self.folder / "scripts/local"
        done = subprocess.run([script, command], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stderr

    @property
    def is_asked(self) -> bool:
        return (self.folder / "questions").exists()


@pytest.fixture
def laptop(tmp_path: Path) -> Laptop:
    return Laptop(tmp_path)


def test_up_after_down_says_that_the_warehouse_has_kept_what_the_buckets_have_not(laptop: Laptop) -> None:
    laptop.run("up", instance="first")
    laptop.run("down")
    said = laptop.run("up", instance="second", chunks=21)
    assert "the warehouse has kept the rows of 21 chunks" in said
    assert "hint: to begin from nothing: make reset, then make up" in said


def test_up_says_nothing_of_a_ledger_without_rows(laptop: Laptop) -> None:
    laptop.run("up", instance="first")
    assert laptop.run("up", instance="second", chunks=0) == ""
    assert laptop.is_asked


def test_up_does_not_ask_a_warehouse_that_is_new_or_goes_with_its_buckets(laptop: Laptop) -> None:
    for instance in ("first", "first"):
        assert laptop.run("up", instance=instance, chunks=21) == ""
    laptop.run("reset")
    assert laptop.run("up", instance="second", chunks=21) == ""
    assert not laptop.is_asked
