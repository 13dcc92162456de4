"""The page's server: this machine alone, four addresses, nothing that writes.

A page of somebody else may send requests here, by a name that it makes point to 127.0.0.1: so the Host header must be
ours, and a query must be JSON, which a foreign page may not send without asking first, and asking is refused.
"""

import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from ...edges.warehouse import StatementError, StatementTimeoutError
from ..context import Failure, aws_failure
from .page import Content, policy, render
from .snapshot import Answer, BadRecord, Snapshot

HOST = "127.0.0.1"
# A statement is text that a person wrote.
_MAX_BODY_BYTES = 64 * 1024
# Two tabs, or a reload, within this time see the same snapshot.
_FRESH_SECONDS = 2.0


class Sources(msgspec.Struct, frozen=True):
    """Where the server gets what it shows."""

    look: Callable[[], Snapshot]
    records: Callable[[str], list[BadRecord]]
    answer: Callable[[str], Answer]


class _Query(msgspec.Struct, forbid_unknown_fields=True):
    sql: str


class Console(ThreadingHTTPServer):
    """Serves until `shutdown`."""

    daemon_threads = True

    def __init__(self, port: int, sources: Sources, refresh_seconds: float) -> None:
        super().__init__((HOST, port), _Handler)
        self.sources = sources
        self.refresh_seconds = refresh_seconds
        # One question at a time: to make a client is not safe in two threads.
        self.busy = threading.Lock()
        self._snapshot: tuple[float, Snapshot] | None = None

    @property
    def names(self) -> set[str]:
        return {f"{name}:{self.server_port}" for name in (HOST, "localhost")}

    def snapshot(self) -> Snapshot:
        if self._snapshot is None or time.monotonic() - self._snapshot[0] > _FRESH_SECONDS:
            self._snapshot = None
            found = self.sources.look()
            self._snapshot = (time.monotonic(), found)
        return self._snapshot[1]


class _Handler(BaseHTTPRequestHandler):
    server: Console
    protocol_version = "HTTP/1.1"
    server_version = "datavault"
    sys_version = ""
    # A connection that sends nothing is closed.
    timeout = 60

    def do_GET(self) -> None:
        if not self._is_ours():
            return
        place, _, argument = self.path.removeprefix("/").partition("/")
        if self.path == "/":
            page = render(Content(live=True, refresh_seconds=self.server.refresh_seconds))
            self._send(HTTPStatus.OK, "text/html; charset=utf-8", page.encode())
        elif self.path == "/snapshot":
            self._json(self.server.snapshot)
        elif place == "records" and argument.isalnum():
            self._json(lambda: self.server.sources.records(argument))
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page; the console is at /")

    def do_POST(self) -> None:
        if not self._is_ours():
            return
        length = self.headers.get("Content-Length", "")
        if self.path != "/query":
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page; the console is at /")
        elif self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a query is JSON")
        elif not length.isdecimal() or int(length) > _MAX_BODY_BYTES:
            self._refuse(HTTPStatus.CONTENT_TOO_LARGE, f"a query has at most {_MAX_BODY_BYTES:,} bytes")
        else:
            try:
                query = msgspec.json.decode(self.rfile.read(int(length)), type=_Query)
            except msgspec.DecodeError as error:
                self._refuse(HTTPStatus.BAD_REQUEST, str(error))
                return
            self._json(lambda: self.server.sources.answer(query.sql))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        """Nothing: the terminal belongs to the person who started it."""

    def _is_ours(self) -> bool:
        if self.headers.get("Host") in self.server.names:
            return True
        self._refuse(HTTPStatus.MISDIRECTED_REQUEST, f"open http://{HOST}:{self.server.server_port}/")
        return False

    def _json(self, find: Callable[[], Any]) -> None:
        try:
            with self.server.busy:
                found = find()
        except Failure as failure:
            self._refuse(HTTPStatus.BAD_GATEWAY, str(failure))
        except (StatementError, StatementTimeoutError) as error:
            self._refuse(HTTPStatus.BAD_GATEWAY, f"Redshift: {error}")
        except (ClientError, BotoCoreError) as error:
            self._refuse(HTTPStatus.BAD_GATEWAY, str(aws_failure(error)))
        else:
            self._send(HTTPStatus.OK, "application/json", msgspec.json.encode(found))

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        # What is left of the request is not read.
        self.close_connection = True
        self._send(status, "application/json", msgspec.json.encode({"error": why}))

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Content-Security-Policy": f"{policy(live=True)}; frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
