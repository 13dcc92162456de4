"""What a tool may say: findings, or that it did not run, or that it broke. Nothing else is an answer."""

from enum import StrEnum

import msgspec


class NotRunError(Exception):
    """The tool could not look: its database, or what it looks at, is not to be had here."""


class BrokenError(Exception):
    """The tool failed, or its answer cannot be read."""


class Status(StrEnum):
    """What became of a tool."""

    CLEAN = "clean"
    FINDINGS = "findings"
    NOT_RUN = "NOT RUN"
    BROKEN = "BROKEN"


class Finding(msgspec.Struct, frozen=True, order=True):
    """Something that a tool found. `subject` is the resource or package in the file, where the tool names one."""

    rule: str
    path: str
    subject: str = ""
    message: str = ""
    severity: str = "medium"
    line: int = 0

    @property
    def place(self) -> str:
        """Where it is, without a line number, which moves with every edit."""
        return f"{self.path}#{self.subject}" if self.subject else self.path


class Answer(msgspec.Struct, frozen=True):
    """What a tool that ran has said. `database` is the day of what it compared with, `note` a word for the report."""

    version: str
    findings: list[Finding]
    database: str = ""
    note: str = ""


class Result(msgspec.Struct, frozen=True):
    """A tool's row of the report."""

    tool: str
    looks_for: str
    status: Status
    seconds: float
    answer: Answer = Answer("", [])
    reason: str = ""
