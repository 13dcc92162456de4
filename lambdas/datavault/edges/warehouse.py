"""The warehouse through the Redshift Data API: run statements as one transaction, wait, read the rows."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from .clients import client

type Row = list[str | int | float | bool | None]

# Redshift's words for transactions that met (Database Developer Guide, "Serializable isolation", "Snapshot isolation").
_CONFLICTS = ("serializable isolation violation", "conflict with concurrent transaction", "deadlock detected")

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 2.0


class StatementError(Exception):
    """Redshift refused a statement; the message is Redshift's. `number` counts the statements of a batch, from 1."""

    def __init__(self, message: str, statement_id: str = "", number: int = 1) -> None:
        super().__init__(message)
        self.statement_id = statement_id
        self.number = number

    @property
    def is_conflict(self) -> bool:
        """Two transactions met: the same one may well succeed when it is run again."""
        return any(word in str(self).lower() for word in _CONFLICTS)


class StatementTimeoutError(Exception):
    """The statement still ran when the time was over; it has been told to stop."""


class Warehouse(msgspec.Struct, frozen=True):
    """A workgroup's database, as who asks: the user of `secret_arn`, else the IAM role `role_arn`, else the caller.

    An IAM identity is a database user of its own: `IAMR:` and the role's name (Amazon Redshift Management Guide,
    "Authorizing access to the Amazon Redshift Data API").
    """

    workgroup: str
    database: str
    secret_arn: str = ""
    role_arn: str = ""

    def run(self, statements: Sequence[str], remaining_seconds: Callable[[], float]) -> str:
        """Run the statements in one transaction and wait for its end; the id for `rows`.

        Raises
        ------
        StatementError
            One failed, and none has had an effect.
        StatementTimeoutError
            `remaining_seconds()` ran out.
        """
        api = self._api
        target = {"WorkgroupName": self.workgroup, "Database": self.database}
        if self.secret_arn:
            target["SecretArn"] = self.secret_arn
        if len(statements) == 1:
            started = api.execute_statement(Sql=statements[0], **target)
        else:
            started = api.batch_execute_statement(Sqls=list(statements), **target)
        pause = _FIRST_PAUSE_SECONDS
        while True:
            found = api.describe_statement(Id=started["Id"])
            match found["Status"]:
                case "FINISHED":
                    return str(started["Id"])
                case "FAILED" | "ABORTED":
                    raise _failure(found)
            if remaining_seconds() < pause:
                api.cancel_statement(Id=started["Id"])
                raise StatementTimeoutError(started["Id"])
            time.sleep(pause)
            pause = min(1.5 * pause, _LONGEST_PAUSE_SECONDS)

    def query(
        self, sql: str, remaining_seconds: Callable[[], float], limit: int | None = None
    ) -> tuple[list[str], list[Row]]:
        """The column names and the rows of one query, `limit` at most. Raises as `run` does."""
        return self.rows(self.run([sql], remaining_seconds), limit)

    def rows(self, statement_id: str, limit: int | None = None) -> tuple[list[str], list[Row]]:
        """The column names and the rows of a finished statement; `ID:n` is the n-th of a batch, from 1."""
        names: list[str] = []
        found: list[Row] = []
        for page in self._pages(statement_id):
            names = [column["name"] for column in page["ColumnMetadata"]]
            found += [[_value(field) for field in record] for record in page["Records"]]
            if limit is not None and len(found) >= limit:
                break
        return names, found[:limit]

    def _pages(self, statement_id: str) -> Iterator[dict[str, Any]]:
        token: dict[str, str] = {}
        while True:
            page = self._api.get_statement_result(Id=statement_id, **token)
            yield page
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    @property
    def _api(self) -> Any:
        return client("redshift-data", self.role_arn) if self.role_arn else client("redshift-data")


def _failure(found: dict[str, Any]) -> StatementError:
    parts = enumerate(found.get("SubStatements", []), start=1)
    number = next((number for number, part in parts if part["Status"] == "FAILED"), 1)
    return StatementError(found.get("Error", found["Status"]), found["Id"], number)


def deadline(seconds: float) -> Callable[[], float]:
    """Seconds that are left from now on, as `run` asks for them."""
    end = time.monotonic() + seconds
    return lambda: end - time.monotonic()


def _value(field: dict[str, Any]) -> str | int | float | bool | None:
    if field.get("isNull"):
        return None
    value: str | int | float | bool
    (value,) = field.values()  # the Data API's union: one member is set
    return value
