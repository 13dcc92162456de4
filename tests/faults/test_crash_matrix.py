"""The crash matrix: each function is killed before and after each of its AWS calls, and nothing is lost or doubled."""

import pytest

from .bench import Bench
from .functions import STAGES
from .injector import Call, Fault, at, kill_after, kill_before, nth
from .scenarios import BAD_RECORDS, CHUNKS, MERGE, TWO_DATASETS, Scenario

# What a second attempt does that a first one does not: it finds what the first one left. So the first attempt of each
# function is killed where it has left the most, and the second at each of its calls.
LEAVES_THE_MOST = {
    "processor": ("PutObject", "receipts"),
    "enrichment": ("PutObject", "data"),
    "loader": ("GetStatementResult", ""),
}


def crash(bench: Bench, suite: str, scenario: Scenario, call: Call, moment: str, *earlier: Fault) -> None:
    kill = {"before": kill_before, "after": kill_after}[moment](bench.injector)
    fault = Fault(f"killed {moment}", at(call), around=kill)
    bench.run(suite, scenario, call.function, str(call), fault.name, [*earlier, fault])


def first_death(bench: Bench, function: str) -> Fault:
    operation, place = LEAVES_THE_MOST[function]
    moment = kill_before if function == "processor" else kill_after
    return Fault("killed", nth(function, operation, place), around=moment(bench.injector))


@pytest.mark.parametrize("function", STAGES)
@pytest.mark.parametrize("scenario", [BAD_RECORDS, CHUNKS, MERGE, TWO_DATASETS], ids=lambda scenario: scenario.name)
def test_a_function_killed_at_any_of_its_calls_loses_and_doubles_nothing(
    bench: Bench, scenario: Scenario, function: str
) -> None:
    tried = len(bench.points)
    calls = [call for call in bench.dry(scenario) if call.function == function]
    for call in calls:
        for moment in ("before", "after"):
            crash(bench, "killed once", scenario, call, moment)

    assert len(bench.points) > tried
    assert [point for point in bench.points[tried:] if not point.is_good] == []


@pytest.mark.parametrize("function", STAGES)
def test_a_function_killed_again_at_any_call_of_its_second_attempt_loses_and_doubles_nothing(
    bench: Bench, function: str
) -> None:
    tried = len(bench.points)
    calls = [call for call in bench.dry(CHUNKS, first_death(bench, function)) if call.function == function]
    death = first_death(bench, function)
    second = calls[next(place for place, call in enumerate(calls) if death.at(call)) + 1 :]
    for call in second:
        for moment in ("before", "after"):
            crash(bench, "killed twice", CHUNKS, call, moment, first_death(bench, function))

    assert len(bench.points) > tried
    assert [point for point in bench.points[tried:] if not point.is_good] == []
