"""A queue with its dead-letter queue in memory, and a worker that is told to stop when the queue is empty."""

import json
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from datavault.edges import sqs
from datavault.edges.clients import client
from datavault.worker.consumer import Process, Times, Worker
from datavault.worker.health import Health
from datavault.worker.metrics import Metrics

# A try ends at once, and comes again at once.
QUICK = Times(poll=0, pause=0.0, retry=0, grace=30.0, beat=30.0)


@pytest.fixture
def dead_letters(s3: Any) -> str:
    return str(client("sqs").create_queue(QueueName="large-objects-dlq")["QueueUrl"])


@pytest.fixture
def queue(dead_letters: str) -> str:
    arn = client("sqs").get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])
    redrive = json.dumps({"deadLetterTargetArn": arn["Attributes"]["QueueArn"], "maxReceiveCount": "3"})
    found = client("sqs").create_queue(QueueName="large-objects", Attributes={"RedrivePolicy": redrive})
    return str(found["QueueUrl"])


class Bench:
    """A worker over the queue, and what it shows."""

    def __init__(self, queue: str) -> None:
        self.queue, self.metrics, self.health = queue, Metrics(), Health()

    def worker(self, process: Process, **times: Any) -> Worker:
        self.health = Health()
        settings = msgspec.structs.replace(QUICK, **times)
        return Worker(self.queue, process, self.metrics, self.health, settings)

    def run(self, process: Process, **times: Any) -> bool:
        """Work until nothing can be received any more."""
        worker = self.worker(process, **times)
        real = worker._poll

        def poll() -> sqs.Message | None:
            if (message := real()) is None:
                worker.stop()
            return message

        worker._poll = poll  # type: ignore[method-assign]
        return worker.run()

    def depth(self) -> tuple[int, int]:
        return sqs.depth(self.queue)

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


@pytest.fixture
def bench(queue: str) -> Bench:
    return Bench(queue)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.01)
