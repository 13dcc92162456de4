"""A session on the warehouse: statements of Redshift's SQL on one PostgreSQL connection, in one transaction.

In: a connection, a statement. Out: `Result`. Errors are `WarehouseError`, in Redshift's words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import IsolationLevel, pq

from localcloud_warehouse.copy import CopyContext, copy
from localcloud_warehouse.errors import WarehouseError, from_postgres
from localcloud_warehouse.fields import Column, Field, columns_of, to_field
from localcloud_warehouse.objects import ObjectName
from localcloud_warehouse.translate import translate

# The Data API's limit of a result is 500 MB; this one is held in memory, by a process on a laptop.
MAX_RESULT_BYTES = 100 << 20
_FETCH_ROWS = 5000

# A comment is taken whole, never tried in another length: twenty would take a second, thirty a quarter of an hour.
_COPY = re.compile(r"(?:\s|--[^\n]*\n|(?>/\*.*?\*/))*+copy\b", re.IGNORECASE | re.DOTALL)

__all__ = ["ObjectName", "Result", "Session"]


@dataclass(frozen=True)
class Result:
    """What a statement answered.

    Attributes
    ----------
    rows
        As Fields of the Data API; empty without a result set.
    count
        Rows of the result set, or rows that an INSERT, UPDATE, DELETE or MERGE touched; 0 for anything else.
    bytes
        Size of the values.
    """

    has_result_set: bool = False
    columns: list[Column] = field(default_factory=list)
    rows: list[list[Field]] = field(default_factory=list)
    count: int = 0
    bytes: int = 0


class Session:
    """Statements of one connection. A transaction begins by itself and ends with `commit`, or is undone on closing.

    Parameters
    ----------
    user
        The database user to be, or None for that of the DSN.
    block
        The statements are a batch, which is a transaction block even if it has one statement.
    """

    def __init__(
        self, dsn: str, copy_context: CopyContext, *, user: str | None = None, block: bool = False, **options: Any
    ) -> None:
        self.connection = psycopg.connect(dsn, **options)
        # Sessions of Redshift Serverless run at SNAPSHOT isolation. As there, the snapshot is taken after a leading
        # LOCK.
        self.connection.isolation_level = IsolationLevel.REPEATABLE_READ
        self._copy_context = copy_context
        self._block = block
        if user:
            self.connection.execute("SELECT set_config('session_authorization', %s, false)", (user,))
            self.connection.commit()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    @property
    def pid(self) -> int:
        """The server process, which `cancel` of the connection interrupts."""
        return self.connection.info.backend_pid

    def commit(self) -> None:
        """Make the transaction permanent."""
        try:
            self.connection.commit()
        except psycopg.Error as error:
            raise from_postgres(error) from error

    def run(self, statement: str, parameters: Mapping[str, str] | None = None) -> Result:
        """Run one statement.

        Raises
        ------
        WarehouseError
            It failed; the transaction cannot go on.
        """
        try:
            if _COPY.match(statement):
                copy(self.connection, statement, self._copy_context)
                return Result()
            return self._run(statement, parameters)
        except psycopg.Error as error:
            raise from_postgres(error) from error

    def _run(self, statement: str, parameters: Mapping[str, str] | None) -> Result:
        translation = translate(statement, parameters, self._super_columns)
        if translation.outside_transaction:
            if self._block or self.connection.info.transaction_status != pq.TransactionStatus.IDLE:
                message = f"{translation.outside_transaction} cannot run inside a transaction block"
                raise WarehouseError(message, "25001")
            self.connection.autocommit = True
        with self.connection.cursor() as cursor:
            # As bytes: psycopg would take % and {} in it for places of parameters otherwise.
            cursor.execute(translation.sql.encode())
            result = self._result(cursor)
        if translation.outside_transaction:
            self.connection.autocommit = False
        if translation.commits:
            self.commit()
        return result

    def _result(self, cursor: psycopg.Cursor) -> Result:
        if cursor.description is None:
            return Result(count=max(cursor.rowcount, 0) if _counts_rows(cursor.statusmessage) else 0)
        pgresult = cursor.pgresult
        if pgresult is None:
            return Result(has_result_set=True)
        columns = columns_of(cursor.description)
        rows: list[list[Field]] = []
        size = 0
        encoding = "utf-8"
        for row in range(pgresult.ntuples):
            values = [pgresult.get_value(row, column) for column in range(pgresult.nfields)]
            size += sum(len(value) for value in values if value is not None)
            if size > MAX_RESULT_BYTES:
                raise WarehouseError(
                    f"Query result size exceeds {MAX_RESULT_BYTES >> 20} MB, the local warehouse's limit"
                )
            rows.append(
                [
                    to_field(column, None if value is None else value.decode(encoding))
                    for column, value in zip(columns, values, strict=True)
                ]
            )
        return Result(has_result_set=True, columns=columns, rows=rows, count=len(rows), bytes=size)

    def _super_columns(self) -> frozenset[str]:
        rows = self.connection.execute(
            "SELECT DISTINCT a.attname FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid "
            "WHERE a.atttypid = 'jsonb'::regtype AND a.attnum > 0 AND NOT a.attisdropped "
            "AND r.relkind IN ('r', 'v', 'm')"
        )
        return frozenset(row[0] for row in rows)


def _counts_rows(status: str | None) -> bool:
    return (status or "").split(" ")[0] in ("INSERT", "UPDATE", "DELETE", "MERGE")
