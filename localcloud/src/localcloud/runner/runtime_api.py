"""The Lambda Runtime API, as AWS documents it, for one runtime process.

In: requests of the process on 127.0.0.1. Out: events on a queue (`Ready`, `Answered`, `Failed`, `InitFailed`), in the
order in which they happened. One server per process, because the API's paths do not say who is calling, and because a
request left over from a dead process must not take an invocation that is meant for its successor.
"""

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue

from localcloud.runner.model import Invocation

PREFIX = "/2018-06-01/runtime"
# The largest synchronous answer: 6 MB and 100 bytes for the envelope, the figure in AWS's own error message.
MAX_ANSWER_BYTES = 6 * 1024 * 1024 + 100


@dataclass(frozen=True)
class Ready:
    """The process asks for its next invocation: it has started, or has finished the one before."""


@dataclass(frozen=True)
class Answered:
    request_id: str
    payload: bytes


@dataclass(frozen=True)
class Failed:
    request_id: str
    payload: bytes


@dataclass(frozen=True)
class InitFailed:
    payload: bytes


type ApiEvent = Ready | Answered | Failed | InitFailed


class RuntimeApi:
    """Serves the Runtime API until `close`."""

    def __init__(self, events: "SimpleQueue[ApiEvent]") -> None:
        self._server = _Server(events)
        threading.Thread(target=self._server.serve_forever, name="lambda-runtime-api", daemon=True).start()

    @property
    def address(self) -> str:
        """Host and port, as AWS_LAMBDA_RUNTIME_API wants them."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def deliver(self, invocation: Invocation, deadline_ms: int) -> None:
        """Hand over an invocation; the process gets it with its next request. `deadline_ms` is Unix time."""
        self._server.deliveries.put((invocation, deadline_ms))

    def close(self) -> None:
        """End the server; its port is free half a second later, which is how often it looks, and is not waited for."""
        self._server.deliveries.put(None)  # ends a request that is waiting for an invocation
        threading.Thread(target=self._end, name="lambda-runtime-api-end", daemon=True).start()

    def _end(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A thread may wait in /next for as long as its process sleeps; nobody waits for it.
    block_on_close = False

    def __init__(self, events: "SimpleQueue[ApiEvent]") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events = events
        self.deliveries: SimpleQueue[tuple[Invocation, int] | None] = SimpleQueue()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # Headers and body in one packet: with Nagle's algorithm two small ones cost 40 ms.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path != f"{PREFIX}/invocation/next":
            self._answer(404, {"errorType": "NotFound", "errorMessage": f"No such path: {self.path}"})
            return
        self.server.events.put(Ready())
        delivery = self.server.deliveries.get()
        if delivery is None:
            self.close_connection = True
            return
        invocation, deadline_ms = delivery
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(invocation.payload)))
        self.send_header("Lambda-Runtime-Aws-Request-Id", invocation.request_id)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(deadline_ms))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", invocation.function_arn)
        self.send_header("Lambda-Runtime-Trace-Id", invocation.trace_id)
        self.end_headers()
        self.wfile.write(invocation.payload)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length")
        if length is None:
            # A streamed response; the Python client sends whole ones.
            self._answer(411, {"errorType": "LengthRequired", "errorMessage": "Content-Length is missing"})
            return
        body = self.rfile.read(int(length))
        match self.path.removeprefix(PREFIX).split("/"):
            case ["", "init", "error"]:
                self.server.events.put(InitFailed(body))
            case ["", "invocation", request_id, "error"]:
                self.server.events.put(Failed(request_id, body))
            case ["", "invocation", request_id, "response"] if len(body) <= MAX_ANSWER_BYTES:
                self.server.events.put(Answered(request_id, body))
            case ["", "invocation", request_id, "response"]:
                error = {
                    "errorMessage": "Response payload size exceeded maximum allowed payload size "
                    f"({MAX_ANSWER_BYTES} bytes).",
                    "errorType": "Function.ResponseSizeTooLarge",
                }
                # 202, not 413: the process must live on as it does on AWS; the client ends on anything else.
                self.server.events.put(Failed(request_id, json.dumps(error).encode()))
            case _:
                self._answer(404, {"errorType": "NotFound", "errorMessage": f"No such path: {self.path}"})
                return
        self._answer(202, {"status": "OK"})

    def _answer(self, status: int, body: dict[str, str]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: every invocation is reported by the environment itself."""
