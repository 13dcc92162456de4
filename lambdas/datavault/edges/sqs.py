"""SQS: send messages, and try again only those that failed; receive one; move dead letters back."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import batched
from typing import Any

import msgspec

from .clients import client

# SendMessageBatch, ReceiveMessage and DeleteMessageBatch take 10 (SQS API Reference).
_BATCH = 10
_ATTEMPTS = 6
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.2, 5.0
# While a letter is on its way nobody else sees it; after a crash it shows again.
_HIDDEN_SECONDS = 120


class QueueError(Exception):
    """The queue did not take every message; `taken` says how many it took."""

    def __init__(self, message: str, taken: int) -> None:
        super().__init__(message)
        self.taken = taken


def send_all(url: str, bodies: Iterable[str], sent: Callable[[int], None] = lambda _: None) -> int:
    """Send the bodies, telling `sent` of each batch; how many there were.

    Raises
    ------
    QueueError
        Some were refused at every attempt.
    """
    total = 0
    for some in batched(bodies, _BATCH, strict=False):
        refused = _send(url, some)
        total += len(some) - len(refused)
        sent(len(some) - len(refused))
        if refused:
            raise QueueError(f"the queue refused {len(refused)} messages: {', '.join(sorted(refused.values()))}", total)
    return total


def _send(url: str, bodies: Iterable[str]) -> dict[str, str]:
    """Send up to ten; the position and the code of each that was refused to the last."""
    waiting = {str(position): body for position, body in enumerate(bodies)}
    pause, refused = _FIRST_PAUSE_SECONDS, dict[str, str]()
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(random.uniform(pause / 2, pause))  # noqa: S311  jitter
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        entries = [{"Id": name, "MessageBody": body} for name, body in waiting.items()]
        answer = client("sqs").send_message_batch(QueueUrl=url, Entries=entries)
        refused = {entry["Id"]: entry["Code"] for entry in answer.get("Failed", [])}
        waiting = {name: body for name, body in waiting.items() if name in refused}
        if not waiting:
            break
    return refused


class Message(msgspec.Struct, frozen=True):
    """A message that this process has received. `receives` counts how often it was handed out, this time included."""

    body: str
    handle: str
    receives: int


def receive(url: str, hidden_seconds: int, wait_seconds: int) -> Message | None:
    """The next message, hidden from others for a time; None if none comes."""
    answer = client("sqs").receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=1,
        VisibilityTimeout=hidden_seconds,
        WaitTimeSeconds=wait_seconds,
        MessageSystemAttributeNames=["ApproximateReceiveCount"],
    )
    for found in answer.get("Messages", []):
        return Message(found["Body"], found["ReceiptHandle"], int(found["Attributes"]["ApproximateReceiveCount"]))
    return None


def hide(url: str, message: Message, seconds: int) -> None:
    """Keep a received message from others for so long from now; 0 gives it back at once."""
    client("sqs").change_message_visibility(QueueUrl=url, ReceiptHandle=message.handle, VisibilityTimeout=seconds)


def delete(url: str, message: Message) -> None:
    client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message.handle)


def depth(url: str) -> tuple[int, int]:
    """Messages that wait, and messages that somebody works on; both are approximate."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return int(found[names[0]]), int(found[names[1]])


def move_all(source: str, target: str, moved: Callable[[int], None] = lambda _: None) -> int:
    """Move the messages of a dead-letter queue to another queue; how many there were.

    Sent first, deleted after: a crash between the two sends a message twice, which every consumer here allows.
    StartMessageMoveTask would do the same on AWS alone; the local cloud's fails.

    Raises
    ------
    QueueError
        Some were refused at every attempt. They stay where they are.
    """
    return move_some(source, target, lambda _: True, moved)[0]


def move_some(
    source: str, target: str, is_wanted: Callable[[str], bool], moved: Callable[[int], None] = lambda _: None
) -> tuple[int, int]:
    """As `move_all`, for the messages whose body is wanted: how many there were, and how many others, which stay."""
    total, others = 0, list[dict[str, Any]]()
    for received in _received(source):
        messages = [message for message in received if is_wanted(message["Body"])]
        others += [message for message in received if message not in messages]
        refused = _send(target, [message["Body"] for message in messages]) if messages else {}
        gone = [message for position, message in enumerate(messages) if str(position) not in refused]
        if gone:
            client("sqs").delete_message_batch(QueueUrl=source, Entries=_entries(gone))
        total += len(gone)
        moved(len(gone))
        if refused:
            raise QueueError(f"the queue refused {len(refused)} messages: {', '.join(sorted(refused.values()))}", total)
    for some in batched(others, _BATCH, strict=False):
        # Seen by others at once, not when they would show by themselves.
        entries = [entry | {"VisibilityTimeout": 0} for entry in _entries(some)]
        client("sqs").change_message_visibility_batch(QueueUrl=source, Entries=entries)
    return total, len(others)


def _entries(messages: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]} for number, message in enumerate(messages)]


def _received(url: str) -> Iterator[list[dict[str, Any]]]:
    """The messages that are there, in batches, until none comes in two seconds."""
    while messages := (
        client("sqs")
        .receive_message(QueueUrl=url, MaxNumberOfMessages=_BATCH, VisibilityTimeout=_HIDDEN_SECONDS, WaitTimeSeconds=2)
        .get("Messages")
    ):
        yield messages
