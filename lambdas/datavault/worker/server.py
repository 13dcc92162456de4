"""/healthz, /readyz and /metrics over HTTP, from a thread."""

import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from .health import Health


def serve(host: str, port: int, health: Health, registry: CollectorRegistry) -> ThreadingHTTPServer:
    """Answer in the background until the server is shut down. Port 0 takes a free one."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 5  # a client that says nothing must not keep a thread

        def do_GET(self) -> None:
            match self.path.partition("?")[0]:
                case "/healthz":
                    stuck = health.stuck()
                    self._answer(not stuck, f"stuck: {', '.join(stuck)}")
                case "/readyz":
                    reason = health.why_not_ready()
                    self._answer(not reason, reason)
                case "/metrics":
                    encode, content_type = choose_encoder(self.headers.get("Accept", ""))
                    self._send(HTTPStatus.OK, encode(registry), content_type)
                case _:
                    self._send(HTTPStatus.NOT_FOUND, b"not found: /healthz, /readyz or /metrics\n")

        def _answer(self, is_good: bool, reason: str) -> None:
            if is_good:
                self._send(HTTPStatus.OK, b"ok\n")
            else:
                self._send(HTTPStatus.SERVICE_UNAVAILABLE, f"{reason}\n".encode())

        def _send(self, status: HTTPStatus, body: bytes, content_type: str = "text/plain; charset=utf-8") -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the standard library's name
            """A probe every few seconds is no news."""

    server = ThreadingHTTPServer((host, port), Handler)
    threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
    return server
