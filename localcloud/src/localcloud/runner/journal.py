"""The platform's own lines in a function's log, in the two formats that AWS has: text and JSON.

Shapes: the Lambda developer guide, "Lambda log levels" and "Telemetry API event schema".
"""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

type Status = Literal["success", "error", "failure", "timeout"]


@dataclass(frozen=True)
class Report:
    """What the REPORT line says of an invocation.

    Attributes
    ----------
    status
        `error` is an error that the function answered with, `failure` one that ended its process.
    """

    request_id: str
    duration_ms: float
    memory_mb: int
    peak_memory_mb: int
    init_ms: float | None
    status: Status
    error_type: str | None

    @property
    def billed_ms(self) -> int:
        return math.ceil(self.duration_ms)


class Journal(Protocol):
    def start(self, request_id: str, version: str) -> str: ...

    def fault(self, line: str) -> str:
        """What ended the process."""

    def init_report(self, milliseconds: float, phase: str, status: Status, error_type: str | None) -> str:
        """A failed init."""

    def report(self, report: Report) -> str: ...


class TextJournal:
    def start(self, request_id: str, version: str) -> str:
        return f"START RequestId: {request_id} Version: {version}\n"

    def fault(self, line: str) -> str:
        return line + "\n"

    def init_report(self, milliseconds: float, phase: str, status: Status, error_type: str | None) -> str:
        fields = [f"INIT_REPORT Init Duration: {milliseconds:.2f} ms", f"Phase: {phase}", *_ending(status, error_type)]
        return "\t".join(fields) + "\n"

    def report(self, report: Report) -> str:
        fields = [
            f"REPORT RequestId: {report.request_id}",
            f"Duration: {report.duration_ms:.2f} ms",
            f"Billed Duration: {report.billed_ms} ms",
            f"Memory Size: {report.memory_mb} MB",
            f"Max Memory Used: {report.peak_memory_mb} MB",
        ]
        if report.init_ms is not None:
            fields.append(f"Init Duration: {report.init_ms:.2f} ms")
        if report.status in ("failure", "timeout"):
            fields += _ending(report.status, report.error_type)
        return f"END RequestId: {report.request_id}\n" + "\t".join(fields) + "\n"


class JsonJournal:
    """One object a line. The end of a process is in its report, without a line of its own."""

    def start(self, request_id: str, version: str) -> str:
        return _event("platform.start", {"requestId": request_id, "version": version})

    def fault(self, line: str) -> str:  # noqa: ARG002  # the text format's
        return ""

    def init_report(self, milliseconds: float, phase: str, status: Status, error_type: str | None) -> str:
        record = {
            "initializationType": "on-demand",
            "phase": phase,
            "status": status,
            "errorType": error_type,
            "metrics": {"durationMs": round(milliseconds, 3)},
        }
        return _event("platform.initReport", record)

    def report(self, report: Report) -> str:
        metrics = {
            "durationMs": round(report.duration_ms, 3),
            "billedDurationMs": report.billed_ms,
            "memorySizeMB": report.memory_mb,
            "maxMemoryUsedMB": report.peak_memory_mb,
            "initDurationMs": None if report.init_ms is None else round(report.init_ms, 3),
        }
        record = {
            "requestId": report.request_id,
            "metrics": {name: value for name, value in metrics.items() if value is not None},
            "status": report.status,
            "errorType": report.error_type,
        }
        return _event("platform.report", record)


def timestamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _event(kind: str, record: dict[str, Any]) -> str:
    told = {name: value for name, value in record.items() if value is not None}
    return json.dumps({"time": timestamp(), "type": kind, "record": told}) + "\n"


def _ending(status: Status, error_type: str | None) -> list[str]:
    if status == "timeout":
        return ["Status: timeout"]
    return ["Status: error", f"Error Type: {error_type}"]
