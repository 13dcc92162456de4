"""checkov: misconfiguration in Terraform, CloudFormation, Kubernetes and the Dockerfile.

What is accepted in the code (`#checkov:skip=…: reason`) stands beside what it is about; it is counted, not repeated.
"""

import msgspec

from ..findings import Answer, BrokenError, Finding
from ..machine import Machine, Tool, read_json, read_report

FRAMEWORKS = ("terraform", "cloudformation", "kubernetes", "dockerfile")


class _Check(msgspec.Struct):
    check_id: str
    check_name: str
    file_path: str
    resource: str
    file_line_range: list[int]


class _Results(msgspec.Struct):
    failed_checks: list[_Check] = []


class _Summary(msgspec.Struct):
    passed: int
    skipped: int
    parsing_errors: int
    checkov_version: str


class _Report(msgspec.Struct):
    check_type: str
    results: _Results
    summary: _Summary


def read(report: str | bytes) -> tuple[list[Finding], list[_Summary]]:
    """Read checkov's JSON of several frameworks: findings, and a summary for each."""
    reports = read_json(report, list[_Report])
    findings = {
        Finding(
            check.check_id,
            check.file_path.lstrip("/"),
            "" if check.file_path in check.resource else check.resource,
            check.check_name,
            line=max(check.file_line_range[0], 0),
        )
        for one in reports
        for check in one.results.failed_checks
    }
    return sorted(findings), [one.summary for one in reports]


def look(machine: Machine) -> Answer:
    """Ask it."""
    folder = machine.work / "checkov"
    report = folder / "results_json.json"
    report.unlink(missing_ok=True)
    done = machine.tool(
        "checkov", "--directory", machine.deployed, "--framework", *FRAMEWORKS, "--skip-download", "--quiet",
        "--soft-fail",        "--output", "json", "--output-file-path", folder,
    )  # fmt: skip
    read_report(report, msgspec.Raw, done)
    findings, summaries = read(report.read_bytes())
    errors = sum(summary.parsing_errors for summary in summaries)
    if done.code or errors or len(summaries) != len(FRAMEWORKS) or not all(summary.passed for summary in summaries):
        raise BrokenError(
            f"it did not read everything ({errors} errors, {len(summaries)} frameworks): {done.last_word}"
        )
    passed, skipped = (sum(getattr(summary, name) for summary in summaries) for name in ("passed", "skipped"))
    return Answer(
        summaries[0].checkov_version, findings, note=f"{passed} checks passed, {skipped} accepted in the code"
    )


TOOL = Tool("checkov", "misconfiguration", look)
