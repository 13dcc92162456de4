"""The score of mutation testing, and that a bad one fails."""

import pytest

from tests.mutation.score import judge

NONE = dict.fromkeys(("killed", "timeout", "segfault", "survived", "no_tests", "suspicious", "skipped"), 0)


@pytest.mark.parametrize(("killed", "good"), [(90, True), (89, False)])
def test_a_score_below_the_limit_fails(killed: int, good: bool) -> None:
    found = judge(NONE | {"killed": killed, "survived": 100 - killed}, 90)
    assert found == (good, f"mutation: {killed} of 100 mutants were seen: {killed}.0 %, and the limit is 90 %")


def test_a_mutant_without_a_test_counts_as_one_that_nobody_saw() -> None:
    assert judge(NONE | {"killed": 1, "timeout": 1, "no_tests": 1, "suspicious": 1, "skipped": 9}, 50) == (
        True,
        "mutation: 2 of 4 mutants were seen: 50.0 %, and the limit is 50 %",
    )


def test_a_run_that_tried_nothing_fails() -> None:
    assert judge(NONE, 0)[0] is False


def test_a_run_that_was_interrupted_has_no_score() -> None:
    assert judge(NONE | {"killed": 100, "check_was_interrupted_by_user": 1}, 50)[0] is False
