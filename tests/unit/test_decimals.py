"""Decimals in strings: found wherever the contract has decimals, and nowhere else."""

import pytest

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


@pytest.mark.parametrize("name", ["price", "a\u00e4"])
def test_a_name_may_be_written_with_escapes(name: str) -> None:
    fields = (Field(name, "decimal", precision=3),)
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in name)
    assert list(DecimalStrings(fields).offenders([f'{{"{escaped}": "1_0"}}'.encode()])) == [(0, name)]


def test_each_item_of_an_array_of_decimals_is_searched() -> None:
    prices = DecimalStrings((Field("prices", "array", items=Field("", "decimal", precision=9)),))
    texts = [b'{"prices" : [1, "2.5", " 3"]}', b'{"prices": ["4"]}', b'{"prices": 5, "x": {"prices": [" "]}}']
    assert list(prices.offenders(texts)) == [(0, "prices[]")]
    assert prices.written_out(b'{"prices":["1E-7",null,"2"]}\n') == b'{"prices":["0.0000001",null,"2"]}\n'


def test_a_number_where_an_array_should_be_is_left_to_the_decoder() -> None:
    assert offenders(b'{"lines": 5, "place": {"amount": " "}}') == []


@pytest.mark.parametrize(
    ("encoded", "written"),
    [
        (b'{"price":"1E-7","text":"1E-7"}', b'{"price":"0.0000001","text":"1E-7"}'),
        (b'{"price":"-1.5E+3"}', b'{"price":"-1500"}'),
        (b'{"price":"0E+99999"}', b'{"price":"0"}'),
        (b'{"price":"0E-99999"}', b'{"price":"0"}'),
        (b'{"place":{"city":"E+1","height":"2E+1"}}', b'{"place":{"city":"E+1","height":"20"}}'),
        (b'{"lines":[{"amount":"1E-3"},{"amount":null},{}]}', b'{"lines":[{"amount":"0.001"},{"amount":null},{}]}'),
        (b'{"place":null,"lines":null,"price":"1E+1"}', b'{"place":null,"lines":null,"price":"10"}'),
    ],
)
def test_decimals_are_written_without_exponents_and_other_texts_stay(encoded: bytes, written: bytes) -> None:
    other = b'{ "price": "2.50", "text": "E+" }'  # not as msgspec would write it: it was not written anew
    lines = DecimalStrings(EVERY_TYPE).written_out(b"\n".join((other, encoded, other, b"")))
    assert lines == b"\n".join((other, written, other, b""))
    assert DecimalStrings(EVERY_TYPE).written_out(encoded) == written


def test_without_decimals_nothing_is_written_anew() -> None:
    encoded = b'{ "text": "1E-7" }'
    assert DecimalStrings((Field("text", "string"),)).written_out(encoded) is encoded


@pytest.mark.parametrize(
    ("row", "written"),
    [
        (b'7,"1E-7","1E-7"', b'7,"1E-7","0.0000001"'),
        (b'7,null,"-2.5E+1"', b'7,null,"-25"'),
        (b'null,"a\\"b,","0E-9"', b'null,"a\\"b,","0"'),
        (b'7, "E+", "2.50"', b'7, "E+", "2.50"'),  # not written anew
        (b"", b""),
    ],
)
def test_in_a_row_of_values_each_stays_in_its_place(row: bytes, written: bytes) -> None:
    flat = DecimalStrings((Field("id", "integer"), Field("text", "string"), Field("price", "decimal", precision=9)))
    other = b'1,"x","1E+2"'
    assert flat.written_out(b"\n".join((row, other, b""))) == b"\n".join((written, b'1,"x","100"', b""))
