"""A JSON array, streamed: elements are records, told apart wherever a block ends."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavault.contract import Field

from ..support import Result, make_contract, process, small_wire

CONTRACT = make_contract(
    (Field("n", "integer", required=True), Field("s", "string"), Field("a", "array", items=Field("", "integer")))
)
KEY = "books/a.json"
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "n": st.integers(0, 999),
            "s": st.text('"\\[]{}, :aé\n', max_size=20),
            "a": st.lists(st.integers(0, 9), max_size=3),
        }
    ),
    max_size=25,
)


def read(data: bytes) -> Result:
    return process(data, CONTRACT, KEY)


@settings(max_examples=150, deadline=None)
@given(
    records=RECORDS,
    indent=st.sampled_from([None, 0, 3]),
    separators=st.sampled_from([(",", ":"), (" , ", " : "), (",\r\n\t", ":")]),
    block=st.integers(8, 120),
)
def test_elements_are_found_wherever_blocks_end_and_however_they_are_written(
    records: Any, indent: Any, separators: Any, block: int
) -> None:
    data = json.dumps(records, indent=indent, separators=separators, ensure_ascii=False).encode()
    with small_wire(block):
        result = read(data)
    assert result.records == list(enumerate(records, 1))
    assert result.rejects == []


def test_the_line_of_a_record_is_its_place_in_the_array() -> None:
    result = read(b'[{"n": 1}, {"n": "x"}, 7, null, {"n": 2}]')
    assert result.records == [(1, {"n": 1}), (5, {"n": 2})]
    assert result.reasons == [(2, "wrong_type", "n"), (3, "wrong_type", ""), (4, "missing_field", "")]


def test_a_malformed_element_is_refused_alone() -> None:
    result = read(b'[{"n": 1}, {"n": oops}, {"n": 01}, {"n" 3}, {"n": 4}, , {"n": 6}]')
    assert [line for line, _ in result.records] == [1, 5, 7]
    assert [line for line, _, _ in result.reasons] == [2, 3, 4, 6]


@pytest.mark.parametrize("data", [b"[]", b" [ ] ", b"\xef\xbb\xbf[\n]\n"])
def test_an_empty_array_holds_nothing(data: bytes) -> None:
    result = read(data)
    assert (result.records, result.rejects) == ([], [])


def test_a_comma_behind_the_last_element_is_forgiven() -> None:
    result = read(b'[{"n": 1},\n]')
    assert (result.records, result.rejects) == ([(1, {"n": 1})], [])


@pytest.mark.parametrize("tail", [b"x", b' {"n": 2}', b"]", b"[]", b"\x00"])
def test_what_stands_behind_the_array_is_one_reject(tail: bytes) -> None:
    result = read(b'[{"n": 1}]' + tail)
    assert result.records == [(1, {"n": 1})]
    assert [(reject.line, reject.reason.value, reject.rest) for reject in result.rejects] == [(2, "invalid_json", True)]


def test_white_space_behind_the_array_is_nothing_however_long() -> None:
    assert read(b'[{"n": 1}]' + b" \n" * 500_000).rejects == []


def test_what_comes_long_behind_the_array_is_refused_too() -> None:
    assert read(b'[{"n": 1}]' + b" \n" * 500_000 + b"x").reasons == [(2, "invalid_json", "")]


@pytest.mark.parametrize("data", [b'[{"n": 1}, {"n": 2', b'[{"n": 1}', b'[{"n": 1},', b'[{"n": 1}, "abc', b"["])
def test_an_array_that_does_not_end_keeps_what_is_complete(data: bytes) -> None:
    result = read(data)
    (reject,) = result.rejects
    assert (reject.reason.value, reject.rest) == ("invalid_json", True)
    assert result.records == ([(1, {"n": 1})] if b"}," in data or b", " in data else [])


def test_a_stream_that_breaks_off_says_so() -> None:
    packed = gzip.compress(b'[{"n": 1}, {"n": 2}]' + bytes(5000), 0)
    result = read(packed[:40])
    assert [reject.reason.value for reject in result.rejects] == ["corrupt_stream"]


def test_an_element_without_end_is_too_large_and_stands_for_the_rest() -> None:
    result = read(b'[{"n": 1}, {"s": "' + b"x" * 1_000_000 + b'"}, {"n": 3}]')
    assert result.records == [(1, {"n": 1})]
    (reject,) = result.rejects
    assert (reject.line, reject.reason.value, reject.rest) == (2, "too_large", True)
    assert len(reject.original_bytes) == 4096


def test_an_overlong_element_that_fits_into_a_block_is_refused_alone() -> None:
    contract = make_contract(CONTRACT.fields, max_record_bytes=1000)
    result = process(b'[{"n": 1}, {"s": "' + b"x" * 2000 + b'"}, {"n": 3}]', contract, KEY)
    assert ([line for line, _ in result.records], result.reasons) == ([1, 3], [(2, "too_large", "")])


def test_deep_nesting_is_refused_alone() -> None:
    deep = b"[" * 50_000 + b"]" * 50_000
    result = read(b'[{"n": 1}, ' + deep + b', {"a": ' + deep + b'}, {"n": 4}]')
    assert [line for line, _ in result.records] == [1, 4]
    assert [(line, reason) for line, reason, _ in result.reasons] == [(2, "too_deep"), (3, "too_deep")]
