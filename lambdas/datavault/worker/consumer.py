"""The worker's loop: a message, its objects, the next message.

A message is deleted once its objects have their receipts. It goes back to the queue if that fails, or if the worker is
told to stop and the grace period is over; after its last try SQS moves it to the dead-letter queue, which has an alarm.
Whatever ends a worker at whatever moment, another one finishes the object with the same bytes (docs/architecture.md).
"""

import logging
import math
import threading
import time
from collections.abc import Callable

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from ..edges import sqs
from . import log
from .health import Health
from .heartbeat import BEAT_SECONDS, HIDDEN_SECONDS, Heartbeat
from .metrics import Metrics

# Processes what a message tells of; asked for, the second says how many seconds are left for it.
type Process = Callable[[str, Callable[[], float]], None]

# How often the loop looks whether it is told to stop.
_TICK_SECONDS = 0.2

logger = logging.getLogger(__name__)


class Times(msgspec.Struct, frozen=True):
    """In seconds."""

    # Long polling; a stop waits for it. SQS allows 20.
    poll: int = 10
    # After a poll that failed: the queue cannot be reached, or not be read.
    pause: float = 5.0
    # Until the next try of what failed: time for what it failed of to pass. Five tries take 20 minutes.
    retry: int = 300
    # For the object in work when the worker is told to stop. Kubernetes kills after 120 (k8s/base).
    grace: float = 100.0
    # For an object: SQS hides a message for twelve hours at most, however often it is asked to.
    longest: float = 11.5 * 3600
    beat: float = BEAT_SECONDS


class Worker:
    """Reads a queue until it is told to stop."""

    def __init__(
        self, queue_url: str, process: Process, metrics: Metrics, health: Health, times: Times | None = None
    ) -> None:
        self._queue_url, self._process = queue_url, process
        self._metrics, self._health = metrics, health
        self._times = times or Times()
        self._stop_by = math.inf

    def stop(self) -> None:
        """Take no further message. For a signal handler, and so without a lock."""
        if not self._health.is_stopping:
            self._stop_by = time.monotonic() + self._times.grace
            self._health.is_stopping = True

    def run(self) -> bool:
        """Work until told to stop; whether nothing was left undone."""
        while not self._health.is_stopping:
            self._health.beat("loop")
            if (message := self._poll()) and not self._work(message):
                return False
        return True

    def _poll(self) -> sqs.Message | None:
        try:
            message = sqs.receive(self._queue_url, HIDDEN_SECONDS, self._times.poll)
        except (BotoCoreError, ClientError):
            logger.exception("the queue does not answer; trying again")
            until = time.monotonic() + self._times.pause
            while time.monotonic() < until and not self._health.is_stopping:
                time.sleep(_TICK_SECONDS)
            return None
        self._health.polled()
        self._metrics.polled.set_to_current_time()
        if message and self._health.is_stopping:
            self._give_back(message, 0)
            return None
        return message

    def _work(self, message: sqs.Message) -> bool:
        """Process a message in a thread of its own, so that this one can give it back; whether the thread ended."""
        attempt = _Attempt(self._process, message, time.monotonic() + self._times.longest, lambda: self._stop_by)
        with Heartbeat(self._queue_url, message, self._health, self._times.beat):
            attempt.start()
            while attempt.is_alive() and time.monotonic() < self._stop_by:
                attempt.join(_TICK_SECONDS)
                self._health.beat("loop")
        # The heartbeat is over: nothing hides the message again.
        if attempt.is_alive():
            logger.warning("the grace period is over; the object goes back to the queue unfinished")
            self._give_back(message, 0)
            return False
        if attempt.error:
            self._metrics.errors.labels(type(attempt.error).__name__).inc()
            self._give_back(message, 0 if self._health.is_stopping else self._times.retry)
        else:
            self._delete(message)
        return True

    def _give_back(self, message: sqs.Message, seconds: int) -> None:
        try:
            sqs.hide(self._queue_url, message, seconds)
        except (BotoCoreError, ClientError):
            logger.warning("the message could not be given back; it shows again by itself", exc_info=True)

    def _delete(self, message: sqs.Message) -> None:
        try:
            sqs.delete(self._queue_url, message)
        except (BotoCoreError, ClientError):
            logger.warning("the message could not be deleted; it comes again, to no effect", exc_info=True)


class _Attempt(threading.Thread):
    """One try of one message. A daemon: the process may end without it."""

    def __init__(self, process: Process, message: sqs.Message, end: float, stop_by: Callable[[], float]) -> None:
        super().__init__(name="attempt", daemon=True)
        self._process, self._message = process, message
        self._end, self._stop_by = end, stop_by
        self.error: BaseException | None = None

    def run(self) -> None:
        log.object_id.set(None)  # known once the object is open
        try:
            self._process(self._message.body, lambda: min(self._end, self._stop_by()) - time.monotonic())
        except (
            BaseException
        ) as error:  # whatever ends this thread must not pass for success: the message would be deleted
            self.error = error
            logger.exception("failed; the message goes back to the queue", extra={"tries": self._message.receives})
