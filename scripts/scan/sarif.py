"""SARIF 2.1.0: one file, a run for each tool, accepted findings as suppressed, what was not run as not successful."""

from typing import Any
from urllib.parse import quote

from .exceptions import Accepted, Verdict
from .findings import Finding, Result, Status

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "moderate": "warning", "low": "note"}


def write(results: list[Result], verdict: Verdict, entries: list[Accepted]) -> dict[str, Any]:
    """Make the file's content."""
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(result, verdict, entries) for result in results]}


def _run(result: Result, verdict: Verdict, entries: list[Accepted]) -> dict[str, Any]:
    answer = result.answer
    rules = sorted({finding.rule for finding in answer.findings})
    driver: dict[str, Any] = {"name": result.tool, "rules": [{"id": rule} for rule in rules]}
    if answer.version:
        driver["version"] = answer.version
    invocation: dict[str, Any] = {"executionSuccessful": result.status in {Status.CLEAN, Status.FINDINGS}}
    if result.reason:
        notice = {"level": "error", "message": {"text": f"{result.status}: {result.reason}"}}
        invocation["toolExecutionNotifications"] = [notice]
    accepted = set(verdict.accepted[result.tool])
    return {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "results": [
            _result(finding, [entry for entry in entries if finding in accepted and entry.covers(result.tool, finding)])
            for finding in answer.findings
        ],
    }


def _result(finding: Finding, accepting: list[Accepted]) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(finding.path)}}
    if finding.line:
        place["region"] = {"startLine": finding.line}
    location: dict[str, Any] = {"physicalLocation": place}
    if finding.subject:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.subject}]
    found: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": _LEVELS.get(finding.severity, "warning"),
        "message": {"text": finding.message or finding.rule},
        "locations": [location],
        "partialFingerprints": {"place/v1": f"{finding.rule} {finding.place}"},
    }
    if accepting:
        found["suppressions"] = [{"kind": "external", "justification": entry.reason} for entry in accepting]
    return found
