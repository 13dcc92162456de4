"""Random faults on the wire, drawn from a seed, for the soak."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from . import processes, proxy
from .proxy import Action, Answer, Exchange, Rule

# The share of requests that something happens to: enough that every retry is used, little enough that work goes on.
FAULTS_PER_REQUEST = 0.04


def _weighted(chance: random.Random, exchange: Exchange) -> tuple[str, Action]:
    """What happens to this request."""
    code = "SlowDown" if exchange.is_s3 else "ThrottlingException"
    choices: list[tuple[str, Action]] = [
        ("500", proxy.respond(500, "InternalError" if exchange.is_s3 else "InternalFailure")),
        ("throttled", proxy.respond(503 if exchange.is_s3 else 400, code)),
        ("reset before", proxy.reset_before),
        ("reset after", proxy.reset_after),
        ("slow", proxy.delay(chance.uniform(0.2, 3.0))),
    ]
    if exchange.operation == "PutRecords":
        picked = chance.randrange(1, 4)
        choices += [("some entries fail", proxy.some_records_fail(lambda place: place % picked == 0))] * 3
    return chance.choice(choices)


@dataclass
class Chaos:
    """Decides for each request. A process is killed about every `kill_seconds`; `spared` pids never are."""

    seed: int
    kill_seconds: float
    counts: Counter[str] = field(default_factory=Counter)
    spared: Callable[[], set[int]] = set
    is_on: bool = True

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._next_kill = time.monotonic() + self.kill_seconds
        self._chosen: dict[int, tuple[str, Action]] = {}

    @property
    def rule(self) -> Rule:
        return Rule("chaos", self._draw, self._act, times=1 << 62)

    def _draw(self, exchange: Exchange) -> bool:
        """Called under the proxy's lock, one request after another."""
        if not self.is_on:
            return False
        if time.monotonic() > self._next_kill and (pid := exchange.pid()) is not None and pid not in self.spared():
            self._next_kill = time.monotonic() + self._chance.expovariate(1 / self.kill_seconds)
            kill = self._chance.choice((proxy.kill_before, proxy.kill_after))
            self._chosen[id(exchange)] = ("SIGKILL", kill)
            return True
        if self._chance.random() < FAULTS_PER_REQUEST:
            self._chosen[id(exchange)] = _weighted(self._chance, exchange)
            return True
        return False

    def _act(self, exchange: Exchange) -> Answer | None:
        name, action = self._chosen.pop(id(exchange))
        self.counts[f"{exchange.function}: {name}"] += 1
        return action(exchange)


@dataclass
class Memory:
    """Samples of the functions' resident memory, and whether it stays flat.

    The rule: of each process that was watched long enough, the first fifth of the samples is left out (it warms up);
    then the median of the last third may be a quarter and 16 MiB above the median of the first third. A leak of 100 KiB
    an object passes that within an hour; what malloc keeps after a large object does not.
    """

    endpoints: dict[str, str]  # function by the endpoint that it calls
    samples: dict[tuple[str, int], list[int]] = field(default_factory=dict)

    MIN_SAMPLES = 30
    FACTOR = 1.25
    SLACK_BYTES = 16 * 1024 * 1024

    def sample(self) -> None:
        for process in processes.function_processes():
            if function := self.endpoints.get(process.owner):
                self.samples.setdefault((function, process.pid), []).append(processes.rss_bytes(process.pid))

    def oldest(self) -> set[int]:
        """The process of each function that has lived longest, of those that live."""
        living = {process.pid for process in processes.function_processes() if process.owner in self.endpoints}
        best: dict[str, tuple[int, int]] = {}
        for (function, pid), found in self.samples.items():
            if pid in living:
                best[function] = max(best.get(function, (0, 0)), (len(found), pid))
        return {pid for _, pid in best.values()}

    def judged(self) -> list[tuple[str, int, int, int, int, bool]]:
        """Function, pid, samples, early and late median in bytes, flat or not; of each process watched long enough."""
        rows = []
        for (function, pid), found in sorted(self.samples.items()):
            settled = [size for size in found[len(found) // 5 :] if size]
            if len(settled) < self.MIN_SAMPLES:
                continue
            third = len(settled) // 3
            early, late = _median(settled[:third]), _median(settled[-third:])
            rows.append((function, pid, len(found), early, late, late <= early * self.FACTOR + self.SLACK_BYTES))
        return rows


def _median(values: list[int]) -> int:
    return sorted(values)[len(values) // 2]
