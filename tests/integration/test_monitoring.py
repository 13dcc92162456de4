"""`make monitor`: a real Prometheus over the deployed stack answers every query of the documents and the dashboards."""

import json
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from monitoring.laptop import Addresses, monitor
from worker import environment  # scripts/worker.py

from datavault.cli.context import Context
from datavault.cli.progress import Loaded
from tests.processes import free_port

from .conftest import ROOT
from .test_books import CSV

# The slowest: LocalStack publishes SQS's depths every minute, Prometheus scrapes every ten seconds, then rules.
ANSWER_SECONDS = 240.0
DOCUMENT = (ROOT / "docs/operations/monitoring.md").read_text()
QUERIES = re.findall(r"```promql\n(.*?)\n```", DOCUMENT, re.DOTALL)
BOARDS = sorted((ROOT / "monitoring/kubernetes/dashboards").glob("*.json"))


def order(number: int) -> bytes:
    """An order of nearly 60 kB, by the blanks around it; the first is bad."""
    told = {
        "order_id": f"ORD-9{number:07}",
        "ordered_at": "2026-03-01T09:30:00Z",
        "customer": {"id": 7, "email": "ann@example.com", "country": "CH"},
        "items": [{"sku": "AB-1234", "quantity": 2, "unit_price": "9.50"}],
        "total": "19.00",
        "gift": False if number else "yes",
    }
    return json.dumps(told).encode().ljust(59_999) + b"\n"


# 33.6 MB, over the threshold of environments/local.
LARGE = b"".join(map(order, range(560)))


@contextmanager
def worker(run: Context) -> Iterator[str]:
    """A worker of the stack's; its host and port."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "datavault.worker"], env=environment(run, port))
    try:
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(60) == 0


@pytest.fixture(scope="module")
def watched(
    run: Context,
    load: Callable[[str, bytes], Loaded],
    invoke: Callable[[str, dict[str, Any]], Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Addresses]:
    """Data in the pipeline, a large object in a worker, an audit, and Prometheus over all of it."""
    with worker(run) as address, monitor(run.stack, tmp_path_factory.mktemp("monitor"), address) as addresses:
        assert load("flights/watched.csv", CSV).rows == 100
        large = load("orders/watched.ndjson", LARGE)
        assert (large.rows, large.quarantined) == (559, 1)
        invoke("auditor", {})
        yield addresses


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


def test_what_the_worker_did_is_what_prometheus_says(watched: Addresses) -> None:
    assert answered(watched, 'datavault_objects_total{dataset="orders", outcome="processed"} >= 1')
    assert answered(watched, 'datavault_quarantined_records_total{dataset="orders", reason="wrong_type"} >= 1')
    assert answered(watched, 'datavault:records:sum15m{dataset="orders", outcome="valid"} >= 559')


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
