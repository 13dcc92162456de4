"""The form of a record stays visible, its values do not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datavault.masked import mask_record

SECRET = "secret"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(10**9, 10**12) | st.just(SECRET) | st.just(123456.789),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "ü"]), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_no_value_of_a_json_record_is_shown_and_every_key_is(value: Any) -> None:
    text = json.dumps({"key": value}, ensure_ascii=False)

    shown = mask_record(text.encode(), None)

    assert SECRET not in shown
    assert "123456" not in shown
    assert not any(letter * 3 in shown for letter in "0123456789")
    assert shown.count('": ') == text.count('": ')
    assert shown.count("[") == text.count("[")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"a": 12, "b": -1.5e3, "c": "xyz", "d": true, "e": null}',
         '{"a": <integer 2>, "b": <number 6>, "c": <string 3>, "d": <boolean>, "e": null}'),
        ('{"a": 1, "a": 2}', '{"a": <integer 1>, "a": <integer 1>}'),
        ("[1, []]", "[<integer 1>, []]"),
        ('"alone"', "<string 5>"),
        ("1" * 5000, "<integer 5000>"),
    ],
)  # fmt: skip
def test_types_and_lengths_are_shown(text: str, shown: str) -> None:
    assert mask_record(text.encode(), None) == shown


@pytest.mark.parametrize("original", [b'{"a": NaN}', b'{"a": "secret', b"\xff", b"[" * 100_000, b"secret"])
def test_what_is_no_json_is_masked_whole(original: bytes) -> None:
    assert mask_record(original, None) == f"•••••••• ({len(original)} bytes)"


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        (b"1,Ann,", "id=<number 1>, name=<text 3>, x=<empty>"),
        (b'7,"a,\n""b"\r', "id=<number 1>, name=<text 5>"),
        (b"1,2,3,4", "id=<number 1>, name=<number 1>, x=<number 1>, (column 4)=<number 1>"),
        (b'1,"open', "•••••••• (7 bytes)"),
        (b"1\n2", "•••••••• (3 bytes)"),
    ],
)
def test_the_columns_of_a_row_are_shown(row: bytes, shown: str) -> None:
    assert mask_record(row, ["id", "name", "x"]) == shown


def test_a_long_form_is_cut() -> None:
    shown = mask_record(json.dumps({f"key{number}": 1 for number in range(1000)}).encode(), None)

    assert len(shown) < 2_100
    assert shown.endswith("bytes)")
