"""The report for people: one HTML file without a script, a row for each tool."""

from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import NamedTuple

from .exceptions import Accepted, Verdict
from .findings import Finding, Result, Status
from .tools.rules import KEPT_BY_TESTS

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; color: #1c2430; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 2rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .7rem; border-bottom: 1px solid #dde2e8; }
th { font-weight: 600; white-space: nowrap; }
td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.place { overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: 13px; }
.verdict, .status { border-radius: 4px; padding: .1rem .5rem; font-weight: 600; white-space: nowrap; }
.good { background: #dff3e4; color: #14532d; } .bad { background: #fde2e1; color: #7f1d1d; }
.unknown { background: #fdf0cd; color: #6b4500; } small { color: #5b6675; }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_CLASS = {Status.CLEAN: "good", Status.FINDINGS: "bad", Status.NOT_RUN: "unknown", Status.BROKEN: "bad"}


class Facts(NamedTuple):
    """What the page says of the scan as a whole. `failures` are why it fails; none, and it passes."""

    revision: str
    at: datetime
    failures: list[str]
    offline: bool


def render(results: list[Result], verdict: Verdict, entries: list[Accepted], facts: Facts) -> str:
    """Make the page."""
    passed = not facts.failures
    said = "passed" if passed else f"failed: {'; '.join(facts.failures)}"
    known = " What is NOT RUN was known (SCAN_OFFLINE=1) and proves nothing." if facts.offline else ""
    open_rows = [_open_row(tool, finding) for tool, found in verdict.open.items() for finding in found]
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><title>DataVault: scan</title>',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<style>{_STYLE}</style></head><body>",
        f'<h1>Scan <span class="verdict {"good" if passed else "bad"}">{"passed" if passed else "failed"}</span></h1>',
        f"<p>{facts.at:%Y-%m-%d %H:%M} UTC, revision {escape(facts.revision)}: {escape(said)}.{known}</p>",
        "<h2>Tools</h2>",
        _table(
            ("tool", "version", "looks for", "status", "findings", "accepted", "database of", "said", "seconds"),
            [_tool_row(result, verdict) for result in results],
        ),
        "<h2>Open findings</h2>",
        _table(("tool", "rule", "severity", "place", "message"), open_rows) if open_rows else "<p>None.</p>",
        "<h2>Exceptions</h2>",
        _table(
            ("tool", "rule", "place", "reason", "until", "status"),
            [_exception_row(entry, verdict) for entry in entries],
        ),
        "<h2>Our own rules that tests keep</h2>",
        "<p>They need the stack's plan or the rules of Prometheus, and are not part of this run.</p>",
        _table(
            ("rule", "kept by", "test"),
            [_row(kept.rule, f"make {kept.target}", _place(f"{kept.file}::{kept.test}")) for kept in KEPT_BY_TESTS],
        ),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _tool_row(result: Result, verdict: Verdict) -> str:
    answer = result.answer
    counts = [len(verdict.open[result.tool]), len(verdict.accepted[result.tool])]
    ran = result.status in {Status.CLEAN, Status.FINDINGS}
    # All accepted is as good as none.
    shown = Status.CLEAN if ran and not counts[0] else result.status
    word = "accepted" if shown == Status.CLEAN and counts[1] else shown
    return _row(
        result.tool,
        answer.version,
        result.looks_for,
        _Cell(f'<td><span class="status {_CLASS[shown]}">{escape(word)}</span></td>'),
        *(_number(str(count) if ran else "") for count in counts),
        answer.database,
        result.reason or answer.note,
        _number(f"{result.seconds:.0f}"),
    )


def _open_row(tool: str, finding: Finding) -> str:
    line = f":{finding.line}" if finding.line else ""
    place = f"{finding.path}{line} {finding.subject}".strip()
    return _row(tool, finding.rule, finding.severity, _place(place), finding.message)


def _exception_row(entry: Accepted, verdict: Verdict) -> str:
    status = "expired" if entry in verdict.expired else "unused" if entry in verdict.unused else "valid"
    kind = "good" if status == "valid" else "bad"
    return _row(
        entry.tool,
        entry.rule,
        _place(entry.place),
        entry.reason,
        _number(entry.expires.isoformat()),
        _Cell(f'<td><span class="status {kind}">{status}</span></td>'),
    )


class _Cell(str):
    """A cell that is markup already."""

    __slots__ = ()


def _place(text: str) -> _Cell:
    return _Cell(f'<td class="place">{escape(text)}</td>')


def _number(text: str) -> _Cell:
    return _Cell(f'<td class="number">{escape(text)}</td>')


def _row(*cells: str) -> str:
    return f"<tr>{''.join(cell if isinstance(cell, _Cell) else f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def _table(heads: Iterable[str], rows: Iterable[str]) -> str:
    return f"<table><tr>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr>\n{'\n'.join(rows)}\n</table>"
