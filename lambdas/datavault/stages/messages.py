"""The processor's work on one message with S3 events, as the function and the worker both do it.

The one difference is size: the function hands large objects over to the worker's queue, the worker takes what it gets.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from ..edges import sqs
from ..edges.events import S3ObjectEvent, created_objects
from .processor import Outcome


class Large(msgspec.Struct, frozen=True):
    """Where the messages of objects go that have this many bytes or more, as stored."""

    queue_url: str
    threshold_bytes: int


def hand_over(body: str, large: Large, started: Callable[[str], None]) -> bool:
    """Send the message to the worker's queue, as it is, if it tells of a large object; tells `started` its id.

    Of a message with several objects (S3 sends one) all go: what is done twice has the same result.
    """
    found = [created for created in created_objects(body) if created.size >= large.threshold_bytes]
    if not found:
        return False
    started(found[0].raw.id)
    sqs.send_all(large.queue_url, [body])
    return True


def process_message(body: str, held_queue: str, process: Callable[[S3ObjectEvent], Outcome]) -> None:
    """Process each object of a message. One of a paused dataset goes to the held queue as it is, and is done here."""
    outcomes = [process(created) for created in created_objects(body)]
    if any(outcome.is_held for outcome in outcomes):
        sqs.send_all(held_queue, [body])


class _Logger(Protocol):
    """What Powertools' logger and the standard library's have in common."""

    def info(self, msg: str, *, extra: Mapping[str, Any] | None = None) -> None: ...
    def warning(self, msg: str, *, extra: Mapping[str, Any] | None = None) -> None: ...


def log_outcome(logger: _Logger, outcome: Outcome) -> None:
    """Log what became of an object. The logger has its id; keys may hold personal data."""
    if outcome.receipt is None:
        logger.info("held: the dataset is paused" if outcome.is_held else "already processed")
        return
    about = {"dataset": outcome.receipt.dataset, "reasons": outcome.receipt.reasons, "conflicts": outcome.conflicts}
    logger.info("processed", extra=about | outcome.counts)
    if outcome.pause:
        logger.warning("paused: too many bad records", extra={"pause": msgspec.to_builtins(outcome.pause)})
