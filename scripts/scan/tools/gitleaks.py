"""gitleaks: secrets in every commit, so also in what was deleted since."""

import re

import msgspec

from ..findings import Answer, BrokenError, Finding
from ..machine import Machine, Tool, read_json, read_report

_COMMITS = re.compile(r"(\d+) commits scanned")


class _Leak(msgspec.Struct, rename="pascal"):
    """A secret; gitleaks redacts the value."""

    rule: str = msgspec.field(name="RuleID")
    description: str
    file: str
    start_line: int
    commit: str


def read(report: str | bytes) -> list[Finding]:
    """Read gitleaks's JSON."""
    return [
        Finding(leak.rule, leak.file, leak.commit[:12], leak.description, "high", leak.start_line)
        for leak in read_json(report, list[_Leak])
    ]


def look(machine: Machine) -> Answer:
    """Ask it."""
    report = machine.work / "gitleaks.json"
    report.unlink(missing_ok=True)
    done = machine.tool(
        "gitleaks", "git", "--no-banner", "--no-color", "--redact", "--exit-code=0",
        "--report-format=json", f"--report-path={report}", ".",
    )  # fmt: skip
    commits = _COMMITS.search(done.errors)
    if done.code or not commits or commits[1] == "0":
        raise BrokenError(f"it read no commit: {done.last_word}")
    read_report(report, list[_Leak], done)
    shallow = machine.run("git", "rev-parse", "--is-shallow-repository").output.strip() == "true"
    note = f"{commits[1]} commits{', of a shallow clone: not the whole history' if shallow else ''}"
    return Answer(machine.version("gitleaks", "version"), read(report.read_bytes()), note=note)


TOOL = Tool("gitleaks", "secrets, in every commit", look)
