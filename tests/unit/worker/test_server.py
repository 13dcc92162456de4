"""What Kubernetes and Prometheus ask: alive, ready, metrics."""

import json
import logging
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from datavault.receipt import Receipt
from datavault.settings import SettingsError
from datavault.stages.processor import Outcome
from datavault.worker import __main__ as program
from datavault.worker import log, settings
from datavault.worker.health import READY_SECONDS, STUCK_SECONDS, Health
from datavault.worker.metrics import LATENCY_STANDS_SECONDS, Latency, Metrics
from datavault.worker.server import serve

from ..support import RECEIVED_AT


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Endpoint:
    def __init__(self) -> None:
        self.clock = Clock()
        self.health, self.metrics = Health(self.clock), Metrics()
        self._server = serve("127.0.0.1", 0, self.health, self.metrics.registry)

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._server.server_port}{path}") as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    found = Endpoint()
    yield found
    found.close()


@pytest.mark.parametrize("name", ["loop", "heartbeat"])
def test_what_shows_no_sign_of_life_is_stuck(endpoint: Endpoint, name: str) -> None:
    endpoint.health.beat(name)
    endpoint.clock.now += STUCK_SECONDS
    assert endpoint.get("/healthz") == (200, "ok\n")
    endpoint.clock.now += 1
    assert endpoint.get("/healthz") == (503, f"stuck: {name}\n")
    endpoint.health.beat(name)
    assert endpoint.get("/healthz")[0] == 200


def test_what_ended_by_itself_is_not_stuck(endpoint: Endpoint) -> None:
    endpoint.health.beat("heartbeat")
    endpoint.health.end("heartbeat")
    endpoint.clock.now += STUCK_SECONDS + 1
    assert endpoint.get("/healthz")[0] == 200


def test_it_is_ready_once_the_queue_has_answered_and_while_it_does_or_works(endpoint: Endpoint) -> None:
    assert endpoint.get("/readyz") == (503, "the queue has not answered\n")
    endpoint.health.polled()
    assert endpoint.get("/readyz") == (200, "ok\n")
    endpoint.clock.now += READY_SECONDS + 1
    assert endpoint.get("/readyz")[0] == 503
    endpoint.health.beat("heartbeat")
    assert endpoint.get("/readyz")[0] == 200
    endpoint.health.is_stopping = True
    assert endpoint.get("/readyz") == (503, "told to stop\n")
    assert endpoint.get("/healthz")[0] == 200


def test_nothing_else_is_served(endpoint: Endpoint) -> None:
    assert endpoint.get("/")[0] == 404


def receipt(**fields: Any) -> Receipt:
    usual: dict[str, Any] = {
        "object_id": "o", "bucket": "raw", "key": "books/a", "version_id": "v", "size": 1000,
        "last_modified": RECEIVED_AT,
        "dataset": "books", "contract_version": "1", "format": "ndjson", "compression": "", "lines": 12, "valid": 10,
        "quarantined": 2, "reasons": {"invalid_json": 2}, "chunks": [], "quarantine_key": "q",
    }  # fmt: skip
    return Receipt(**(usual | fields))


def test_metrics_have_the_names_that_rules_and_dashboards_use(endpoint: Endpoint) -> None:
    with endpoint.metrics.work("books", datetime.now(UTC)) as done:
        assert "datavault_objects_in_flight 1.0" in endpoint.get("/metrics")[1]
        done(Outcome("o", receipt(), ["key"]))
    endpoint.metrics.errors.labels("StreamError").inc()
    endpoint.metrics.polled.set_to_current_time()

    families = {family.name: family for family in text_string_to_metric_families(endpoint.get("/metrics")[1])}
    found = {name: family.type for name, family in families.items() if name.startswith("datavault_")}
    assert {name: kind for name, kind in found.items() if not name.endswith("_created")} == {
        "datavault_processing_latency_seconds": "gauge",
        "datavault_processing_duration_seconds": "histogram",
        "datavault_processing_errors": "counter",
        "datavault_objects_in_flight": "gauge",
        "datavault_queue_poll_timestamp_seconds": "gauge",
        "datavault_objects": "counter",
        "datavault_records": "counter",
        "datavault_quarantined_records": "counter",
        "datavault_read_bytes": "counter",
        "datavault_chunks": "counter",
        "datavault_write_once_conflicts": "counter",
    }
    value = endpoint.metrics.registry.get_sample_value
    assert value("datavault_objects_in_flight") == 0
    assert value("datavault_records_total", {"dataset": "books", "outcome": "valid"}) == 10
    assert value("datavault_records_total", {"dataset": "books", "outcome": "quarantined"}) == 2
    assert value("datavault_quarantined_records_total", {"dataset": "books", "reason": "invalid_json"}) == 2
    assert value("datavault_read_bytes_total", {"dataset": "books"}) == 1000
    assert value("datavault_write_once_conflicts_total", {"dataset": "books"}) == 1
    assert value("datavault_processing_duration_seconds_count", {"dataset": "books"}) == 1


def latency(found: Latency) -> dict[str, float]:
    (family,) = found.collect()
    return {sample.labels["dataset"]: sample.value for sample in family.samples}


def test_latency_is_that_of_the_last_object_or_the_age_of_the_one_in_work() -> None:
    clock = Clock()
    found = Latency(clock)

    def came(seconds_ago: float) -> datetime:
        return datetime.fromtimestamp(clock.now - seconds_ago, UTC)

    assert latency(found) == {}
    with found.in_work("books", came(20)):
        clock.now += 15
        assert latency(found) == {"books": 35}
        found.finished("books", came(35))
    clock.now += 100
    assert latency(found) == {"books": 35}
    with found.in_work("books", came(10)):
        assert latency(found) == {"books": 35}
    clock.now += LATENCY_STANDS_SECONDS
    assert latency(found) == {"books": 0}
    with found.in_work("books", came(-3)):  # S3's clock is ahead
        assert latency(found) == {"books": 0}


def test_an_object_that_fails_is_not_in_flight_any_more(endpoint: Endpoint) -> None:
    with pytest.raises(ValueError, match="broken"), endpoint.metrics.work("books", datetime.now(UTC)):
        raise ValueError("broken")
    assert endpoint.metrics.registry.get_sample_value("datavault_objects_in_flight") == 0
    assert latency(endpoint.metrics.latency) == {}


def test_a_log_line_is_json_with_the_object_and_what_was_given() -> None:
    token = log.object_id.set("abc")
    try:
        record = logging.makeLogRecord({"msg": "%s things", "args": (3,), "levelname": "INFO", "reasons": {"x": 1}})
        line = json.loads(log.JsonFormatter().format(record))
    finally:
        log.object_id.reset(token)
    assert (line["message"], line["service"], line["correlation_id"], line["reasons"]) == (
        "3 things", "worker", "abc", {"x": 1},
    )  # fmt: skip
    assert "exception" not in line


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A whole environment."""
    (tmp_path / "books.json").write_text("{}")
    for name in ("WORKER_QUEUE_URL", "PROCESSED_BUCKET", "QUARANTINE_BUCKET", "STREAM_NAME", "HELD_QUEUE_URL"):
        monkeypatch.setenv(f"DATAVAULT_{name}", name.lower())
    monkeypatch.setenv("DATAVAULT_CONTRACTS", str(tmp_path))
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("DATAVAULT_WORKER_PORT", "0")
    monkeypatch.setenv("DATAVAULT_WORKER_HOST", "127.0.0.1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    return tmp_path


def test_settings_are_read_and_botocore_is_told_the_region(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings.read()
    assert (found.queue_url, found.held_queue, found.port) == ("worker_queue_url", "held_queue_url", 0)
    assert settings.os.environ["AWS_DEFAULT_REGION"] == "eu-central-1"
    monkeypatch.delenv("DATAVAULT_WORKER_PORT")
    assert settings.read().port == 8080


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DATAVAULT_STREAM_NAME", "", "missing environment variables: DATAVAULT_STREAM_NAME"),
        ("DATAVAULT_WORKER_PORT", "http", "'http'; it is a port"),
        ("DATAVAULT_WORKER_PORT", "70000", "it is a port"),
        ("DATAVAULT_CONTRACTS", "nowhere", "no compiled contract in nowhere"),
    ],
)
def test_what_is_wrong_with_the_environment_is_said(  # noqa: PLR0917  fixtures
    told: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError):
        settings.read()
    assert program.main() == 2
    line = json.loads(capsys.readouterr().out)
    assert words in line["message"]
    assert "exception" not in line


@pytest.mark.parametrize("is_all_done", [True, False])
def test_the_program_ends_with_0_when_it_was_told_to_stop(
    told: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, is_all_done: bool
) -> None:
    handlers: dict[int, Any] = {}
    ended: list[int] = []
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)
    monkeypatch.setattr(program.os, "_exit", ended.append)

    def run(worker: Any) -> bool:
        handlers[signal.SIGTERM]()
        assert worker._health.is_stopping
        return is_all_done

    monkeypatch.setattr(program.Worker, "run", run)

    assert program.main() == 0
    assert ended == ([] if is_all_done else [0])
    assert [json.loads(line)["message"] for line in capsys.readouterr().out.splitlines()] == ["begun", "stopped"]
