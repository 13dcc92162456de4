"""The Redshift Data API: one statement or a batch, waited for, read page by page."""

import pytest

from datavault.edges import warehouse as edge
from datavault.edges.warehouse import StatementError, StatementTimeoutError, Warehouse

from ..fakes import DataApi


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> DataApi:
    fake = DataApi()
    monkeypatch.setattr(edge, "client", lambda _: fake)
    monkeypatch.setattr(edge.time, "sleep", fake.pauses.append)
    return fake


def test_one_statement_is_executed_and_several_are_one_batch(api: DataApi) -> None:
    warehouse = Warehouse("w", "d", "secret")
    assert [warehouse.run(sql, lambda: 60) for sql in (["SELECT 1"], ["A", "B"])] == ["id1", "id2"]
    assert api.started == [["SELECT 1"], ["A", "B"]]
    assert api.targets == [{"WorkgroupName": "w", "Database": "d", "SecretArn": "secret"}] * 2


def test_without_a_secret_the_caller_logs_in(api: DataApi) -> None:
    Warehouse("w", "d").run(["SELECT 1"], lambda: 60)
    assert api.targets == [{"WorkgroupName": "w", "Database": "d"}]


def test_a_statement_is_waited_for_with_growing_pauses(api: DataApi) -> None:
    api.statuses = ["SUBMITTED", "PICKED", *["STARTED"] * 12, "FINISHED"]
    Warehouse("w", "d").run(["SELECT 1"], lambda: 60)
    assert api.pauses == sorted(api.pauses)
    assert (len(api.pauses), api.pauses[0], api.pauses[-1]) == (14, 0.05, 2.0)


@pytest.mark.parametrize("status", ["FAILED", "ABORTED"])
def test_a_statement_that_fails_says_redshifts_words(api: DataApi, status: str) -> None:
    api.statuses, api.error = [status], "ERROR: no such table"
    with pytest.raises(StatementError, match="ERROR: no such table"):
        Warehouse("w", "d").run(["SELECT 1"], lambda: 60)
    api.statuses, api.error = [status], ""
    with pytest.raises(StatementError, match=status):
        Warehouse("w", "d").run(["SELECT 1"], lambda: 60)


def test_a_statement_that_outlasts_the_function_is_cancelled(api: DataApi) -> None:
    api.statuses = ["STARTED"] * 9
    left = iter([60.0, 60.0, 0.0])
    with pytest.raises(StatementTimeoutError, match="id1"):
        Warehouse("w", "d").run(["SELECT 1"], lambda: next(left))
    assert api.cancelled == ["id1"]


def test_rows_come_from_every_page_with_their_types(api: DataApi) -> None:
    api.results["id1"] = [[["a", 1, None]], [[True, 1.5, "b"]]]
    assert Warehouse("w", "d").query("SELECT", lambda: 60) == (["c0", "c1", "c2"], [["a", 1, None], [True, 1.5, "b"]])


def test_the_result_of_one_statement_of_a_batch_is_read_by_its_number(api: DataApi) -> None:
    api.results["id1:2"] = [[["x"]]]
    assert Warehouse("w", "d").rows("id1:2") == (["c0"], [["x"]])


def test_no_row_is_no_row(api: DataApi) -> None:
    assert Warehouse("w", "d").query("SELECT", lambda: 60) == ([], [])
