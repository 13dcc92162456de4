"""The Jenkinsfile calls targets that there are, and `make verify` is its part that needs no cloud."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
JENKINSFILE = (ROOT / "Jenkinsfile").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def called(text: str) -> list[str]:
    return re.findall(r"sh 'make ([a-z0-9-]+)'", text)


def test_every_command_of_the_jenkinsfile_is_a_target() -> None:
    assert len(called(JENKINSFILE)) == JENKINSFILE.count(" sh ")
    assert set(called(JENKINSFILE)) - set(re.findall(r"^([a-z][a-z0-9-]*):", MAKEFILE, re.MULTILINE)) == set()


def test_make_verify_is_the_stage_verify_in_its_order() -> None:
    stage = JENKINSFILE.partition("stage('verify')")[2].partition("stage('emulated')")[0]
    (targets,) = re.findall(r"^verify: (.*?) ##", MAKEFILE, re.MULTILINE)
    assert targets.split() == called(stage)
