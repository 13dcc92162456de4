"""Fakes of what moto has not."""

from collections.abc import Callable, Sequence
from typing import Any

_KINDS: dict[type, str] = {str: "stringValue", int: "longValue", float: "doubleValue", bool: "booleanValue"}

type Page = Sequence[Sequence[Any]]


class DataApi:
    """The Redshift Data API: remembers what was started, answers with the given statuses and pages of rows."""

    def __init__(self) -> None:
        self.started: list[list[str]] = []
        self.targets: list[dict[str, str]] = []
        self.statuses: list[str] = []
        self.error = ""
        self.cancelled: list[str] = []
        self.pauses: list[float] = []
        self.results: dict[str, list[Page]] = {}
        # What is wrong with a batch: the number of the statement that fails, from 1, and Redshift's words.
        self.judge: Callable[[list[str]], tuple[int, str] | None] = lambda _: None

    def execute_statement(self, Sql: str, **target: str) -> dict[str, str]:  # noqa: N803  boto3's names
        return self._start([Sql], target)

    def batch_execute_statement(self, Sqls: list[str], **target: str) -> dict[str, str]:  # noqa: N803
        return self._start(Sqls, target)

    def _start(self, statements: list[str], target: dict[str, str]) -> dict[str, str]:
        self.started.append(statements)
        self.targets.append(target)
        return {"Id": f"id{len(self.started)}"}

    def describe_statement(self, Id: str) -> dict[str, Any]:  # noqa: N803
        statements = self.started[int(Id.removeprefix("id")) - 1]
        if failure := self.judge(statements):
            number, error = failure
            parts = [{"Status": "FAILED" if n == number else "ABORTED"} for n in range(1, len(statements) + 1)]
            return {"Id": Id, "Status": "FAILED", "Error": error, "SubStatements": parts}
        status = self.statuses.pop(0) if self.statuses else "FINISHED"
        return {"Id": Id, "Status": status} | ({"Error": self.error} if self.error else {})

    def cancel_statement(self, Id: str) -> None:  # noqa: N803
        self.cancelled.append(Id)

    def get_statement_result(self, Id: str, NextToken: str = "0") -> dict[str, Any]:  # noqa: N803
        pages = self.results.get(Id, [[]])
        number = int(NextToken)
        records = [[_field(value) for value in row] for row in pages[number]]
        columns = [{"name": f"c{position}"} for position in range(len(records[0]) if records else 0)]
        more = {"NextToken": str(number + 1)} if number + 1 < len(pages) else {}
        return {"ColumnMetadata": columns, "Records": records} | more


def _field(value: Any) -> dict[str, Any]:
    return {"isNull": True} if value is None else {_KINDS[type(value)]: value}
