"""Statements of the Data API, and what it says of them."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from localcloud_warehouse.api import Request, Response, Target
from localcloud_warehouse.session import Result, Session


@dataclass
class Statement:
    """One SQL text: a statement, or a part of a batch."""

    id: str
    sql: str
    status: str = "SUBMITTED"
    created: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)
    started_ns: int = 0
    duration_ns: int = 0
    error: str = ""
    result: Result | None = None
    query_id: int = 0

    def describe(self) -> Response:
        result = self.result
        answer: Response = {
            "Id": self.id,
            "CreatedAt": instant(self.created),
            "UpdatedAt": instant(self.updated),
            "Status": self.status,
            "Duration": self.duration_ns,
            "HasResultSet": bool(result and result.has_result_set),
            "QueryString": self.sql,
            "RedshiftQueryId": self.query_id,
            "ResultRows": result.count if result else -1,
            "ResultSize": result.bytes if result else -1,
        }
        if self.error:
            answer["Error"] = self.error
        return answer

    def begin(self) -> None:
        self.status = "STARTED"
        self.started_ns = time.monotonic_ns()
        self.updated = time.time()

    def end(self, status: str, error: str = "") -> None:
        self.status = status
        self.error = error
        self.duration_ns = time.monotonic_ns() - self.started_ns if self.started_ns else 0
        self.updated = time.time()


@dataclass
class Query:
    """What one call of ExecuteStatement or BatchExecuteStatement started."""

    main: Statement
    request: Request
    target: Target
    batch: bool
    parts: list[Statement]
    session: Session | None = None
    cancelled: bool = False
    pid: int = 0


def result_format(query: Query) -> str:
    return str(query.request.get("ResultFormat") or "JSON")


def listed(query: Query) -> Response:
    main = query.main
    answer: Response = {
        "Id": main.id,
        "CreatedAt": instant(main.created),
        "UpdatedAt": instant(main.updated),
        "Status": main.status,
        "IsBatchStatement": query.batch,
        "ResultFormat": result_format(query),
    }
    if query.batch:
        answer["QueryStrings"] = [part.sql for part in query.parts]
    else:
        answer["QueryString"] = main.sql
    optional = {"StatementName": query.request.get("StatementName"), "SecretArn": query.request.get("SecretArn")}
    return answer | {name: value for name, value in optional.items() if value}


def instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
