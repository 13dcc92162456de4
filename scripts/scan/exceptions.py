"""scan-exceptions.toml: what is known and accepted, where, why, and until when."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import msgspec

from .findings import Finding, Result, Status

# A reason is looked at again after a year at the latest.
LONGEST = timedelta(days=366)


class ExceptionsError(Exception):
    """The file cannot be read, or an entry is not one."""


class Accepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One finding that is accepted: of this tool and rule, at exactly this place, until that day."""

    tool: str
    rule: str
    place: str
    reason: str
    expires: date

    def covers(self, tool: str, finding: Finding) -> bool:
        """Whether it speaks of this finding."""
        return (self.tool, self.rule, self.place) == (tool, finding.rule, finding.place)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    exception: list[Accepted] = []


class Verdict(msgspec.Struct, frozen=True):
    """What the exceptions leave: findings by tool, and exceptions that must go or be looked at again."""

    open: dict[str, list[Finding]]
    accepted: dict[str, list[Finding]]
    expired: list[Accepted]
    unused: list[Accepted]


def read(path: Path, tools: Iterable[str], today: date) -> list[Accepted]:
    """Read the file.

    Raises
    ------
    ExceptionsError
        It is no TOML, or entries are wrong; the text names each.
    """
    try:
        entries = msgspec.toml.decode(path.read_bytes(), type=_File).exception
    except (OSError, msgspec.DecodeError) as error:
        raise ExceptionsError(f"{path.name}: {error}") from None
    problems = []
    for entry in entries:
        name = f"{entry.tool} {entry.rule} at {entry.place}"
        if entry.tool not in tools:
            problems.append(f"{name}: no such tool; there are {', '.join(tools)}")
        if not entry.reason.strip():
            problems.append(f"{name}: has no reason")
        if entry.expires > today + LONGEST:
            problems.append(f"{name}: expires in more than a year")
        if entries.count(entry) > 1:
            problems.append(f"{name}: stands there twice")
    if problems:
        raise ExceptionsError("\n".join(f"{path.name}: {problem}" for problem in dict.fromkeys(problems)))
    return entries


def judge(results: Iterable[Result], entries: list[Accepted], today: date) -> Verdict:
    """Part what is accepted from what is open.

    An expired exception accepts nothing. One that no finding needs is unused if its tool has looked; a tool that has
    not run says nothing about it.
    """
    results = list(results)
    valid = [entry for entry in entries if entry.expires >= today]
    verdict = Verdict({}, {}, [entry for entry in entries if entry.expires < today], [])
    for result in results:
        parts: tuple[list[Finding], list[Finding]] = ([], [])
        for finding in result.answer.findings:
            parts[any(entry.covers(result.tool, finding) for entry in valid)].append(finding)
        verdict.open[result.tool], verdict.accepted[result.tool] = parts
    looked = {
        result.tool: result.answer.findings for result in results if result.status in {Status.CLEAN, Status.FINDINGS}
    }
    verdict.unused.extend(
        entry
        for entry in valid
        if entry.tool in looked and not any(entry.covers(entry.tool, finding) for finding in looked[entry.tool])
    )
    return verdict
