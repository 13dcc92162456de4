"""The short form of the fault tests (tests/faults/): some of the points at which a function may die."""

from collections.abc import Iterator

import pytest

from datavault.cli.context import Context

from ..faults.bench import Bench, clients
from ..faults.injector import Around, Fault, Injector, installed, kill_after, kill_before, nth
from ..faults.mappings import mappings_off
from ..faults.report import Point
from ..faults.scenarios import CHUNKS


@pytest.fixture(scope="module")
def points() -> list[Point]:
    return []


@pytest.fixture(scope="module")
def bench(run: Context, points: list[Point], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    aws = clients(run.stack)
    with installed() as injector, mappings_off(aws, run.stack):
        yield Bench(run.stack, aws, injector, points, tmp_path_factory.mktemp("faults"))


def killed(injector: Injector, moment: str) -> Around:
    return kill_before(injector) if moment == "before" else kill_after(injector)


@pytest.mark.parametrize(
    ("function", "operation", "place", "moment"),
    [
        ("processor", "PutObject", "claims", "after"),
        ("processor", "PutRecords", "", "after"),
        ("processor", "PutObject", "receipts", "before"),
        ("enrichment", "PutObject", "data", "after"),
        ("loader", "BatchExecuteStatement", "", "after"),
        ("loader", "GetStatementResult", "", "before"),
    ],
)
def test_a_function_that_dies_loses_and_doubles_nothing(
    bench: Bench, function: str, operation: str, place: str, moment: str
) -> None:
    fault = Fault("killed", nth(function, operation, place), around=killed(bench.injector, moment))

    verdict = bench.run("short form", CHUNKS, function, operation, moment, [fault])

    assert verdict.is_good, verdict
