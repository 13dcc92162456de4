"""The deployed functions, killed by SIGKILL in the middle of their calls, and brought back by the real deliveries.

A representative part of what `test_crash_matrix` does at every call: here the process, its death, the queues' and the
stream's redelivery are real.
"""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from datavault.cli.context import Context

from . import proxy
from .books import Books
from .functions import Functions
from .injector import Injector
from .live import through_proxy, wait_for_books
from .mappings import quick_queues, restarted_mappings
from .pipeline import Pipeline
from .proxy import Action, Exchange, FaultProxy, Rule
from .report import Point
from .scenarios import flights

# Twice what a killed function needs to come back, on a machine with other work.
SECONDS = 90.0
WARM_UP_SECONDS = 300.0
# Longer than an attempt takes: a message that comes back while its first attempt still runs would prove less.
VISIBILITY_SECONDS = 8
_numbers = itertools.count(1)

KILLS = [
    ("processor", "GetObject", "", proxy.kill_after),
    ("processor", "PutObject", "claims", proxy.kill_after),
    ("processor", "PutRecords", "", proxy.kill_before),
    ("processor", "PutRecords", "", proxy.kill_after),
    ("processor", "PutObject", "quarantine", proxy.kill_after),
    ("processor", "PutObject", "receipts", proxy.kill_before),
    ("processor", "PutObject", "receipts", proxy.kill_after),
    ("enrichment", "PutObject", "data", proxy.kill_before),
    ("enrichment", "PutObject", "data", proxy.kill_after),
    ("loader", "PutObject", "manifests", proxy.kill_after),
    ("loader", "BatchExecuteStatement", "", proxy.kill_before),
    ("loader", "BatchExecuteStatement", "", proxy.kill_after),
    ("loader", "GetStatementResult", "", proxy.kill_before),
    ("loader", "GetStatementResult", "", proxy.kill_after),
]
WIRE_FAULTS: list[tuple[str, str, str, str, Action, int]] = [
    ("some records throttled", "processor", "PutRecords", "", proxy.some_records_fail(lambda _: True), 2),
    ("connection reset after it took effect", "processor", "PutRecords", "", proxy.reset_after, 1),
    ("503 SlowDown", "enrichment", "PutObject", "data", proxy.respond(503, "SlowDown"), 2),
    ("connection reset after it took effect", "loader", "BatchExecuteStatement", "", proxy.reset_after, 1),
]


class Live:
    """The deployed pipeline behind the proxy."""

    def __init__(self, run: Context, aws: Callable[[str], Any], faults: FaultProxy, books: Books, pipeline: Pipeline):
        self.run, self.aws, self.faults, self.books, self.pipeline = run, aws, faults, books, pipeline

    def warm_up(self) -> None:
        """One object without a fault: the functions have started, and the mapping has read what is in the stream."""
        content = flights(5)
        raw = self.pipeline.put("flights/sigkill/warm-up.ndjson", content.body)
        verdict = wait_for_books(self.books, [(raw, content)], WARM_UP_SECONDS)
        if not verdict.is_good:
            raise AssertionError(f"nothing gets through without a fault: {verdict}")

    def attempt(
        self, points: list[Point], *, name: str, function: str, operation: str, place: str, rule: Rule
    ) -> Point:
        content = flights(40, bad=True)
        self.faults.use(rule)
        raw = self.pipeline.put(f"flights/sigkill/{next(_numbers):04}.ndjson", content.body)
        verdict = wait_for_books(self.books, [(raw, content)], SECONDS)
        self.faults.use()
        if not rule.hits:
            verdict.findings.append("the fault was never reached")
        verdict.findings += self.faults.errors
        self.faults.errors.clear()
        outcome = "ok" if verdict.is_good else f"FAILED: {'; '.join(verdict.findings)}"[:600]
        call = f"{operation} {place}".strip()
        point = Point("SIGKILL and wire", "bad records", function, call, name, 0, rule.hits, verdict.rows,
                      verdict.lost, verdict.duplicated, verdict.is_balanced, outcome)  # fmt: skip
        points.append(point)
        return point


@pytest.fixture(scope="module")
def live(
    run: Context, aws: Callable[[str], Any], injector: Injector, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    folder: Path = tmp_path_factory.mktemp("live")
    functions = Functions(aws("lambda"), run.stack.functions, injector, folder)
    pipeline = Pipeline(run.stack, aws, functions)
    with (
        quick_queues(aws("sqs"), run.stack, VISIBILITY_SECONDS),
        through_proxy(aws, run.stack) as faults,
        restarted_mappings(aws, run.stack),
    ):
        live = Live(run, aws, faults, Books(run.stack, aws, pipeline), pipeline)
        live.warm_up()
        yield live


def at(function: str, operation: str, place: str) -> Callable[[Exchange], bool]:
    return lambda exchange: (
        (exchange.function, exchange.operation) == (function, operation) and exchange.key.startswith(place)
    )


@pytest.mark.parametrize(("function", "operation", "place", "kill"), KILLS)
def test_a_function_that_is_really_killed_loses_and_doubles_nothing(
    *, live: Live, points: list[Point], function: str, operation: str, place: str, kill: Action
) -> None:
    name = "SIGKILL before" if kill is proxy.kill_before else "SIGKILL after"
    rule = Rule(name, at(function, operation, place), kill)

    point = live.attempt(points, name=name, function=function, operation=operation, place=place, rule=rule)

    assert point.is_good, point


@pytest.mark.parametrize(("name", "function", "operation", "place", "action", "times"), WIRE_FAULTS)
def test_a_fault_on_the_wire_loses_and_doubles_nothing(
    *,
    live: Live,
    points: list[Point],
    name: str,
    function: str,
    operation: str,
    place: str,
    action: Action,
    times: int,
) -> None:
    rule = Rule(name, at(function, operation, place), action, times)

    point = live.attempt(points, name=name, function=function, operation=operation, place=place, rule=rule)

    assert point.is_good, point
