"""Each stage of the pipelines is a `make` target; tests/jenkins runs them, this holds them against the Makefile."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PIPELINES = ("Jenkinsfile", "Jenkinsfile.previews")


def called(text: str) -> set[str]:
    """The targets that a pipeline makes, of steps and of its helpers."""
    direct = re.findall(r"sh 'make ([a-z0-9-]+)'", text)
    helped = re.findall(r"(?:inAccount|inCluster|compared)\((?:'\w+', )+'([a-z0-9-]+)'\)", text)
    return {*direct, *helped}


def targets() -> set[str]:
    """Every target that make knows, computed ones too."""
    done = subprocess.run(
        ["make", "--print-data-base", "--question", "--no-builtin-rules", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return set(re.findall(r"^([a-z][a-z0-9-]*):", done.stdout, re.MULTILINE))


def test_every_target_that_a_pipeline_calls_exists() -> None:
    wanted = set().union(*(called((ROOT / name).read_text()) for name in PIPELINES))
    assert {"test-unit", "deploy-prod", "drift-staging", "rollback-dev", "preview-sweep"} <= wanted
    assert wanted - targets() == set()


def test_a_target_that_does_not_exist_is_found() -> None:
    assert "deploy-nowhere" not in targets()


def test_a_target_of_an_environment_is_the_target_with_its_name() -> None:
    for stage in ("plan-file", "deploy", "smoke", "rollback", "drift"):
        done = subprocess.run(
            ["make", "--dry-run", f"{stage}-staging"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert f"make {stage} ENV=staging" in done.stdout.splitlines()[0]
