"""`make monitor`: a real Prometheus over the deployed stack answers every query of the documents and the dashboards."""

import json
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from monitoring.laptop import Addresses, monitor

from datavault.cli.context import Context
from datavault.cli.progress import Loaded

from .conftest import ROOT
from .test_books import CSV

# The slowest: LocalStack publishes SQS's depths every minute, Prometheus scrapes every ten seconds, then rules.
ANSWER_SECONDS = 240.0
DOCUMENT = (ROOT / "docs/operations/monitoring.md").read_text()
QUERIES = re.findall(r"```promql\n(.*?)\n```", DOCUMENT, re.DOTALL)
BOARDS = sorted((ROOT / "monitoring/kubernetes/dashboards").glob("*.json"))

# What a worker says: tests/unit holds these names to the worker's own.
WORKER = """\
datavault_processing_latency_seconds{dataset="orders"} 3.5
datavault_processing_duration_seconds_bucket{dataset="orders",le="1.0"} 0
datavault_processing_duration_seconds_bucket{dataset="orders",le="5.0"} 1
datavault_processing_duration_seconds_bucket{dataset="orders",le="+Inf"} 1
datavault_processing_duration_seconds_count{dataset="orders"} 1
datavault_processing_duration_seconds_sum{dataset="orders"} 3.5
datavault_processing_errors_total{error="ClientError"} 0
datavault_objects_total{dataset="orders",outcome="processed"} 1
datavault_records_total{dataset="orders",outcome="valid"} 880
datavault_records_total{dataset="orders",outcome="quarantined"} 20
datavault_quarantined_records_total{dataset="orders",reason="wrong_type"} 20
datavault_read_bytes_total{dataset="orders"} 1000000
datavault_chunks_total{dataset="orders"} 1
datavault_write_once_conflicts_total{dataset="orders"} 0
datavault_objects_in_flight 0
"""


class Exposition(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        polled = f"datavault_queue_poll_timestamp_seconds {time.time()}\nprocess_cpu_seconds_total {time.monotonic()}\n"
        self.wfile.write((WORKER + polled).encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def watched(
    run: Context,
    load: Callable[[str, bytes], Loaded],
    invoke: Callable[[str, dict[str, Any]], Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Addresses]:
    """Data in the pipeline, an audit, and Prometheus over all of it."""
    assert load("flights/watched.csv", CSV).rows == 100
    invoke("auditor", {})
    worker = ThreadingHTTPServer(("127.0.0.1", 0), Exposition)
    Thread(target=worker.serve_forever, daemon=True).start()
    try:
        with monitor(run.stack, tmp_path_factory.mktemp("monitor"), f"127.0.0.1:{worker.server_port}") as addresses:
            yield addresses
    finally:
        worker.shutdown()


def ask(addresses: Addresses, query: str) -> list[dict[str, Any]]:
    address = f"{addresses.prometheus}/api/v1/query?" + urllib.parse.urlencode({"query": query})
    with urllib.request.urlopen(address, timeout=30) as response:
        answer = json.load(response)
    assert answer["status"] == "success", answer
    return list(answer["data"]["result"])


def answered(addresses: Addresses, query: str) -> list[dict[str, Any]]:
    end = time.monotonic() + ANSWER_SECONDS
    while not (found := ask(addresses, query)):
        assert time.monotonic() < end, f"no data: {query}"
        time.sleep(1)
    return found


def test_the_documents_have_queries() -> None:
    assert len(QUERIES) >= 10


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_of_the_documents_returns_data(watched: Addresses, query: str) -> None:
    assert answered(watched, query)


def test_both_jobs_answer_under_the_names_that_rules_know(watched: Addresses) -> None:
    for job in ("datavault-processor", "cloudwatch-exporter"):
        assert answered(watched, f'up{{job="{job}"}} == 1')
    assert ask(watched, 'ALERTS{alertname=~"WorkerAbsent|CloudWatchExporterAbsent", alertstate="firing"}') == []


def test_what_the_functions_counted_is_what_prometheus_says(watched: Addresses, run: Context) -> None:
    query = 'sum(max_over_time(aws_datavault_rows_loaded_sum{dimension_dataset="flights"}[10m])) >= 100'
    assert answered(watched, query)
    query = 'aws_sqs_approximate_number_of_messages_visible_maximum{name="raw-events"}'
    (entry,) = answered(watched, query)
    assert entry["metric"]["dimension_QueueName"] == f"{run.stack.project_name}-raw-events"


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_prometheus_takes_every_query_of_the_dashboards(watched: Addresses, path: Path) -> None:
    for panel in json.loads(path.read_text())["panels"]:
        for target in panel["targets"]:
            if target["datasource"]["type"] == "prometheus":
                ask(watched, target["expr"].replace("$__rate_interval", "5m"))
