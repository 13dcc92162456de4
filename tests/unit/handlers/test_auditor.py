"""The auditor's handler: the event of a schedule in; metrics that alarms can go back to OK on."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from datavault.edges import warehouse as warehouse_edge

from ..settled import Ledger, Pipeline
from .conftest import EVENTS, Context, metrics

EVENT = json.loads((EVENTS / "scheduled.json").read_text())


class LittleTime(Context):
    """An invocation that is nearly over."""

    def get_remaining_time_in_millis(self) -> int:
        return 9_000


@pytest.fixture
def pipeline(s3: Any, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    ledger = Ledger()
    monkeypatch.setattr(warehouse_edge, "client", lambda _: ledger)
    monkeypatch.setattr(warehouse_edge.time, "sleep", ledger.pauses.append)
    return Pipeline(s3, ledger)


@pytest.fixture
def handler(pipeline: Pipeline, load: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("DATAVAULT_RAW_BUCKET", "raw")
    monkeypatch.setenv("DATAVAULT_AUDIT_DAYS", "3")
    return load("auditor")


def values(capsys: Any) -> dict[str, list[float]]:
    return metrics(capsys.readouterr().out)


def test_all_is_well_is_said_with_zeros_for_every_dataset(handler: ModuleType, capsys: Any) -> None:
    assert handler.audit_data(EVENT, Context()) == {"incomplete": 0, "sealed": 0}
    assert values(capsys) == {
        f"{dataset}.{name}": [0]
        for dataset in ("_unknown", "books")
        for name in ("RecordsUnaccounted", "ObjectsSealed", "OldestUnloadedSeconds")
    } | {"DatasetsNotAudited": [0]}


def test_what_is_settled_is_sealed_and_counted(handler: ModuleType, pipeline: Pipeline, capsys: Any) -> None:
    pipeline.settle()
    assert handler.audit_data(EVENT, Context()) == {"incomplete": 0, "sealed": 1}
    assert values(capsys)["books.ObjectsSealed"] == [1]


def test_what_contradicts_is_published_and_logged_without_values(
    handler: ModuleType, pipeline: Pipeline, capsys: Any
) -> None:
    receipt = pipeline.process(pipeline.put())
    pipeline.enrich(receipt, records="2")
    handler.audit_data(EVENT, Context())
    out = capsys.readouterr().out
    assert metrics(out)["books.RecordsUnaccounted"] == [1]
    line = next(json.loads(line) for line in out.splitlines() if '"audited"' in line and '"books"' in line)
    assert (line["level"], line["problems"]) == ("ERROR", 1)
    assert line["findings"][0]["object_id"] == receipt.object_id


def test_who_has_no_time_publishes_no_zeros_and_says_so(handler: ModuleType, pipeline: Pipeline, capsys: Any) -> None:
    pipeline.settle()
    assert handler.audit_data(EVENT, LittleTime()) == {"incomplete": 2, "sealed": 0}
    out = capsys.readouterr().out
    assert metrics(out) == {"_unknown.ObjectsSealed": [0], "books.ObjectsSealed": [0], "DatasetsNotAudited": [2]}
    assert out.count("audited in part") == 2


def test_a_person_can_look_further_back(handler: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Spy(handler.Auditor):  # type: ignore[name-defined,misc]
        def __init__(self, places: Any, contracts: Any, days: int, *rest: Any) -> None:
            asked.append(days)
            super().__init__(places, contracts, days, *rest)

    monkeypatch.setattr(handler, "Auditor", Spy)
    handler.audit_data({"days": 30}, Context())
    handler.audit_data(EVENT, Context())
    assert asked == [30, 3]
