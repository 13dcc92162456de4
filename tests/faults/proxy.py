"""An HTTP proxy between the functions and the endpoint that makes the faults which an emulator cannot.

Each function is given a port of its own (AWS_ENDPOINT_URL in its environment), so a request's port says whose it is.
Requests and answers pass unchanged, streamed, unless a rule matches; a rule acts on the exchange: it kills the calling
process (the one that really holds the connection's other end), answers in the service's place, resets or delays, or
lets a part of PutRecords fail. Requests that a rule changes have a wrong signature then: LocalStack checks none.
"""

import http.client
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from . import processes

_PIECE_BYTES = 64 * 1024
_UPSTREAM_SECONDS = 120
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "expect", "te", "trailer", "upgrade"}
_S3_OPERATIONS = {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
_RPC = re.compile(r"^/service/[^/]+/operation/(\w+)$")


class GoneError(Exception):
    """The caller gets no answer."""


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Exchange:
    """One request of a function, for a rule to act on."""

    def __init__(self, handler: "_Handler", function: str) -> None:
        self._handler = handler
        self.function = function
        self.path = urlsplit(handler.path)
        target = handler.headers.get("X-Amz-Target", "")
        rpc = _RPC.match(self.path.path)
        self.is_s3 = not target and not rpc
        self.key = ""
        if self.is_s3:
            self.key = unquote(self.path.path).lstrip("/").partition("/")[2]
            listing = not self.key or "list-type" in parse_qs(self.path.query)
            self.operation = "ListObjects" if listing else _S3_OPERATIONS.get(handler.command, handler.command)
        else:
            self.operation = rpc[1] if rpc else target.rpartition(".")[2]

    def __str__(self) -> str:
        return f"{self.function} {self.operation} {self.key.partition('/')[0]}".strip()

    def body(self) -> bytes:
        return self._handler.whole_body()

    def forward(self, body: bytes | None = None) -> Answer:
        """Send the request, with another body if one is given, and take its answer."""
        return self._handler.forward(self.body() if body is None else body)

    def pid(self) -> int | None:
        """The process at the other end."""
        return processes.pid_of_connection(self._handler.client_address[1], self._handler.server.server_port)

    def kill(self) -> None:
        """SIGKILL for the process at the other end.

        Raises
        ------
        GoneError
            Always: nobody waits for an answer any more.
        LookupError
            There is no process of a function at the other end.
        """
        pid = self.pid()
        if pid is None:
            raise LookupError(f"no function's process calls {self}")
        processes.kill(pid)
        raise GoneError

    def reset(self) -> None:
        """End the connection with RST. Raises GoneError."""
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise GoneError

    def error(self, status: int, code: str) -> Answer:
        """An error of the service; the request is not forwarded."""
        self.body()  # or the next request on the connection begins in it
        if self.is_s3:
            body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>injected</Message></Error>".encode()
            return Answer(status, [("Content-Type", "application/xml")], body)
        body = json.dumps({"__type": code, "message": "injected"}).encode()
        return Answer(status, [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", code)], body)


type Action = Callable[[Exchange], Answer | None]  # None: it passes unchanged


@dataclass
class Rule:
    """Acts on exchanges that match, `times` times, after `skip` of them have passed."""

    name: str
    matches: Callable[[Exchange], bool]
    action: Action
    times: int = 1
    skip: int = 0
    hits: int = 0


# Actions


def kill_before(exchange: Exchange) -> Answer | None:
    exchange.kill()
    return None


def kill_after(exchange: Exchange) -> Answer | None:
    exchange.forward()
    exchange.kill()
    return None


def reset_before(exchange: Exchange) -> Answer | None:
    exchange.reset()
    return None


def reset_after(exchange: Exchange) -> Answer | None:
    exchange.forward()
    exchange.reset()
    return None


def respond(status: int, code: str) -> Action:
    return lambda exchange: exchange.error(status, code)


def delay(seconds: float) -> Action:
    def act(_exchange: Exchange) -> Answer | None:
        time.sleep(seconds)
        return None

    return act


def some_records_fail(picked: Callable[[int], bool]) -> Action:
    """PutRecords really puts those that are not picked, and says of the others that they were throttled."""

    def act(exchange: Exchange) -> Answer:
        request = json.loads(exchange.body())
        records = request["Records"]
        taken = [record for place, record in enumerate(records) if not picked(place)]
        results: list[dict[str, Any]] = []
        if taken:
            answer = exchange.forward(json.dumps(request | {"Records": taken}).encode())
            if answer.status != 200:
                return answer
            results = json.loads(answer.body)["Records"]
        throttled = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "injected"}
        given = iter(results)
        mixed = [throttled if picked(place) else next(given) for place in range(len(records))]
        body = json.dumps({"FailedRecordCount": len(records) - len(taken), "Records": mixed}).encode()
        return Answer(200, [("Content-Type", "application/x-amz-json-1.1")], body)

    return act


class FaultProxy:
    """The proxy, with one port for each function. Use it as a context manager."""

    def __init__(self, endpoint: str, functions: list[str]) -> None:
        upstream = urlsplit(endpoint)
        self.host, self.port = str(upstream.hostname), int(upstream.port or 80)
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self.errors: list[str] = []
        self.requests = 0
        self._servers = {function: _Server(("127.0.0.1", 0), self, function) for function in functions}

    def __enter__(self) -> "FaultProxy":
        for server in self._servers.values():
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers.values():
            server.shutdown()
            server.server_close()

    def url(self, function: str) -> str:
        return f"http://127.0.0.1:{self._servers[function].server_port}"

    def use(self, *rules: Rule) -> None:
        """These rules, and no others; the first that matches acts."""
        with self._lock:
            self._rules = list(rules)

    def rule_for(self, exchange: Exchange) -> Rule | None:
        with self._lock:
            self.requests += 1
            for rule in self._rules:
                if rule.hits < rule.times and rule.matches(exchange):
                    if rule.skip:
                        rule.skip -= 1
                        continue
                    rule.hits += 1
                    return rule
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], proxy: FaultProxy, function: str) -> None:
        super().__init__(address, _Handler)
        self.proxy, self.function = proxy, function

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A killed process leaves broken connections behind: no trace of each on the terminal."""


@dataclass
class _Upstream:
    """A connection to the endpoint, kept for the requests of one connection of a function."""

    host: str
    port: int
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection(self.host, self.port, timeout=_UPSTREAM_SECONDS)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections stay, and `Expect: 100-continue` is answered
    server: _Server
    _body: bytes | None = None

    def setup(self) -> None:
        super().setup()
        self._upstream = _Upstream(self.server.proxy.host, self.server.proxy.port)

    def finish(self) -> None:
        self._upstream.connection.close()
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        pass

    def serve(self) -> None:
        self._body = None
        exchange = Exchange(self, self.server.function)
        rule = self.server.proxy.rule_for(exchange)
        try:
            answer = rule.action(exchange) if rule else None
            if answer is None:
                self._pass()
            else:
                self._answer(answer)
        except GoneError:
            self.close_connection = True
        except LookupError as error:
            self.server.proxy.errors.append(str(error))
            self.close_connection = True
        except OSError:  # either side has gone
            self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = serve  # noqa: N815  the base class's names

    def _pieces(self) -> Any:
        """The request's body as it comes, without the chunks of its transfer."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left:
            piece = self.rfile.read(min(left, _PIECE_BYTES))
            if not piece:
                raise ConnectionError("the caller has gone in the middle of its request")
            left -= len(piece)
            yield piece

    def whole_body(self) -> bytes:
        if self._body is None:
            self._body = b"".join(self._pieces())
        return self._body

    def _send(self, body: Any, length: int | None) -> http.client.HTTPResponse:
        connection = self._upstream.connection
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _HOP_BY_HOP and name.lower() != "content-length":
                connection.putheader(name, value)
        if length is None:
            connection.putheader("Transfer-Encoding", "chunked")
        elif length or self.command in {"PUT", "POST"}:
            connection.putheader("Content-Length", str(length))
        connection.endheaders()
        for piece in body:
            connection.send(b"%x\r\n%s\r\n" % (len(piece), piece) if length is None else piece)
        if length is None:
            connection.send(b"0\r\n\r\n")
        return connection.getresponse()

    def forward(self, body: bytes) -> Answer:
        response = self._send([body] if body else [], len(body))
        return Answer(response.status, self._kept(response), response.read())

    @staticmethod
    def _kept(response: http.client.HTTPResponse) -> list[tuple[str, str]]:
        return [(name, value) for name, value in response.getheaders() if name.lower() not in _HOP_BY_HOP]

    def _pass(self) -> None:
        """Forward and answer piece by piece: an object may be larger than memory."""
        if self._body is not None:
            response = self._send([self._body] if self._body else [], len(self._body))
        elif self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            response = self._send(self._pieces(), None)
        else:
            response = self._send(self._pieces(), int(self.headers.get("Content-Length") or 0))
        headers = self._kept(response)
        is_empty = self.command == "HEAD" or response.status in {204, 304}
        has_length = any(name.lower() == "content-length" for name, _ in headers)
        self.send_response_only(response.status, response.reason)
        for name, value in headers:
            self.send_header(name, value)
        if not is_empty and not has_length:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while piece := response.read(_PIECE_BYTES):
            self.wfile.write(piece if has_length else b"%x\r\n%s\r\n" % (len(piece), piece))
        if not is_empty and not has_length:
            self.wfile.write(b"0\r\n\r\n")

    def _answer(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() != "content-length" or self.command == "HEAD":
                self.send_header(name, value)
        if self.command != "HEAD":  # the answer to a HEAD tells the length of what it does not send
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
