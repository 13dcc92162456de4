"""Runs the tools one after the other; each ends as clean, with findings, not run or broken."""

import time
from collections.abc import Iterable, Iterator

from .findings import BrokenError, NotRunError, Result, Status
from .machine import Machine, Tool
from .tools import checkov, contents, dependency_check, gitleaks, osv, rules, trivy

TOOLS: tuple[Tool, ...] = (
    gitleaks.TOOL,
    rules.TOOL,
    *contents.TOOLS,
    osv.TOOL,
    *trivy.TOOLS,
    checkov.TOOL,
    dependency_check.TOOL,
)


def run(tools: Iterable[Tool], machine: Machine) -> Iterator[Result]:
    """Yield each tool's result as it ends."""
    for tool in tools:
        started = time.monotonic()
        try:
            answer = tool.look(machine)
        except NotRunError as error:
            yield Result(tool.name, tool.looks_for, Status.NOT_RUN, time.monotonic() - started, reason=str(error))
        except BrokenError as error:
            yield Result(tool.name, tool.looks_for, Status.BROKEN, time.monotonic() - started, reason=str(error))
        else:
            status = Status.FINDINGS if answer.findings else Status.CLEAN
            yield Result(tool.name, tool.looks_for, status, time.monotonic() - started, answer)


def judge(results: Iterable[Result], open_findings: int, outdated_exceptions: int, *, offline: bool) -> list[str]:
    """Why the scan fails; nothing if it passes."""
    results = list(results)
    not_run = [result.tool for result in results if result.status == Status.NOT_RUN]
    broken = [result.tool for result in results if result.status == Status.BROKEN]
    reasons = []
    if open_findings:
        reasons.append(f"{open_findings} findings are open")
    if outdated_exceptions:
        reasons.append(f"{outdated_exceptions} exceptions are expired or unused")
    if broken:
        reasons.append(f"broken: {', '.join(broken)}")
    if not_run and not offline:
        reasons.append(f"NOT RUN: {', '.join(not_run)}")
    return reasons
