"""The heartbeat: keeps a message from others while its object is worked on, however long that takes."""

import logging
import threading
from types import TracebackType
from typing import Self

from botocore.exceptions import BotoCoreError, ClientError

from ..edges import sqs
from .health import Health

NAME = "heartbeat"
# A worker that dies holds its message back for so long. Four beats: three may fail without anybody else beginning the
# object, too, which would be work done twice and no harm.
HIDDEN_SECONDS = 120
BEAT_SECONDS = 30.0

logger = logging.getLogger(__name__)


class Heartbeat:
    """As a context: hides the message again and again, from a thread. Once left, it never hides it again."""

    def __init__(
        self, queue_url: str, message: sqs.Message, health: Health, beat_seconds: float = BEAT_SECONDS
    ) -> None:
        self._queue_url, self._message, self._health = queue_url, message, health
        self._beat_seconds = beat_seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=NAME, daemon=True)

    def __enter__(self) -> Self:
        self._health.beat(NAME)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._health.end(NAME)

    def _run(self) -> None:
        while not self._over.wait(self._beat_seconds):
            try:
                sqs.hide(self._queue_url, self._message, HIDDEN_SECONDS)
            except (BotoCoreError, ClientError):
                # The object is finished all the same: what another worker begins meanwhile gives the same bytes.
                logger.warning("the message could not be hidden; another worker may take it", exc_info=True)
            self._health.beat(NAME)
