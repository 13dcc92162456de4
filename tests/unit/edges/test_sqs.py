"""SQS: only what failed is sent again; a dead letter is deleted after it was taken."""

from collections.abc import Callable
from typing import Any

import pytest

from datavault.edges import sqs
from datavault.edges.clients import client
from datavault.edges.sqs import QueueError, depth, move_all, send_all


@pytest.fixture
def queues(aws: None, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    monkeypatch.setattr(sqs.time, "sleep", lambda _: None)
    real = client("sqs").receive_message
    # moto waits for real.
    monkeypatch.setattr(client("sqs"), "receive_message", lambda **words: real(**(words | {"WaitTimeSeconds": 0})))
    return tuple(client("sqs").create_queue(QueueName=name)["QueueUrl"] for name in ("from", "to"))  # type: ignore[return-value]


def bodies(url: str) -> list[str]:
    found = []
    while messages := client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [message["Body"] for message in messages]
    return sorted(found)


def refusing(monkeypatch: pytest.MonkeyPatch, refused: Callable[[str], bool]) -> list[list[str]]:
    """The queue refuses the bodies that are said to be; what each call held."""
    sqs_client = client("sqs")
    real, calls = sqs_client.send_message_batch, []

    def send(QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803  boto3's names
        calls.append([entry["MessageBody"] for entry in Entries])
        bad = [entry for entry in Entries if refused(entry["MessageBody"])]
        good = [entry for entry in Entries if entry not in bad]
        if good:
            real(QueueUrl=QueueUrl, Entries=good)
        return {"Failed": [{"Id": entry["Id"], "Code": "InternalError"} for entry in bad]}

    monkeypatch.setattr(sqs_client, "send_message_batch", send)
    return calls


def test_messages_go_in_tens(queues: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    calls = refusing(monkeypatch, lambda _: False)
    told: list[int] = []

    assert send_all(queues[0], (f"{number:02d}" for number in range(12)), told.append) == 12

    assert [len(call) for call in calls] == told == [10, 2]
    assert bodies(queues[0]) == [f"{number:02d}" for number in range(12)]


def test_only_what_was_refused_is_sent_again(queues: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    chances = iter([True, False])
    calls = refusing(monkeypatch, lambda body: body == "b" and next(chances))

    assert send_all(queues[0], "abc") == 3

    assert calls == [["a", "b", "c"], ["b"]]
    assert bodies(queues[0]) == ["a", "b", "c"]


def test_what_is_refused_to_the_last_is_said(queues: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    calls = refusing(monkeypatch, lambda body: body == "b")

    with pytest.raises(QueueError, match="refused 1 messages: InternalError") as raised:
        send_all(queues[0], "abc")

    assert raised.value.taken == 2
    assert len(calls) == 6


def test_dead_letters_move_and_none_stays(queues: tuple[str, str]) -> None:
    send_all(queues[0], (f"{number:02d}" for number in range(25)))

    assert move_all(*queues) == 25

    assert (sum(depth(queues[0])), sum(depth(queues[1]))) == (0, 25)
    assert bodies(queues[1]) == [f"{number:02d}" for number in range(25)]


def test_a_letter_that_is_refused_stays(queues: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    send_all(queues[0], "abc")
    refusing(monkeypatch, lambda body: body == "b")

    with pytest.raises(QueueError):
        move_all(*queues)

    assert sum(depth(queues[0])) == 1
    assert bodies(queues[1]) == ["a", "c"]


def test_when_nothing_is_taken_nothing_is_deleted(queues: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    send_all(queues[0], "a")
    refusing(monkeypatch, lambda _: True)

    with pytest.raises(QueueError):
        move_all(*queues)

    assert sum(depth(queues[0])) == 1
