"""Dashboards: as Grafana's types say, with queries that parse and metrics that exist, one for each dataset."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from monitoring.cloudwatch import FUNCTIONS, NAMESPACE
from monitoring.metrics import exported_metrics, known_metrics

from .rules import ROOT, RULES, metrics_in, promtool

BOARDS = sorted((ROOT / "monitoring/kubernetes/dashboards").glob("*.json"))
DATASETS = sorted(path.parent.name for path in (ROOT / "contracts").glob("*/contract.odcs.yaml"))
# Metrics of AWS's that Grafana alone asks for.
OF_GRAFANA = {("AWS/Lambda", "ConcurrentExecutions"), ("AWS/Billing", "EstimatedCharges")}

each_board = pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)


def targets(path: Path, source: str) -> Iterator[dict[str, Any]]:
    for panel in json.loads(path.read_text())["panels"]:
        for target in panel["targets"]:
            assert target["datasource"]["type"] == panel["datasource"]["type"], panel["title"]
            if target["datasource"]["type"] == source:
                yield target


def expressions(path: Path) -> list[str]:
    return [target["expr"].replace("$__rate_interval", "5m") for target in targets(path, "prometheus")]


def test_there_is_one_for_performance_one_for_business_and_one_for_each_dataset() -> None:
    wanted = {"performance", "business", "dataset-unknown", *(f"dataset-{name}" for name in DATASETS)}
    assert {path.stem for path in BOARDS} == wanted
    boards = [json.loads(path.read_text()) for path in BOARDS]
    assert len({board["uid"] for board in boards}) == len(boards)


@each_board
def test_a_dashboard_is_as_grafanas_types_say(path: Path) -> None:
    register_default_plugins()
    told = json.loads(path.read_text())
    read = json.loads(JSONEncoder().encode(Dashboard.from_json(told)))
    assert read == told


@each_board
def test_panels_lie_beside_each_other_and_not_upon(path: Path) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(path.read_text())["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(place["x"] + right, place["y"] + down) for right in range(place["w"]) for down in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


@each_board
def test_every_query_parses(path: Path, tmp_path: Path) -> None:
    rules = [{"record": f"query:{number}", "expr": text} for number, text in enumerate(expressions(path))]
    (tmp_path / "queries.yaml").write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    promtool("check", "rules", tmp_path / "queries.yaml")


@each_board
def test_every_query_names_metrics_that_exist(path: Path) -> None:
    known = known_metrics(RULES)
    assert [(text, metrics_in(text) - known) for text in expressions(path) if metrics_in(text) - known] == []


@each_board
def test_every_metric_of_cloudwatch_is_one_that_is_written_with_these_dimensions(path: Path) -> None:
    ours = {(metric.namespace, metric.name) for metric in exported_metrics()} | OF_GRAFANA
    dimensions = {
        "AWS/Lambda": [{"FunctionName": f"${{project}}-{name}"} for name in FUNCTIONS],
        NAMESPACE: [{"service": "processor", "dataset": dataset} for dataset in (*DATASETS, "_unknown")],
    }
    for target in targets(path, "cloudwatch"):
        assert (target["namespace"], target["metricName"]) in ours
        if target["namespace"] in dimensions:
            assert target["dimensions"] in dimensions[target["namespace"]]
