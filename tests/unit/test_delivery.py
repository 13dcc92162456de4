"""The pipelines call targets that there are, and `make verify` is the part that needs no cloud."""

import re
import subprocess
from pathlib import Path

import pytest

from .support import make_targets

ROOT = Path(__file__).parents[2]
JENKINSFILE = (ROOT / "Jenkinsfile").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
PIPELINES = (JENKINSFILE, (ROOT / "Jenkinsfile.previews").read_text())


def called(text: str) -> list[str]:
    """The targets that a pipeline makes, in its steps or by its helpers, in order."""
    found = re.findall(r"sh 'make ([a-z0-9-]+)'|(?:inAccount|inCluster|compared)\((?:'\w+', )+'([a-z0-9-]+)'\)", text)
    return [direct or helped for direct, helped in found]


def test_every_command_of_a_pipeline_is_a_target() -> None:
    # The one other command is the helper's own: `make` and the target that it was given.
    assert JENKINSFILE.count("""sh "make ${target}\"""") == 1
    assert [text.count(" sh ") for text in PIPELINES] == [len(re.findall(r"sh ['\"]make ", text)) for text in PIPELINES]
    wanted = {target for text in PIPELINES for target in called(text)}
    assert {"test-unit", "deploy-prod", "drift-staging", "rollback-dev", "preview-sweep"} <= wanted
    assert wanted - make_targets() == set()


def test_a_target_that_there_is_not_is_not_found() -> None:
    assert {"deploy-nowhere", "uv.lock"} & make_targets() == set()


@pytest.mark.parametrize("stage", ["plan-file", "deploy", "rollout", "sync", "smoke", "rollback", "drift"])
def test_the_target_of_an_environment_is_the_target_with_its_name(stage: str) -> None:
    command = ["make", "--dry-run", f"{stage}-staging"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0] == f"make {stage} ENV=staging"


def test_make_verify_is_the_stage_verify_in_its_order() -> None:
    stage = JENKINSFILE.partition("stage('verify')")[2].partition("stage('sonar')")[0]
    (wanted,) = re.findall(r"^verify: (.*?) ##", MAKEFILE, re.MULTILINE)
    assert wanted.split() == called(stage)
