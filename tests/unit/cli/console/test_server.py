"""The server answers this machine's own page, and nobody else's."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from datavault.cli.console.server import Console, Sources
from datavault.cli.console.snapshot import Answer, BadRecord, Snapshot
from datavault.cli.context import Failure
from datavault.edges.warehouse import StatementError

from .known import BAD_ID, HOSTILE, snapshot

Ask = Callable[..., tuple[int, dict[str, str], bytes]]
JSON = {"Content-Type": "application/json"}


class Pipeline:
    """What the server asks; `error` is raised if there is one."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.looks = 0

    def look(self) -> Snapshot:
        self.looks += 1
        if self.error:
            raise self.error
        return snapshot()

    def records(self, object_id: str) -> list[BadRecord]:
        return [BadRecord(3, rest=False, reason="wrong_type", field=object_id, form="{}")]

    def answer(self, sql: str) -> Answer:
        return Answer(sql, ["a"], [[1]])


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline()


@pytest.fixture
def console(pipeline: Pipeline) -> Iterator[Console]:
    with Console(0, Sources(pipeline.look, pipeline.records, pipeline.answer), 15) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def ask(console: Console) -> Ask:
    def send(path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", console.server_port, timeout=10)
        with suppress(BrokenPipeError, ConnectionResetError):  # it may answer before it has read everything
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        found = (answer.status, dict(answer.headers), answer.read())
        connection.close()
        return found

    return send


def test_page_comes_with_a_policy_and_is_not_kept(ask: Ask) -> None:
    status, headers, body = ask("/")

    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert b'"live":true,"refresh_seconds":15' in body


def test_snapshot_is_the_pipelines_and_is_taken_once_for_two_tabs(ask: Ask, pipeline: Pipeline) -> None:
    first = json.loads(ask("/snapshot")[2])

    assert first["counts"]["raw_objects"] == 4242
    assert json.loads(ask("/snapshot")[2]) == first
    assert pipeline.looks == 1


def test_records_and_answers_are_json(ask: Ask) -> None:
    assert json.loads(ask(f"/records/{BAD_ID}")[2])[0]["field"] == BAD_ID
    body = json.dumps({"sql": HOSTILE}).encode()
    assert json.loads(ask("/query", "POST", body, Content_Type="application/json")[2])["sql"] == HOSTILE


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1:1", ""])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_name_that_is_made_to_point_here_is_refused(host: str, method: str, ask: Ask, pipeline: Pipeline) -> None:
    status, _, body = ask("/snapshot" if method == "GET" else "/query", method, b"{}", Host=host)

    assert (status, pipeline.looks) == (421, 0)
    assert b"http://127.0.0.1:" in body


@pytest.mark.parametrize(
    ("path", "kind", "body", "status"),
    [
        ("/query", "text/plain", b'{"sql":"select 1"}', 415),  # what a foreign page may send without asking
        ("/query", "application/json", b"{}", 400),
        ("/query", "application/json", b"x" * 70_000, 413),
        ("/snapshot", "application/json", b"{}", 404),
    ],
)
def test_a_query_that_is_none_is_refused(path: str, kind: str, body: bytes, status: int, ask: Ask) -> None:
    assert ask(path, "POST", body, Content_Type=kind)[0] == status


@pytest.mark.parametrize("path", ["/nothing", "/records/", "/records/..%2f", "/../etc/passwd"])
def test_there_is_nothing_else(path: str, ask: Ask) -> None:
    assert ask(path)[0] == 404


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Failure("nothing is deployed", "run `make up`"), "hint: run `make up`"),
        (StatementError("ERROR: permission denied"), "Redshift: ERROR: permission denied"),
        (EndpointConnectionError(endpoint_url="here"), "AWS: Could not connect"),
    ],
)
def test_an_error_is_the_commands_sentence(error: Exception, words: str, ask: Ask, pipeline: Pipeline) -> None:
    pipeline.error = error

    status, _, body = ask("/snapshot")

    assert status == 502
    assert words in json.loads(body)["error"]
