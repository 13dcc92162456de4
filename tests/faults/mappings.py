"""The event source mappings of a deployed stack and the queues in front of them, set for a test and put back."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from datavault.cli.context import Stack
from datavault.cli.rollout import ALIAS


def switch_mappings(aws: Callable[[str], Any], stack: Stack, *, on: bool) -> None:
    """Turn the event source mappings of all functions on or off, and wait until they are."""
    functions = aws("lambda")
    mappings = [
        mapping["UUID"]
        for name in stack.functions.values()
        for mapping in functions.list_event_source_mappings(FunctionName=f"{name}:{ALIAS}")["EventSourceMappings"]
    ]
    for uuid in mappings:
        functions.update_event_source_mapping(UUID=uuid, Enabled=on)
    end = time.monotonic() + 60
    wanted = "Enabled" if on else "Disabled"
    while any(functions.get_event_source_mapping(UUID=uuid)["State"] != wanted for uuid in mappings):
        if time.monotonic() > end:
            raise TimeoutError(f"the event source mappings are not {wanted}")
        time.sleep(0.1)


@contextmanager
def quick_queues(sqs: Any, stack: Stack, seconds: int = 5) -> Iterator[None]:
    """Messages that nobody acknowledges come back in seconds instead of six minutes; afterwards as Terraform has it.

    A poller that was just switched off may still take a message and keep it.
    """
    names = ["VisibilityTimeout", "ReceiveMessageWaitTimeSeconds"]
    urls = (stack.raw_queue_url, stack.parquet_queue_url)
    before = {url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"] for url in urls}
    try:
        for url in urls:
            quick = {"VisibilityTimeout": str(seconds), "ReceiveMessageWaitTimeSeconds": "1"}
            sqs.set_queue_attributes(QueueUrl=url, Attributes=quick)
        yield
    finally:
        for url, attributes in before.items():
            sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)


@contextmanager
def restarted_mappings(aws: Callable[[str], Any], stack: Stack) -> Iterator[None]:
    """The mappings begin anew, so that their pollers know the queues' present settings."""
    switch_mappings(aws, stack, on=False)
    wait_for_pollers(aws("sqs"), [stack.raw_queue_url, stack.parquet_queue_url])
    switch_mappings(aws, stack, on=True)
    yield


def wait_for_pollers(sqs: Any, urls: Sequence[str]) -> None:
    """Wait until nobody polls the queues.

    LocalStack calls a mapping disabled while its poller still waits, for 20 s, for a message that it then takes.
    So each queue is given a message that means nothing (S3's test event) until one stays.
    """
    body = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})
    end = time.monotonic() + 90
    waiting = list(urls)
    while waiting:
        for url in waiting:
            sqs.send_message(QueueUrl=url, MessageBody=body)
        time.sleep(3)  # longer than the loader's window of 2 s, in which a poller gathers messages
        for url in list(waiting):
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0).get(
                "Messages", []
            ):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                waiting = [other for other in waiting if other != url]
        if time.monotonic() > end:
            raise TimeoutError(f"somebody still polls {waiting}")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    while any(
        int(count)
        for url in urls
        for count in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()
    ):
        if time.monotonic() > end:
            raise TimeoutError("the queues do not run empty")
        time.sleep(0.2)


@contextmanager
def mappings_off(aws: Callable[[str], Any], stack: Stack) -> Iterator[None]:
    """Nobody but the caller takes messages and chunks."""
    with quick_queues(aws("sqs"), stack):
        switch_mappings(aws, stack, on=False)
        try:
            urls = [stack.raw_queue_url, stack.parquet_queue_url]
            wait_for_pollers(aws("sqs"), urls)
            for url in urls:  # nobody takes messages any more but the caller, who puts them back by himself
                aws("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "300"})
            yield
        finally:
            switch_mappings(aws, stack, on=True)
