"""`datavault cost`: what it prints, from a plan that is there or that it makes."""

import json
import subprocess
from math import fsum
from pathlib import Path
from typing import Any

import pytest

from datavault.cli import cost
from tests.unit.cost.facts import PLAN

from .conftest import Run

PROD = ("--env", "prod", "cost", "--plan", str(PLAN))


def test_it_prints_lines_rates_firehose_and_the_date_of_its_prices(run: Run) -> None:
    code, out, _ = run(*PROD, "--gb-per-day", "500")

    assert code == 0
    assert out.startswith("prod, 500 GB a day: US dollars a month")
    for words in ("interface endpoints", "per million records", "Firehose, one record a put", "Not counted: taxes"):
        assert words in out
    assert "warning: Redshift: loads and audits need" in out
    assert "List prices of 2026-09-25, us-east-1. Records of 298 bytes" in out


def test_json_adds_up_and_has_every_assumption(run: Run) -> None:
    code, out, _ = run(*PROD, "--gb-per-day", "50", "--record-bytes", "1000", "--json")

    found = json.loads(out)
    assert code == 0
    assert fsum(line["usd"] for line in found["lines"]) == pytest.approx(found["rates"]["usd_per_month"])
    assert fsum(found["services"].values()) == pytest.approx(found["rates"]["usd_per_month"])
    assert (found["workload"]["record_bytes"], found["workload"]["stream_ratio"]) == (1000, 11.8)
    assert (found["environment"], found["prices"]["date"]) == ("prod", "2026-09-25")


def test_without_data_there_is_no_rate_and_no_firehose(run: Run) -> None:
    code, out, _ = run(*PROD, "--gb-per-day", "0")

    assert code == 0
    assert " a day\n" in out
    assert "Firehose" not in out


def test_local_costs_nothing(run: Run) -> None:
    assert "costs nothing" in run("cost", "--gb-per-day", "5")[1]
    assert json.loads(run("cost", "--gb-per-day", "5", "--json")[1])["rates"] == {"usd_per_month": 0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*PROD, "--gb-per-day", "-1"), "--gb-per-day must be a number of at least 0"),
        ((*PROD, "--gb-per-day", "nan"), "--gb-per-day must be a number of at least 0"),
        ((*PROD, "--gb-per-day", "1", "--object-mb", "0"), "--object-mb must be a number above 0"),
        (("--env", "nowhere", "cost", "--gb-per-day", "1"), "no environment 'nowhere'"),
        (("--env", "prod", "cost", "--gb-per-day", "1", "--plan", "not/there"), "cannot read not/there"),
        (("--env", "prod", "cost", "--gb-per-day", "1", "--plan", __file__), "is no plan of DataVault"),
    ],
)
def test_bad_input_is_a_sentence_with_a_hint(run: Run, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = run(*arguments)

    assert (code, out) == (2, "")
    assert message in err
    assert "hint:" in err


def test_a_bad_file_of_prices_is_a_sentence(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "_PRICES", tmp_path / "none.yaml")

    assert "cannot read" in run(*PROD, "--gb-per-day", "1")[2]


def planned(monkeypatch: pytest.MonkeyPatch, code: int, out: bytes, err: bytes = b"") -> list[list[str]]:
    """The environment's plan is this; the commands that were run for it."""
    commands: list[list[str]] = []

    def made(command: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        commands.append(command)
        return subprocess.CompletedProcess(command, code, out, err)

    monkeypatch.setattr(cost.subprocess, "run", made)
    return commands


def test_without_a_plan_it_plans_the_environment_offline(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = planned(monkeypatch, 0, PLAN.read_bytes())

    assert run("--env", "staging", "cost", "--gb-per-day", "1")[0] == 0
    ((program, *rest),) = commands
    assert (Path(program).name, rest) == ("emulated-plan", ["--json", "staging"])


def test_a_plan_that_fails_says_why_and_what_to_do(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    planned(monkeypatch, 1, b"", b"Error: the zips are missing\n")

    code, _, err = run("--env", "prod", "cost", "--gb-per-day", "1")

    assert code == 2
    assert "Error: the zips are missing" in err
    assert "`make cost ENV=prod`" in err
