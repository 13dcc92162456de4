"""Databases, schemas, tables and columns, which the Data API answers in the call itself."""

from collections.abc import Callable
from typing import Any

import psycopg

from localcloud_warehouse.api import ApiError, Request, Response, Target, page
from localcloud_warehouse.errors import WarehouseError
from localcloud_warehouse.session import Session


class Catalogue:
    """The metadata operations. `locate` finds the target of a request or raises ApiError."""

    def __init__(self, locate: Callable[[Request], Target]) -> None:
        self._locate = locate

    def list_databases(self, request: Request) -> Response:
        return {"Databases": [request["Database"]] if self._locate(request) else []}

    def list_schemas(self, request: Request) -> Response:
        rows = self._ask(
            request,
            "SELECT schema_name FROM svv_all_schemas WHERE schema_name LIKE :pattern ORDER BY 1",
            pattern=request.get("SchemaPattern") or "%",
        )
        return page(request, "Schemas", [row[0] for row in rows])

    def list_tables(self, request: Request) -> Response:
        rows = self._ask(
            request,
            "SELECT table_schema, table_name, table_type FROM svv_tables "
            "WHERE table_schema LIKE :schema AND table_name LIKE :name ORDER BY 1, 2",
            schema=request.get("SchemaPattern") or "%",
            name=request.get("TablePattern") or "%",
        )
        kinds = {"BASE TABLE": "TABLE", "VIEW": "VIEW", "LOCAL TEMPORARY": "LOCAL TEMPORARY"}
        return page(
            request, "Tables", [{"schema": row[0], "name": row[1], "type": _table_kind(row, kinds)} for row in rows]
        )

    def describe_table(self, request: Request) -> Response:
        rows = self._ask(
            request,
            "SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable, "
            "column_default, table_schema FROM svv_columns "
            "WHERE table_name = :name AND table_schema LIKE :schema ORDER BY ordinal_position",
            name=request.get("Table") or "",
            schema=request.get("Schema") or "%",
        )
        columns = [
            {
                "name": row[0],
                "label": row[0],
                "typeName": row[1],
                "length": row[2] or 0,
                "precision": row[3] or 0,
                "scale": row[4] or 0,
                "nullable": int(row[5] == "YES"),
                "columnDefault": row[6],
                "schemaName": row[7],
                "tableName": request.get("Table"),
            }
            for row in rows
        ]
        columns = [{name: value for name, value in column.items() if value is not None} for column in columns]
        return page(request, "ColumnList", columns) | {"TableName": request.get("Table", "")}

    def _ask(self, request: Request, statement: str, **parameters: str) -> list[list[Any]]:
        target = self._locate(request)
        try:
            with Session(target.dsn, target.copy_context, user=target.user, connect_timeout=10) as session:
                result = session.run(statement, parameters)
        except WarehouseError as error:
            raise ApiError(
                "QueryTimeoutException" if error.sqlstate == "57014" else "ValidationException", error.text()
            ) from error
        except psycopg.Error as error:
            raise ApiError("DatabaseConnectionException", str(error)) from error
        return [[None if "isNull" in item else next(iter(item.values())) for item in row] for row in result.rows]


def _table_kind(row: list[Any], kinds: dict[str, str]) -> str:
    return "SYSTEM TABLE" if row[0] in ("pg_catalog", "information_schema") else kinds.get(row[2], row[2])
