"""Alerts and recording rules: they parse, are tried on both sides, have runbooks, and speak of what exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from monitoring.cloudwatch import FUNCTIONS, NAMESPACE, QUEUES, Metric, prometheus_name
from monitoring.metrics import exported_metrics, known_metrics

from .rules import ROOT, RULE_TESTS, RULES, alerts, metrics_in, promtool, read_rules

_PROMQL = re.compile(r"^ *```promql\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
RUNBOOKS = ROOT / "docs/operations/runbooks"


def test_every_rule_parses() -> None:
    promtool("check", "rules", *RULES)


@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.stem)
def test_every_alert_fires_when_it_should_and_is_quiet_when_it_should_be(path: Path) -> None:
    promtool("test", "rules", path)


def test_every_alert_is_tried_firing_and_not_firing() -> None:
    tried: dict[str, set[bool]] = {}
    for path in RULE_TESTS:
        for test in yaml.safe_load(path.read_text())["tests"]:
            for case in test.get("alert_rule_test", []):
                tried.setdefault(case["alertname"], set()).add(bool(case["exp_alerts"]))
    assert tried == {name: {True, False} for name in alerts()}


def test_the_users_alert_is_as_the_user_gave_it() -> None:
    (rule,) = alerts()["HighProcessingLatency"]
    assert rule["expr"] == "datavault_processing_latency_seconds > 30"
    assert (rule["for"], rule["labels"]) == ("5m", {"severity": "warning"})


@pytest.mark.parametrize("name", sorted(alerts()))
def test_every_alert_says_what_is_wrong_and_names_its_runbook(name: str) -> None:
    for rule in alerts()[name]:
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
        assert rule["annotations"]["runbook_url"] == f"docs/operations/runbooks/{name}.md"
        assert rule["labels"]["severity"] in ("warning", "critical")
    text = (RUNBOOKS / f"{name}.md").read_text()
    assert re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE) == [
        name,
        "Meaning",
        "Impact",
        "Diagnosis",
        "Mitigation",
    ]


def test_every_runbook_of_an_alert_has_an_alert() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md") if not path.stem.islower()} - {"README"} == set(alerts())


@pytest.mark.parametrize("rule", list(read_rules(RULES)), ids=lambda rule: rule.get("alert") or rule["record"])
def test_every_rule_speaks_of_metrics_that_exist(rule: dict[str, str]) -> None:
    assert metrics_in(rule["expr"]) - known_metrics(RULES) == set()


def test_every_query_of_the_documents_parses_and_names_metrics_that_exist(tmp_path: Path) -> None:
    operations = ROOT / "docs/operations"
    pages = [operations / "monitoring.md", *(RUNBOOKS / f"{name}.md" for name in alerts())]
    queries = [query.strip() for page in pages for query in _PROMQL.findall(page.read_text())]
    assert len(queries) > 10
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries)]
    (tmp_path / "queries.yaml").write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    promtool("check", "rules", tmp_path / "queries.yaml")
    assert {name for query in queries for name in metrics_in(query)} - known_metrics(RULES) == set()


def test_metrics_of_a_query_are_found() -> None:
    query = (
        'sum by (le, job) (rate(a_total{x="b_total{"}[5m:1m])) / on (y) group_left (z) c:d:e > bool 3 and up or time()'
    )
    assert metrics_in(query) == {"a_total", "c:d:e", "up"}


def test_cloudwatch_metrics_are_named_as_the_exporter_names_them() -> None:
    age = Metric("ApproximateAgeOfOldestMessage", "Maximum", 60, 60)
    assert prometheus_name("AWS/SQS", age) == "aws_sqs_approximate_age_of_oldest_message_maximum"
    iterator = Metric("GetRecords.IteratorAgeMilliseconds", "Maximum", 60, 60)
    assert prometheus_name("AWS/Kinesis", iterator) == "aws_kinesis_get_records_iterator_age_milliseconds_maximum"
    assert prometheus_name(NAMESPACE, Metric("RowsLoaded", "Sum", 60, 60)) == "aws_datavault_rows_loaded_sum"


def test_cloudwatch_metrics_are_what_the_stack_has() -> None:
    """Names in the Terraform code and in the handlers, which write the metrics of our own namespace."""
    terraform = "\n".join(path.read_text() for path in (ROOT / "infrastructure").glob("*.tf"))
    written = "\n".join(path.read_text() for path in (ROOT / "lambdas").rglob("*.py"))
    assert f'metrics_namespace = "{NAMESPACE}"' in terraform
    # Those of the worker come with it; a dead-letter queue is made by its queue's module.
    names = [
        name
        for name in QUEUES
        if not name.startswith("large-objects") and name not in ("raw-events-dlq", "parquet-events-dlq")
    ]
    for name in (*names, *FUNCTIONS, "chunks"):
        assert f'"${{var.project_name}}-{name}"' in terraform
    for metric in exported_metrics():
        if metric.namespace == NAMESPACE:
            assert re.search(rf'["( ]{metric.name}["=]', written), metric.name


def test_what_comes_from_the_contracts_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "monitoring", "generate", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
