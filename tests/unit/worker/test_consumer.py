"""The loop: a message is deleted when it is done, and otherwise goes back, whatever ends the worker."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from datavault.edges import sqs
from datavault.edges.clients import client
from datavault.worker.consumer import Worker
from datavault.worker.heartbeat import HIDDEN_SECONDS

from .conftest import Bench, until


def refused(operation: str) -> ClientError:
    return ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, operation)


def test_a_message_that_is_done_is_deleted(bench: Bench) -> None:
    sqs.send_all(bench.queue, ["one", "two"])
    seen: list[str] = []

    assert bench.run(lambda body, _: seen.append(body))

    assert sorted(seen) == ["one", "two"]
    assert bench.depth() == (0, 0)
    assert bench.value("datavault_queue_poll_timestamp_seconds") is not None


def test_a_poison_message_is_tried_again_and_ends_in_the_dead_letter_queue(bench: Bench, dead_letters: str) -> None:
    sqs.send_all(bench.queue, ["poison", "good"])
    tried: list[str] = []

    def process(body: str, _: Callable[[], float]) -> None:
        tried.append(body)
        if body == "poison":
            raise ValueError("no S3 event")

    assert bench.run(process)

    assert sorted(tried) == ["good", "poison", "poison", "poison"]
    assert (bench.depth(), sqs.depth(dead_letters)) == ((0, 0), (1, 0))
    assert bench.value("datavault_processing_errors_total", error="ValueError") == 3


def test_whatever_ends_an_attempt_its_message_is_kept(bench: Bench) -> None:
    sqs.send_all(bench.queue, ["one"])

    def process(body: str, _: Callable[[], float]) -> None:
        raise SystemExit(0)

    assert bench.run(process, retry=300)

    assert bench.depth() == (0, 1)
    assert bench.value("datavault_processing_errors_total", error="SystemExit") == 1


def test_a_failure_keeps_its_message_hidden_until_the_next_try(bench: Bench) -> None:
    sqs.send_all(bench.queue, ["one"])
    tried: list[str] = []

    def process(body: str, _: Callable[[], float]) -> None:
        tried.append(body)
        raise ConnectionError

    bench.run(process, retry=300)

    assert (tried, bench.depth()) == (["one"], (0, 1))


class Slow:
    """Work that takes until it is let go."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self.left: list[float] = []

    def __call__(self, body: str, seconds_left: Callable[[], float]) -> None:
        self.begun.set()
        assert self.go.wait(30)
        self.left.append(seconds_left())


def start(worker: Worker) -> tuple[threading.Thread, list[bool]]:
    ended: list[bool] = []
    thread = threading.Thread(target=lambda: ended.append(worker.run()))
    thread.start()
    return thread, ended


def test_told_to_stop_it_finishes_the_object_in_work_and_takes_no_other(bench: Bench) -> None:
    sqs.send_all(bench.queue, ["one", "two"])
    slow = Slow()
    worker = bench.worker(slow, grace=30.0)
    thread, ended = start(worker)
    assert slow.begun.wait(30)

    worker.stop()
    slow.go.set()
    thread.join(30)

    assert (ended, bench.depth()) == ([True], (1, 0))
    # What the object may still take is what is left of the grace period.
    assert 0 < slow.left[0] <= 30


def test_when_the_grace_period_is_over_the_object_goes_back_at_once(bench: Bench) -> None:
    sqs.send_all(bench.queue, ["one"])
    slow = Slow()
    worker = bench.worker(slow, grace=0.0)
    thread, ended = start(worker)
    assert slow.begun.wait(30)

    worker.stop()
    thread.join(30)

    assert (ended, bench.depth()) == ([False], (1, 0))
    slow.go.set()


def test_a_message_that_comes_as_it_is_told_to_stop_is_not_begun(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    sqs.send_all(bench.queue, ["one"])
    worker, real = bench.worker(lambda *_: pytest.fail("begun")), sqs.receive

    def receive(*words: Any) -> sqs.Message | None:
        message = real(*words)
        worker.stop()
        return message

    monkeypatch.setattr(sqs, "receive", receive)

    assert worker.run()
    assert bench.depth() == (1, 0)


def test_a_second_signal_does_not_lengthen_the_grace_period(bench: Bench) -> None:
    worker = bench.worker(lambda *_: None)
    worker.stop()
    first = worker._stop_by
    worker.stop()
    assert worker._stop_by == first


def test_the_heartbeat_hides_the_message_as_long_as_its_object_is_in_work(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs.send_all(bench.queue, ["one"])
    hidden: list[int] = []
    monkeypatch.setattr(sqs, "hide", lambda url, message, seconds: hidden.append(seconds))

    bench.run(lambda *_: until(lambda: len(hidden) >= 3), beat=0.01)

    assert set(hidden) == {HIDDEN_SECONDS}
    after = len(hidden)
    bench.run(lambda *_: None)
    assert len(hidden) == after


def test_a_heartbeat_that_is_refused_does_not_end_the_work(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    sqs.send_all(bench.queue, ["one"])
    refusals: list[int] = []

    def refuse(*_: Any) -> None:
        refusals.append(1)
        raise refused("ChangeMessageVisibility")

    monkeypatch.setattr(sqs, "hide", refuse)

    assert bench.run(lambda *_: until(lambda: len(refusals) >= 2), beat=0.01)
    assert bench.depth() == (0, 0)


def test_a_queue_that_does_not_answer_is_asked_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([refused("ReceiveMessage"), None])
    worker = bench.worker(lambda *_: None)

    def receive(*_: Any) -> None:
        answer = next(answers)
        if answer:
            assert bench.health.why_not_ready() == "the queue has not answered"
            raise answer
        worker.stop()

    monkeypatch.setattr(sqs, "receive", receive)

    assert worker.run()
    assert list(answers) == []


@pytest.mark.parametrize("name", ["delete", "hide"])
def test_a_message_that_cannot_be_settled_does_not_end_the_worker(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    sqs.send_all(bench.queue, ["one"])

    def refuse(*_: Any) -> None:
        raise refused(name)

    def process(body: str, _: Callable[[], float]) -> None:
        if name == "hide":
            raise ValueError

    monkeypatch.setattr(sqs, name, refuse)

    assert bench.run(process)
    assert bench.depth() == (0, 1)
    client("sqs").purge_queue(QueueUrl=bench.queue)
