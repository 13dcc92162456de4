"""When an object pauses its dataset."""

from typing import Any

import msgspec
import pytest

from datavault.breaker import MIN_LINES, Pause, decode, trip
from datavault.contract import Contract, Field
from datavault.receipt import Receipt

from .support import make_contract, process

FIELDS = (Field("n", "integer", required=True),)


def contract(share: float | None = 0.2, then: str = "pause") -> Contract:
    return make_contract(FIELDS, max_bad_share=share, on_bad_share=then)


def receipt(good: int, bad: int) -> Receipt:
    return process(b'{"n": 1}\n' * good + b"bad\n" * bad, contract()).receipt


@pytest.mark.parametrize(
    ("good", "bad", "is_paused"),
    [(80, 20, False), (79, 21, True), (0, MIN_LINES, True), (0, MIN_LINES - 1, False), (100, 0, False)],
)
def test_more_than_the_share_of_a_hundred_lines_pauses(good: int, bad: int, is_paused: bool) -> None:
    assert (trip(contract(), receipt(good, bad)) is not None) == is_paused


@pytest.mark.parametrize("given", [None, contract(then="alarm"), contract(None), contract(1.0)])
def test_nothing_pauses_that_does_not_say_so(given: Any) -> None:
    assert trip(given, receipt(0, 200)) is None


def test_a_share_of_zero_allows_no_bad_record() -> None:
    assert trip(contract(0.0), receipt(99, 1)) is not None
    assert trip(contract(0.0), receipt(100, 0)) is None


def test_a_pause_says_which_object_and_how_bad() -> None:
    found = receipt(50, 50)
    pause = trip(contract(), found)
    assert pause == Pause("books", found.object_id, 100, 50, 0.2)
    assert decode(pause.encode()) == pause
    assert msgspec.json.decode(pause.encode()) == {
        "dataset": "books",
        "object_id": found.object_id,
        "lines": 100,
        "quarantined": 50,
        "threshold": 0.2,
    }


def test_a_pause_is_written_for_people_to_read_and_says_only_what_is_known() -> None:
    pause = Pause("books", reason="a person's")
    assert pause.encode() == b'{\n "dataset": "books",\n "reason": "a person\'s"\n}\n'
    assert decode(pause.encode()) == pause
