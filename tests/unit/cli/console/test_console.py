"""The page's edges, over services in memory."""

import socket
import time

import pytest

from datavault.cli.console import collect, server
from datavault.cli.console.collect import answer, look, records, renewing
from datavault.cli.context import Context, Stack
from datavault.edges.clients import client

from ..conftest import Run, Tables


def test_a_look_counts_what_status_and_audit_count_and_the_calls_that_it_took(
    api: Tables, stack: Stack, processed: str
) -> None:
    api.ledger, api.table = [[processed, "books", 2, 0]], [[processed, 2]]
    api.results = {}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collect, "_loaded_at", lambda run: {})
        found = look(Context("local", as_json=False))

    assert (found.counts.raw_objects, found.counts.records, found.counts.table_rows) == (1, 3, 2)
    assert found.audit["balanced"]
    assert [(entry.reason, entry.records) for entry in found.reasons] == [("wrong_type", 1)]
    assert found.calls > 10
    assert found.spent.usd > 0


def test_records_are_masked(stack: Stack, processed: str) -> None:
    (record,) = records(Context("local", as_json=False), processed.split("-", maxsplit=1)[0])

    assert (record.line, record.reason, record.field) == (2, "wrong_type", "id")
    assert "red" not in record.form


def test_an_answer_is_cut_and_says_so(api: Tables, stack: Stack) -> None:
    api.results = {"id1": [[[number] for number in range(150)], [[number] for number in range(150)], [[1]]]}

    found = answer(Context("local", as_json=False), "select 1")

    assert (len(found.rows), found.is_cut, found.columns) == (200, True, ["c0"])


def test_an_answers_errors_are_the_commands(api: Tables, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Context("local", as_json=False)
    assert "only SELECT" in answer(run, "drop table flights").error
    assert api.started == []

    api.statuses, api.error = ["FAILED"], "ERROR: relation does not exist"
    assert answer(run, "select nonsense").error == "Redshift: ERROR: relation does not exist"

    api.statuses, api.error = ["STARTED"], ""
    monkeypatch.setattr(collect, "QUERY_SECONDS", 0.0)
    assert answer(run, "select 1").error == "cancelled after 0 s"


def test_clients_are_made_anew_before_the_keys_of_a_role_end(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = renewing(lambda: client("sqs"))
    first = ask()
    assert ask() is first

    later = time.monotonic() + 3600
    monkeypatch.setattr(time, "monotonic", lambda: later)

    assert ask() is not first


def test_the_command_says_its_address_and_ends_by_ctrl_c(
    run: Run, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: server.Console) -> None:
        assert self.refresh_seconds == 0  # the stack in memory is no laptop's
        raise KeyboardInterrupt

    monkeypatch.setattr(server.Console, "serve_forever", interrupted)

    code, out, _ = run("console", "--port", "0")

    assert (code, out.startswith("local: http://127.0.0.1:")) == (0, True)


def test_a_port_that_is_taken_is_said(run: Run, stack: Stack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, _, err = run("console", "--port", str(taken.getsockname()[1]))

    assert code == 2
    assert "cannot listen on 127.0.0.1" in err
    assert "choose another --port" in err
