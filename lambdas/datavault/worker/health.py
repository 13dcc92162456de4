"""Whether the worker lives, and whether it takes messages: what Kubernetes asks."""

import time
from collections.abc import Callable

# The longest that a call may take by itself: botocore tries five times, 35 s each, with up to 20 s between two tries. A
# loop or a heartbeat that shows no sign for longer hangs, and only a new process helps. A queue that does not answer is
# no reason: a new process would not reach it either.
STUCK_SECONDS = 300.0
# Three polls of an empty queue and a little.
READY_SECONDS = 40.0


class Health:
    """Signs of life by name, and the last poll that was answered."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._beats: dict[str, float] = {}
        self._polled: float | None = None
        self.is_stopping = False

    def beat(self, name: str) -> None:
        self._beats[name] = self._clock()

    def end(self, name: str) -> None:
        """What ends by itself need show no further signs."""
        self._beats.pop(name, None)

    def polled(self) -> None:
        self._polled = self._clock()

    def stuck(self) -> list[str]:
        """What has shown no sign of life for too long."""
        oldest = self._clock() - STUCK_SECONDS
        return sorted(name for name, beat in self._beats.copy().items() if beat < oldest)

    def why_not_ready(self) -> str:
        """Why no message would be taken now; empty if one would, or one is in work."""
        if self.is_stopping:
            return "told to stop"
        if self._polled is None or ("heartbeat" not in self._beats and self._clock() - self._polled > READY_SECONDS):
            return "the queue has not answered"
        return ""
