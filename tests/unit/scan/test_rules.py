"""Our own rules find what breaks them; those that tests keep have these tests."""

import subprocess
from pathlib import Path

import pytest
from scripts.scan.tools.rules import ABOUT, KEPT_BY_TESTS, RULES, read

ROOT = Path(__file__).parents[3]


def broken(rule: str, name: str, text: str) -> list[str]:
    """The messages about a text under the name of one of our files."""
    command = [
        ROOT / ".venv/bin/ruff",
        "check",
        "--config",
        RULES / f"{rule}.toml",
        "--output-format=json",
        "--no-cache",
    ]
    command += ["--exit-zero", "--force-exclude", "--stdin-filename", ROOT / name, "-"]
    done = subprocess.run(command, input=text, cwd=ROOT, capture_output=True, text=True, check=True)
    return [finding.message for finding in read(done.stdout, rule, ROOT)]


@pytest.mark.parametrize(
    "text",
    [
        "import boto3\n",
        "from botocore.exceptions import ClientError\n",
        "def f() -> None:\n    import botocore.session\n",
        "from aws_lambda_powertools import Logger\n",
        "from .edges import s3\n",
        "from datavault.stages.loader import Load\n",
        "from . import observe\n",
        "import random\n",
        "from os import urandom\n",
        "import secrets\n",
    ],
)
def test_the_core_imports_no_aws_no_edge_and_nothing_random(text: str) -> None:
    assert len(broken("core", "lambdas/datavault/chunk.py", text)) == 1
    assert len(broken("core", "lambdas/datavault/formats/new.py", text.replace("from .", "from .."))) == 1


@pytest.mark.parametrize("name", ["edges/s3.py", "stages/loader.py", "cli/query.py", "worker/server.py", "observe.py"])
def test_what_is_not_core_may(name: str) -> None:
    assert broken("core", f"lambdas/datavault/{name}", "import boto3\nimport random\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import UTC, datetime\nnow = datetime.now(UTC)\n",
        "import datetime\nday = datetime.date.today()\n",
        "import time\nstarted = time.time()\n",
        "import time as clock\nstarted = clock.time_ns()\n",
        "import uuid\nname = uuid.uuid4()\n",
    ],
)
@pytest.mark.parametrize("name", ["datavault/chunk.py", "datavault/stages/loader.py", "processor/handler.py"])
def test_nothing_that_functions_run_looks_at_the_clock_or_makes_up_a_name(name: str, text: str) -> None:
    assert len(broken("clock", f"lambdas/{name}", text)) == 1


def test_how_long_something_takes_may_be_measured() -> None:
    assert broken("clock", "lambdas/datavault/stages/loader.py", "import time\nend = time.monotonic()\n") == []


@pytest.mark.parametrize("rule", ABOUT)
def test_every_file_of_rules_is_used(rule: str) -> None:
    assert sorted(path.stem for path in RULES.glob("*.toml")) == sorted(ABOUT)
    assert (ROOT / ABOUT[rule]).is_dir()


@pytest.mark.parametrize("kept", KEPT_BY_TESTS, ids=lambda kept: kept.rule)
def test_a_rule_that_a_test_keeps_has_that_test_and_that_target(kept: object) -> None:
    rule, target, file, test = kept  # type: ignore[misc]
    assert f"def {test}(" in (ROOT / file).read_text(), rule
    recipe = (ROOT / "Makefile").read_text().partition(f"\n{target}:")[2].partition("\n.PHONY")[0]
    assert f"pytest {Path(file).parent} " in recipe
