"""Decimals in strings: found wherever the contract has decimals, and nowhere else."""

from datavault.contract import Field
from datavault.decimals import DecimalStrings

from .support import EVERY_TYPE


def offenders(*texts: bytes) -> list[tuple[int, str]]:
    return list(DecimalStrings(EVERY_TYPE).offenders(texts))


def test_each_place_of_a_decimal_is_searched() -> None:
    assert offenders(
        b'{"price": "1_0"}',
        b'{"place": {"height": " 1"}}',
        b'{"lines": [{"amount": 1}, {"amount": "x"}]}',
        b'{"price": "1.5", "text": " 1"}',
    ) == [(0, "price"), (1, "place.height"), (2, "lines[].amount")]


def test_a_contract_without_decimals_looks_at_no_text() -> None:
    assert list(DecimalStrings((Field("price", "string"),)).offenders([b'{"price": "1_0"}'])) == []


def test_what_is_no_json_or_has_another_shape_is_left_to_the_decoder() -> None:
    assert (
        offenders(
            b'{"price": "1_0"',
            b'{"price": " 1", "text": "\xff"}',
            b'{"place": "height", "lines": {"amount": " "}}',
            b"[]",
        )
        == []
    )


def test_white_space_around_the_colon_hides_nothing() -> None:
    assert offenders(b'{"price"\t:\n  "1_0"}') == [(0, "price")]


def test_a_name_with_a_slash_may_be_written_with_an_escape() -> None:
    fields = (Field("a/b", "decimal", precision=3),)
    assert list(DecimalStrings(fields).offenders([b'{"a\\/b": "1_0"}', b'{"a/b": "1_0"}'])) == [(0, "a/b"), (1, "a/b")]
