"""What another contract would have made of an object: compared with the truth, line by line."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from datavault.contract import Field
from datavault.quarantine import QuarantineEntry
from datavault.reasons import Reason
from datavault.replay import runs_of
from datavault.whatif import MOVED, Difference, compare

from .support import make_contract, process


def entry(line: int, reason: Reason = Reason.WRONG_TYPE, *, rest: bool = False) -> QuarantineEntry:
    return QuarantineEntry(line, reason, "f", rest=rest)


LINES = st.lists(st.booleans(), min_size=8, max_size=30)
ENDS = st.none() | st.integers(1, 8)


def outcome(verdicts: list[bool], end: int | None) -> tuple[list[int], list[QuarantineEntry]]:
    """Valid lines and entries, where from the line `end` on nothing could be told apart."""
    lines = range(1, len(verdicts) + 1) if end is None else range(1, min(end, len(verdicts) + 1))
    valid = [line for line in lines if verdicts[line - 1]]
    bad = [entry(line) for line in lines if not verdicts[line - 1]]
    return valid, bad + ([] if end is None or end > len(verdicts) else [entry(end, Reason.CORRUPT_STREAM, rest=True)])


@given(LINES, st.lists(st.booleans(), min_size=30, max_size=30), ENDS, ENDS)
def test_the_counts_are_those_of_the_sets(
    was: list[bool], now: list[bool], was_end: int | None, now_end: int | None
) -> None:
    was_valid, was_entries = outcome(was, was_end)
    is_valid, is_entries = outcome(now[: len(was)], now_end)

    found = compare(len(was_valid), was_entries, runs_of(is_valid), is_entries)

    assert found.fails.total() == len(set(was_valid) - set(is_valid))
    assert found.passes.total() == len(set(is_valid) - set(was_valid))
    assert found.fails.keys() == found.failing.keys()
    assert found.passes.keys() == found.passing.keys()


def test_a_narrower_and_a_wider_rule_are_told_by_reason_and_field() -> None:
    old = make_contract((Field("n", "integer", maximum=5), Field("s", "string")))
    new = make_contract((Field("n", "integer", maximum=9), Field("s", "string", max_length=2)))
    body = b'{"n": 1}\n{"n": 7}\n{"n": 11}\n{"n": 2, "s": "abc"}\n\n{"n": "x"}\n'
    was, now = process(body, old), process(body, new)

    found = compare(was.receipt.valid, was.rejects, runs_of([line for line, _ in now.records]), now.rejects)

    assert found.fails == Counter({("invalid_length", "s"): 1})
    assert found.passes == Counter({("out_of_range", "n"): 1})
    assert found.failing["invalid_length", "s"].line == 4
    assert found.passing["out_of_range", "n"].original == '{"n": 7}'


def test_lines_that_are_not_found_any_more_are_said() -> None:
    assert compare(3, [], [(1, 2)], []) == Difference(fails=Counter({MOVED: 1}))
