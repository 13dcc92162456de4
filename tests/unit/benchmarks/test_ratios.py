"""What the benchmark computes from what it measured."""

import pytest

from tests.benchmarks.datasets import Input
from tests.benchmarks.measured import Measured
from tests.benchmarks.outcome import Outcome
from tests.benchmarks.runner import Case, Result, ratio
from tests.benchmarks.suite import CHECK_CASES, CHECKED, MEASURES


def result(name: str, *cpu: float, records: int = 100, rejects: int = 0, peak: int = 0) -> Result:
    outcome = Outcome(records=records, rejects=rejects, stream_bytes=10)
    return Result(Case(name, "core", Input("flights")), [Measured(seconds, seconds, peak, outcome) for seconds in cpu])


def test_a_ratio_is_the_median_of_the_rounds_ratios_not_the_ratio_of_medians() -> None:
    # A slow minute of the machine meets both of a round.
    assert ratio(result("a", 2.0, 20.0, 2.0), result("b", 1.0, 10.0, 1.0)) == pytest.approx(2.0)


def test_contenders_with_other_numbers_of_records_are_compared_per_record_rejects_included() -> None:
    assert ratio(result("a", 1.0, records=90, rejects=10), result("b", 1.0, records=1_000)) == pytest.approx(10.0)


def test_a_contender_with_fewer_rounds_stands_with_its_last_one() -> None:
    assert ratio(result("a", 2.0, 2.0, 2.0), result("b", 4.0)) == pytest.approx(0.5)


def test_time_of_a_record_and_its_spread() -> None:
    found = result("a", 1.0, 2.0, 3.0, records=1_000_000)
    assert found.microseconds == pytest.approx(2.0)
    assert found.spread == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("value", "unit", "text"), [(2.6, "ratio", "2.60 : 1"), (0.125, "ratio", "1 : 8.0"), (64, "MB", "64 MB")]
)
def test_a_figure_is_written_as_the_promise_is(value: float, unit: str, text: str) -> None:
    measure = next(measure for measure in MEASURES if measure.unit == unit)
    assert measure.text(value) == text


def test_what_is_hoped_for_is_never_worse_than_what_is_required() -> None:
    assert [measure.name for measure in MEASURES if measure.hoped > measure.required] == []


def test_the_check_runs_every_case_that_its_measures_need() -> None:
    results = {case.name: result(case.name, 1.0, peak=10**6) for case in CHECK_CASES}
    needed = [measure for measure in CHECKED if "stream" not in measure.name]
    assert [measure.of(results) for measure in needed] == [1.0] * len(needed)
    assert "bytes on the stream / raw NDJSON" in {measure.name for measure in CHECKED}
