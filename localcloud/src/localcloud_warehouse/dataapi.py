"""The engine of the Redshift Data API: statements that run by themselves while their callers ask how they are.

In: requests as the service's own model has them (dicts), a `Target` to run on. Out: responses as dicts. `ApiError`
carries the service's exception name. It knows nothing of LocalStack or HTTP.
"""

import re
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import psycopg

from localcloud_warehouse.api import ApiError, Request, Response, Target, from_token, invalid, to_token
from localcloud_warehouse.catalogue import Catalogue
from localcloud_warehouse.errors import WarehouseError, from_postgres
from localcloud_warehouse.session import Session
from localcloud_warehouse.statements import Query, Statement, instant, listed, result_format

# Amazon Redshift Management Guide, "Considerations when calling the Data API" (quotas).
MAX_ACTIVE = 500
MAX_SQLS = 40
MAX_SQL_BYTES = 100_000
RESULT_SECONDS = 24 * 3600
TOKEN_SECONDS = 8 * 3600
PAGE_ROWS = 1000
PAGE_BYTES = 1 << 20

# Results of finished statements beyond this are forgotten, the oldest first: it is a process on a laptop.
MAX_STORED_BYTES = 256 << 20

# Statements that wait in LOCK hold a worker each, so there are more of them than cores.
WORKERS = 24

_ID = re.compile(r"^[a-z0-9]{8}(-[a-z0-9]{4}){3}-[a-z0-9]{12}(:\d+)?$")
_ENDED = frozenset({"FINISHED", "FAILED", "ABORTED"})


class DataApi:
    """Statements and their results.

    `locate` finds the target of a request or raises ApiError.
    """

    def __init__(self, locate: Callable[[Request], Target], workers: int = WORKERS) -> None:
        self._locate = locate
        self._catalogue = Catalogue(locate)
        self._lock = threading.RLock()
        self._queries: dict[str, Query] = {}
        self._tokens: dict[str, tuple[str, Request, float]] = {}
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="redshift-data")
        self._next_query_id = 1000

    OPERATIONS: ClassVar = (
        "BatchExecuteStatement",
        "CancelStatement",
        "DescribeStatement",
        "DescribeTable",
        "ExecuteStatement",
        "GetStatementResult",
        "ListDatabases",
        "ListSchemas",
        "ListStatements",
        "ListTables",
    )

    def operations(self) -> dict[str, Callable[[Request], Response]]:
        """Return what answers each operation of the service."""
        methods = {name: re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in self.OPERATIONS}
        return {
            name: getattr(self, method, None) or getattr(self._catalogue, method) for name, method in methods.items()
        }

    # Starting and stopping

    def execute_statement(self, request: Request) -> Response:
        return self._submit(request, [request.get("Sql", "")], batch=False)

    def batch_execute_statement(self, request: Request) -> Response:
        sqls = request.get("Sqls") or []
        if not 1 <= len(sqls) <= MAX_SQLS:
            raise invalid(f"Sqls must have between 1 and {MAX_SQLS} items, it has {len(sqls)}")
        return self._submit(request, sqls, batch=True)

    def _submit(self, request: Request, sqls: list[str], *, batch: bool) -> Response:
        for name in ("SessionId", "SessionKeepAliveSeconds", "ClusterIdentifier"):
            if request.get(name):
                raise invalid(f"{name} is not supported by the local warehouse")
        if any(not sql.strip() for sql in sqls):
            raise invalid("Sql must not be empty")
        if any(len(sql.encode()) > MAX_SQL_BYTES for sql in sqls):
            raise invalid(f"Cannot process a SQL statement of more than {MAX_SQL_BYTES} bytes")
        if batch and request.get("Parameters"):
            raise invalid("Parameters are not supported in a batch by the local warehouse")
        target = self._locate(request)
        with self._lock:
            self._expire()
            known = self._known_token(request)
            if known:
                return self._started(self._queries[known])
            if sum(query.main.status not in _ENDED for query in self._queries.values()) >= MAX_ACTIVE:
                raise ApiError(
                    "ActiveStatementsExceededException", "The number of active statements exceeds the limit."
                )
            identifier = str(uuid.uuid4())
            # The Data API shows no text for a batch itself, only for its parts.
            main = Statement(identifier, "" if batch else sqls[0])
            parts = (
                [Statement(f"{identifier}:{number}", sql) for number, sql in enumerate(sqls, 1)] if batch else [main]
            )
            query = Query(main, request, target, batch, parts)
            self._queries[identifier] = query
            if request.get("ClientToken"):
                self._tokens[request["ClientToken"]] = (identifier, request, time.time())
            # Submitted inside the lock: CancelStatement must not come between.
            self._pool.submit(self._run, query)
        return self._started(query)

    def _known_token(self, request: Request) -> str | None:
        token = request.get("ClientToken")
        if not token or token not in self._tokens:
            return None
        identifier, first, _ = self._tokens[token]
        if first != request:
            raise invalid("ClientToken was used with other parameters")
        return identifier if identifier in self._queries else None

    def _started(self, query: Query) -> Response:
        request = query.request
        answer = {"Id": query.main.id, "CreatedAt": instant(query.main.created), "DbUser": query.target.user}
        return answer | {
            name: request[name] for name in ("Database", "SecretArn", "WorkgroupName") if request.get(name)
        }

    def cancel_statement(self, request: Request) -> Response:
        query = self._query(request["Id"])
        with self._lock:
            if query.main.status in _ENDED:
                raise invalid(f"Could not cancel a query that is already in {query.main.status} state")
            query.cancelled = True
            if query.session is not None:
                query.session.connection.cancel_safe()
        return {"Status": True}

    def _run(self, query: Query) -> None:
        main = query.main
        try:
            with self._lock:
                if query.cancelled:
                    raise WarehouseError("Query cancelled on user's request", "57014")
                main.status = "PICKED"
            with self._connect(query) as session:
                self._run_parts(query, session)
        except WarehouseError as error:
            self._fail(query, error)
        except Exception as error:
            self._fail(query, WarehouseError(f"local warehouse: {type(error).__name__}: {error}"))
        finally:
            with self._lock:
                query.session = None

    def _connect(self, query: Query) -> Session:
        try:
            session = Session(
                query.target.dsn,
                query.target.copy_context,
                user=query.target.user,
                block=query.batch,
                connect_timeout=10,
            )
        except psycopg.Error as error:
            raise from_postgres(error) from error
        with self._lock:
            query.session = session
            query.pid = session.pid
        return session

    def _run_parts(self, query: Query, session: Session) -> None:
        query.main.begin()
        parameters = {item["name"]: item["value"] for item in query.request.get("Parameters") or []}
        for part in query.parts:
            part.begin()
            with self._lock:
                self._next_query_id += 1
                part.query_id = self._next_query_id
                if query.cancelled:
                    raise WarehouseError("Query cancelled on user's request", "57014")
            part.result = session.run(part.sql, parameters)
            if query.batch:
                part.end("FINISHED")
        session.commit()
        query.main.end("FINISHED")

    def _fail(self, query: Query, error: WarehouseError) -> None:
        with self._lock:
            status = "ABORTED" if query.cancelled else "FAILED"
            text = error.text()
            failed = False
            for number, part in enumerate(query.parts, 1):
                if not query.batch:
                    break
                if part.status == "STARTED" and not failed:
                    part.end(status, text)
                    query.main.end(status, f"Query #{number} failed with {text}")
                    failed = True
                elif part.status == "SUBMITTED":
                    part.end("ABORTED", "Connection or an prior query failed.")
            if not failed:
                query.main.end(status, text)
            # Rolled back: nothing that it answered is true.
            for part in query.parts:
                part.result = None

    # Asking

    def describe_statement(self, request: Request) -> Response:
        query = self._query(request["Id"])
        with self._lock:
            part = self._part(query, request["Id"])
            answer = part.describe()
            if part is query.main:
                target_fields = {
                    name: query.request[name]
                    for name in ("Database", "SecretArn", "WorkgroupName")
                    if query.request.get(name)
                }
                answer |= target_fields | {
                    "DbUser": query.target.user,
                    "RedshiftPid": query.pid,
                    "ResultFormat": result_format(query),
                }
                if query.request.get("Parameters"):
                    answer["QueryParameters"] = query.request["Parameters"]
                if query.batch:
                    answer["SubStatements"] = [sub.describe() for sub in query.parts]
                    answer["HasResultSet"] = any(sub["HasResultSet"] for sub in answer["SubStatements"])
                    del answer["QueryString"]
            return answer

    def get_statement_result(self, request: Request) -> Response:
        query = self._query(request["Id"])
        if result_format(query) == "CSV":
            raise invalid("GetStatementResultV2 must be used for a statement with ResultFormat CSV")
        with self._lock:
            part = self._part(query, request["Id"])
            if query.main.status != "FINISHED" or part.result is None or not part.result.has_result_set:
                raise ApiError(
                    "ResourceNotFoundException",
                    "Query does not have result. Please check query status with DescribeStatement.",
                )
            result = part.result
        start = from_token(request.get("NextToken"))
        end = start
        size = 0
        while end < len(result.rows) and end - start < PAGE_ROWS and size < PAGE_BYTES:
            size += sum(len(str(value)) for item in result.rows[end] for value in item.values())
            end += 1
        answer: Response = {
            "ColumnMetadata": [column.metadata() for column in result.columns],
            "Records": result.rows[start:end],
            "TotalNumRows": len(result.rows),
        }
        if end < len(result.rows):
            answer["NextToken"] = to_token(end)
        return answer

    def list_statements(self, request: Request) -> Response:
        wanted = request.get("Status")
        name = request.get("StatementName")
        with self._lock:
            self._expire()
            found = [
                query
                for query in reversed(list(self._queries.values()))
                if (not wanted or wanted in ("ALL", query.main.status))
                and (not name or str(query.request.get("StatementName", "")).startswith(name))
            ]
            statements = [listed(query) for query in found]
        start = from_token(request.get("NextToken"))
        size = request.get("MaxResults") or 100
        answer: Response = {"Statements": statements[start : start + size]}
        if start + size < len(statements):
            answer["NextToken"] = to_token(start + size)
        return answer

    # Keeping

    def _query(self, identifier: str) -> Query:
        if not _ID.match(identifier):
            raise invalid(f"id must satisfy regex pattern: {_ID.pattern}")
        with self._lock:
            self._expire()
            query = self._queries.get(identifier.split(":", maxsplit=1)[0])
        if query is None:
            raise ApiError("ResourceNotFoundException", "Query does not exist.", ResourceId=identifier)
        return query

    def _part(self, query: Query, identifier: str) -> Statement:
        if ":" not in identifier:
            return query.main
        for part in query.parts:
            if part.id == identifier:
                return part
        raise ApiError("ResourceNotFoundException", "Query does not exist.", ResourceId=identifier)

    def _expire(self) -> None:
        now = time.time()
        for token in [token for token, (_, _, at) in self._tokens.items() if now - at > TOKEN_SECONDS]:
            del self._tokens[token]
        ended = [query for query in self._queries.values() if query.main.status in _ENDED]
        stored = sum(part.result.bytes for query in ended for part in query.parts if part.result)
        for query in sorted(ended, key=lambda query: query.main.updated):
            if now - query.main.updated <= RESULT_SECONDS and stored <= MAX_STORED_BYTES:
                break
            stored -= sum(part.result.bytes for part in query.parts if part.result)
            del self._queries[query.main.id]
