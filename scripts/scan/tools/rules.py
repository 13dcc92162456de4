"""Our own rules on Python, kept by ruff: what the core may import, and no clock and no chance in what functions write.

Rules on the stack need its plan, so tests keep them: `KEPT_BY_TESTS` says which.
"""

from pathlib import Path
from typing import NamedTuple

import msgspec

from ..findings import Answer, BrokenError, Finding
from ..machine import ROOT, Machine, Tool, read_json

RULES = Path(__file__).parents[1] / "rules"
# The file of rules, and what it is about.
ABOUT = {"core": "lambdas/datavault", "clock": "lambdas"}


class Kept(NamedTuple):
    """A rule that a test keeps."""

    rule: str
    target: str
    file: str
    test: str


_STACK = "tests/infrastructure/test_stack.py"
KEPT_BY_TESTS = (
    Kept("no wildcard in a role's actions", "test-terraform", _STACK, "test_no_role_holds_a_wildcard_action"),
    Kept(
        "no wildcard resource in a role's policy, but where AWS knows no other",
        "test-terraform",
        _STACK,
        "test_every_resource_stands_only_where_there_is_no_other_way",
    ),
    Kept(
        "every queue has a dead-letter queue with an alarm",
        "test-terraform",
        _STACK,
        "test_every_queue_has_a_dead_letter_queue_with_an_alarm",
    ),
    Kept(
        "every alarm has a runbook, and every runbook an alarm",
        "test-terraform",
        _STACK,
        "test_every_alarm_has_a_runbook_and_every_runbook_an_alarm",
    ),
    Kept(
        "every Prometheus alert has a runbook",
        "test-monitoring",
        "tests/monitoring/test_rules.py",
        "test_every_alert_says_what_is_wrong_and_names_its_runbook",
    ),
)


class _Start(msgspec.Struct):
    row: int


class _Violation(msgspec.Struct):
    filename: str
    message: str
    location: _Start


def read(report: str | bytes, rule: str, root: Path) -> list[Finding]:
    """Read ruff's JSON."""
    return [
        Finding(rule, Path(one.filename).relative_to(root).as_posix(), message=one.message, line=one.location.row)
        for one in read_json(report, list[_Violation])
    ]


def look(machine: Machine) -> Answer:
    """Ask ruff, once for each file of rules."""
    ruff = ROOT / ".venv/bin/ruff"
    findings = []
    for rule, folder in ABOUT.items():
        done = machine.run(
            ruff,
            "check",
            "--config",
            RULES / f"{rule}.toml",
            "--output-format=json",
            "--no-cache",
            "--exit-zero",
            folder,
        )
        if done.code or "No Python files found" in done.errors:
            raise BrokenError(f"ruff, {rule}: {done.last_word}")
        findings += read(done.output, rule, ROOT)
    version = machine.run(ruff, "--version").output.split()[-1]
    return Answer(version, findings, note=f"{len(ABOUT)} here, by ruff; {len(KEPT_BY_TESTS)} are kept by tests")


TOOL = Tool("rules", "our own rules", look)
