"""`datavault pause`, `resume` and what `status` says of a paused dataset."""

import json
from typing import Any

import pytest

from datavault.breaker import Pause
from datavault.cli.context import Stack
from datavault.edges import sqs
from datavault.edges.clients import client

from ..handlers.conftest import created
from .conftest import Run


def bodies(url: str) -> list[str]:
    """What a queue holds, without taking it."""
    found: list[str] = []
    asked = {"QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 60}
    while messages := client("sqs").receive_message(**asked).get("Messages"):
        found += [message["Body"] for message in messages]
    return sorted(found)


def hold(stack: Stack, *keys: str) -> list[str]:
    messages = [created("raw", key, "v1") for key in keys]
    for body in messages:
        client("sqs").send_message(QueueUrl=stack.held_queue_url, MessageBody=body)
    return sorted(messages)


@pytest.fixture(autouse=True)
def at_once(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue that is empty is empty: no test waits for a message."""
    receive = client("sqs").receive_message
    monkeypatch.setattr(client("sqs"), "receive_message", lambda **asked: receive(**asked | {"WaitTimeSeconds": 0}))


def test_a_pause_is_an_object_with_its_reason_and_a_second_one_changes_nothing(stack: Stack, run: Run, s3: Any) -> None:
    assert run("pause", "books", "--reason", "new release") == (0, "books is paused\n", "")
    assert run("pause", "books", "--reason", "again") == (0, "books was paused already\n", "")
    body = s3.get_object(Bucket="quarantine", Key="paused/books.json")["Body"].read()
    assert json.loads(body) == {"dataset": "books", "reason": "new release"}


def test_a_resume_moves_the_held_events_of_its_dataset_and_no_other(stack: Stack, run: Run, s3: Any) -> None:
    run("pause", "books")
    mine = hold(stack, *(f"books/{number}" for number in range(12)))
    others = hold(stack, "orders/a", "orders/b")
    answer = json.loads(run("resume", "books", "--json")[1])
    assert answer == {"dataset": "books", "was_paused": True, "released": 12, "kept": 2}
    assert bodies(stack.raw_queue_url) == mine
    assert bodies(stack.held_queue_url) == others
    assert "Contents" not in s3.list_objects_v2(Bucket="quarantine", Prefix="paused/")


def test_a_resume_that_was_cut_off_is_run_again(stack: Stack, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = hold(stack, "books/a")
    with monkeypatch.context() as patch:
        patch.setattr(sqs, "_send", lambda url, some: {"0": "InternalError"})
        code, _, error = run("resume", "books")
        assert (code, "run the same command again" in error) == (1, True)
    client("sqs").purge_queue(QueueUrl=stack.raw_queue_url)
    held = client("sqs").receive_message(QueueUrl=stack.held_queue_url)
    assert "Messages" not in held  # hidden for two minutes, as after a crash
    hold(stack, "books/a")
    assert "was not paused: 1 held events are on their way" in run("resume", "books")[1]
    assert bodies(stack.raw_queue_url) == messages


def test_status_shows_what_is_paused_why_and_what_waits(stack: Stack, run: Run, s3: Any) -> None:
    s3.put_object(Bucket="quarantine", Key="paused/books.json", Body=Pause("books", "ab12", 200, 150, 0.2).encode())
    run("pause", "orders", "--reason", "asked to")
    hold(stack, "books/a")
    found = json.loads(run("status", "--json")[1])
    assert [(entry["dataset"], entry["reason"]) for entry in found["paused"]] == [
        ("books", "150 of 200 records of ab12 are bad"),
        ("orders", "asked to"),
    ]
    assert found["waiting"]["held events"] == [1, 0]
    assert "datavault resume" in run("status")[1]


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_a_dataset_without_a_contract_is_refused(stack: Stack, run: Run, command: str) -> None:
    code, _, error = run(command, "nobody")
    assert (code, "there are: books, orders" in error) == (2, True)
