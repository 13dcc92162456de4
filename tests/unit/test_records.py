"""Judging records: each rule of a contract has a reason code and a field, and what is accepted comes out unchanged."""

import json
import math
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavault.contract import Field
from datavault.reasons import Reason, Reject
from datavault.records import Batch, Validator

from .support import EVERY_TYPE, accepted, judge, make_contract, reason_of

CONTRACT = make_contract(
    (
        Field("id", "integer", required=True, minimum=1, exclusive_maximum=100),
        Field("even", "integer", multiple_of=2, bits=16),
        Field("level", "integer", enum=(1, 2)),
        Field("code", "string", pattern="^[A-Z]{2}$"),
        Field("name", "string", min_length=2, max_length=5),
        Field("color", "string", enum=("red", "blue")),
        Field("ratio", "number", minimum=0, maximum=1.5),
        Field("share", "number", exclusive_minimum=0, exclusive_maximum=1),
        Field("price", "decimal", precision=5, scale=2, minimum=0, maximum=500),
        Field("ok", "boolean"),
        Field("day", "date", minimum="2020-01-01", exclusive_maximum="2030-01-01"),
        Field("at", "timestamp", minimum="2020-01-01T00:00:00Z", maximum="2029-12-31T23:59:59"),
        Field(
            "place",
            "object",
            fields=(
                Field("city", "string", required=True, pattern="^[a-z]+$"),
                Field("height", "decimal", precision=3),
            ),
        ),
        Field("tags", "array", items=Field("", "string", pattern="^#"), min_length=1, max_length=3, unique_items=True),
        Field(
            "parts",
            "array",
            items=Field("", "object", fields=(Field("n", "decimal", precision=4, scale=1),)),
            unique_items=True,
        ),
        Field("days", "array", items=Field("", "date", minimum="2020-01-01")),
        Field("grid", "array", items=Field("", "array", items=Field("", "decimal", precision=3, scale=1))),
    )
)


@pytest.mark.parametrize(
    ("members", "reason", "field"),
    [
        ('"id": 0', "out_of_range", "id"),
        ('"id": 100', "out_of_range", "id"),
        ('"id": 9223372036854775808', "out_of_range", "id"),
        ('"id": -99999999999999999999999999999999', "out_of_range", "id"),
        ('"id": 1e400', "out_of_range", "id"),
        ('"id": 1.5', "wrong_type", "id"),
        ('"id": 1.0', "wrong_type", "id"),
        ('"id": 1e1', "wrong_type", "id"),
        ('"id": "7"', "wrong_type", "id"),
        ('"id": true', "wrong_type", "id"),
        ('"id": null', "missing_field", "id"),
        ('"id": 07', "invalid_json", ""),
        ('"id": 0x1F', "invalid_json", ""),
        ('"id": +1', "invalid_json", ""),
        ('"id": NaN', "invalid_json", ""),
        ('"even": 3', "out_of_range", "even"),
        ('"even": 32768', "out_of_range", "even"),
        ('"level": 3', "not_in_enum", "level"),
        ('"code": "ab"', "pattern_mismatch", "code"),
        ('"code": "AB\\n"', "pattern_mismatch", "code"),
        ('"code": 1', "wrong_type", "code"),
        ('"name": "a"', "invalid_length", "name"),
        ('"name": "abcdef"', "invalid_length", "name"),
        ('"name": "a\\u0000b"', "invalid_character", ""),
        ('"name": "a\x00b"', "invalid_json", ""),
        ('"name": "\\ud800"', "invalid_json", ""),
        ('"name": "\\udc00\\ud800"', "invalid_json", ""),
        ('"color": "green"', "not_in_enum", "color"),
        ('"ratio": -0.1', "out_of_range", "ratio"),
        ('"ratio": 1.6', "out_of_range", "ratio"),
        ('"ratio": 1e400', "out_of_range", "ratio"),
        ('"ratio": Infinity', "invalid_json", ""),
        ('"ratio": "1"', "wrong_type", "ratio"),
        ('"share": 0', "out_of_range", "share"),
        ('"share": 1', "out_of_range", "share"),
        ('"price": 1.005', "out_of_range", "price"),
        ('"price": 1000', "out_of_range", "price"),
        ('"price": -1', "out_of_range", "price"),
        ('"price": 500.01', "out_of_range", "price"),
        ('"price": 1e400', "out_of_range", "price"),
        ('"price": 1e99999999999999999999', "invalid_format", "price"),
        ('"price": "abc"', "invalid_format", "price"),
        ('"price": "NaN"', "invalid_format", "price"),
        ('"price": "Infinity"', "invalid_format", "price"),
        ('"price": " 1"', "invalid_format", "price"),
        ('"price": "1_0"', "invalid_format", "price"),
        ('"price": "+1"', "invalid_format", "price"),
        ('"price": ".5"', "invalid_format", "price"),
        ('"price": "٣"', "invalid_format", "price"),
        ('"pri\\u0063e": "1_0"', "invalid_format", "price"),
        ('"price": true', "wrong_type", "price"),
        ('"ok": 1', "wrong_type", "ok"),
        ('"ok": "true"', "wrong_type", "ok"),
        ('"day": "2019-12-31"', "out_of_range", "day"),
        ('"day": "2030-01-01"', "out_of_range", "day"),
        ('"day": "2021-02-30"', "invalid_format", "day"),
        ('"day": "2021-02-03T00:00:00Z"', "invalid_format", "day"),
        ('"day": 20210203', "wrong_type", "day"),
        ('"at": "2019-12-31T23:59:59Z"', "out_of_range", "at"),
        ('"at": "2020-01-01T00:59:59+01:00"', "out_of_range", "at"),
        ('"at": "2030-01-01T00:00:00Z"', "out_of_range", "at"),
        ('"at": "0001-01-01T00:00:00+14:00"', "out_of_range", "at"),
        ('"at": "9999-12-31T23:59:59-14:00"', "out_of_range", "at"),
        ('"at": "2021-01-01T00:00:00"', "invalid_format", "at"),
        ('"at": "2021-01-01T00:00:60Z"', "invalid_format", "at"),
        ('"at": 1600000000', "wrong_type", "at"),
        ('"place": {}', "missing_field", "place.city"),
        ('"place": {"city": "a", "street": 1}', "unknown_field", "place.street"),
        ('"place": {"city": "A"}', "pattern_mismatch", "place.city"),
        ('"place": {"city": "a", "height": 1000}', "out_of_range", "place.height"),
        ('"place": {"city": "a", "height": " 1"}', "invalid_format", "place.height"),
        ('"place": []', "wrong_type", "place"),
        ('"tags": []', "invalid_length", "tags"),
        ('"tags": ["#a", "#b", "#c", "#d"]', "invalid_length", "tags"),
        ('"tags": ["#a", "#a"]', "duplicate_items", "tags"),
        ('"tags": ["#a", "b"]', "pattern_mismatch", "tags[]"),
        ('"tags": ["#a", 1]', "wrong_type", "tags[]"),
        ('"tags": [null]', "missing_field", "tags[]"),
        ('"parts": [{"n": 1}, {"n": 1}]', "duplicate_items", "parts"),
        ('"parts": [{"n": 1000}]', "out_of_range", "parts[].n"),
        ('"parts": [{"n": 1}, {"n": "1_0"}]', "invalid_format", "parts[].n"),
        ('"parts": [{"n": 1}, {"x": 1}]', "unknown_field", "parts[].x"),
        ('"days": ["2019-01-01"]', "out_of_range", "days[]"),
        ('"grid": [[1], [2, "x"]]', "invalid_format", "grid[][]"),
        ('"grid": [[1], [2, " 3"]]', "invalid_format", "grid[][]"),
        ('"grid": [[1], [2, 100]]', "out_of_range", "grid[][]"),
        ('"nobody": 1', "unknown_field", "nobody"),
    ],
)
def test_a_broken_rule_has_its_reason_and_its_field(members: str, reason: str, field: str) -> None:
    text = members if members.startswith('"id"') else f'"id": 1, {members}'
    assert reason_of(CONTRACT, f"{{{text}}}".encode()) == (reason, field)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"{", "invalid_json"),
        (b"{} {}", "invalid_json"),
        (b'{"id": 1}x', "invalid_json"),
        (b'{"id": 1,}', "invalid_json"),
        (b"{'id': 1}", "invalid_json"),
        (b'{"id": 0, "name": ', "invalid_json"),
        (b'\xef\xbb\xbf{"id": 1}', "invalid_json"),
        (b'{"name": "\xff"}', "invalid_utf8"),
        (b'{"id": "x", "name": "\xed\xa0\x80"}', "invalid_utf8"),
        (b"[" * 100_000, "too_deep"),
        (b'{"nobody": ' + b"[" * 100_000, "too_deep"),
        (b"null", "missing_field"),
        (b"[]", "wrong_type"),
        (b"1", "wrong_type"),
        (b'"id"', "wrong_type"),
        (b"{}", "missing_field"),
    ],
)
def test_what_is_no_record_has_its_reason(text: bytes, reason: str) -> None:
    assert reason_of(CONTRACT, text)[0] == reason


@pytest.mark.parametrize(
    "members",
    [
        {"id": 99, "even": -32768, "level": 2},
        {"code": "AB", "name": "ab", "color": "blue"},
        {"name": "éé\u2028", "ratio": 1.5, "share": 0.5},
        {"ok": False, "day": "2020-01-01", "at": "2029-12-31T23:59:59Z"},
        {"place": {"city": "a", "height": "999"}},
        {"tags": ["#a", "#b"], "parts": [{"n": "1.0"}, {}], "days": [], "grid": [[], ["1.5"]]},
    ],
)
def test_what_keeps_the_contract_comes_out_as_it_went_in(members: dict[str, Any]) -> None:
    record = {"id": 1} | members
    assert accepted(CONTRACT, json.dumps(record).encode()) == record


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("1.5", "1.5"),
        ('"1.50"', "1.50"),
        ("1.5000", "1.5000"),
        ("500", "500"),
        ("1e2", "100"),
        ("-0", "0"),
        ("0e-999", "0"),
        ("0e999999", "0"),
    ],
)
def test_decimals_travel_as_strings_and_exactly(given: str, wanted: str) -> None:
    assert accepted(CONTRACT, f'{{"id": 1, "price": {given}}}'.encode())["price"] == wanted


def test_no_decimal_is_written_with_an_exponent_wherever_it_stands() -> None:
    share = Field("share", "decimal", precision=9, scale=9)
    fields = (
        share,
        Field("note", "string"),
        Field("ratio", "number"),
        Field("one", "object", fields=(share,)),
        Field("many", "array", items=share),
        Field("grid", "array", items=Field("", "array", items=Field("", "object", fields=(share,)))),
    )
    text = (
        b'{"note": "1E-7", "share": 1e-7, "ratio": 1e-7, "one": {"share": "1E-8"}, "many": [1e-9, 0e9, 0.5], '
        b'"grid": [[], [{"share": -2e-7}, {}]]}'
    )
    assert accepted(make_contract(fields), text) == {
        "share": "0.0000001",
        "note": "1E-7",
        "ratio": 1e-7,
        "one": {"share": "0.00000001"},
        "many": ["0.000000001", "0", "0.5"],
        "grid": [[], [{"share": "-0.0000002"}, {}]],
    }


def test_the_last_of_duplicate_keys_wins() -> None:
    assert accepted(CONTRACT, b'{"id": 1, "id": 2, "name": "ab", "name": "cd"}') == {"id": 2, "name": "cd"}


def test_a_decimal_in_a_string_is_judged_by_the_last_of_duplicate_keys() -> None:
    assert accepted(CONTRACT, b'{"id": 1, "price": " 7", "price": "8"}')["price"] == "8"


def test_a_text_that_only_looks_like_a_decimal_in_a_string_is_left_alone() -> None:
    contract = make_contract((Field("price", "decimal", precision=5, scale=2), Field("note", "string")))
    text = json.dumps({"note": 'the "price": "x" \\ \u0007', "price": 1}).encode()
    assert accepted(contract, text)["note"] == 'the "price": "x" \\ \u0007'


def test_absent_and_null_mean_the_same() -> None:
    text = b'{"id": 1, "name": null, "place": null, "tags": null, "price": null}'
    assert judge(CONTRACT, text).encoded == judge(CONTRACT, b'{"id": 1}').encoded == b'{"id":1}\n'


def test_unknown_fields_are_left_out_where_the_contract_ignores_them() -> None:
    contract = make_contract(CONTRACT.fields, unknown_fields="ignore")
    assert accepted(contract, b'{"id": 1, "x": {"y": [1]}, "place": {"city": "a", "z": 1}}') == {
        "id": 1,
        "place": {"city": "a"},
    }


def test_a_backslash_before_u0000_is_no_nul_character() -> None:
    contract = make_contract((Field("name", "string"),))
    assert accepted(contract, b'{"name": "\\\\u0000"}') == {"name": "\\u0000"}
    assert reason_of(contract, b'{"name": "\\\\\\u0000"}') == ("invalid_character", "")


def test_names_of_fields_may_be_anything() -> None:
    names = ["class", "a b", "ü", "'", "$", "f0", "", "%s", "`", "a.b", "a[0]"]
    contract = make_contract(tuple(Field(name, "decimal", precision=3, scale=1) for name in names), columns=())
    record = {name: f"{number}.5" for number, name in enumerate(names)}
    assert accepted(contract, json.dumps(record).encode()) == record
    for name in names:
        assert reason_of(contract, json.dumps({name: " 1"}).encode()) == ("invalid_format", name)


def test_a_long_name_of_an_unknown_field_is_cut() -> None:
    assert reason_of(CONTRACT, b'{"id": 1, "' + b"x" * 5000 + b'": 1}') == ("unknown_field", "x" * 128)


def test_a_record_over_the_limit_is_refused_and_its_head_kept() -> None:
    contract = make_contract((Field("s", "string"),), max_record_bytes=5000)
    verdict = judge(contract, b'{"s": "' + b"x" * 6000 + b'"}', b'{"s": "a"}')
    (reject,) = verdict.rejects
    assert (reject.reason, len(reject.original), verdict.encoded) == (Reason.TOO_LARGE, 4096, b'"a"\n')


def test_rejects_of_the_reader_stay_and_all_come_in_the_order_of_lines() -> None:
    texts = [b'{"id": 1}', b"", b"{", b'{"id": 500}', b"", b'{"id": 2, "code": "x"}']
    of_reader = Reject(14, Reason.INVALID_CSV, "", b"raw")
    verdict = Validator(CONTRACT).judge(Batch(10, texts, texts, [of_reader], 0))
    assert [(reject.line, reject.reason.value) for reject in verdict.rejects] == [
        (12, "invalid_json"),
        (13, "out_of_range"),
        (14, "invalid_csv"),
        (15, "pattern_mismatch"),
    ]
    assert (verdict.records, verdict.runs) == (1, [(10, 1)])


def test_the_first_rule_in_the_contracts_order_names_the_reason() -> None:
    assert reason_of(CONTRACT, b'{"id": 1, "day": "2000-01-01", "code": "x"}') == ("pattern_mismatch", "code")


def test_an_array_of_a_hundred_thousand_items_is_searched_for_duplicates_in_no_time() -> None:
    contract = make_contract(
        (Field("a", "array", items=Field("", "integer"), unique_items=True),), max_record_bytes=1_000_000
    )
    items = list(range(100_000))
    assert judge(contract, json.dumps({"a": items}).encode()).records == 1
    assert judge(contract, json.dumps({"a": [*items, 0]}).encode()).rejects[0].reason is Reason.DUPLICATE_ITEMS


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(st.binary(max_size=60), st.text('{}[]":,.-0123456789eEidprc\\u ', max_size=60).map(str.encode)))
def test_no_text_makes_judging_raise(text: bytes) -> None:
    verdict = judge(CONTRACT, text)
    assert verdict.records + len(verdict.rejects) == bool(text.strip())


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["1_0", " 1", "1.5", "2021-01-01"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.sampled_from(["city", "n"]), inner, max_size=3)
    ),
    max_leaves=8,
)
MEMBERS = st.dictionaries(st.sampled_from([field.name for field in CONTRACT.fields]), JSON_VALUES, max_size=4)


@settings(max_examples=300, deadline=None)
@given(members=MEMBERS)
def test_no_json_value_makes_judging_raise_and_what_is_accepted_is_valid_once_more(members: dict[str, Any]) -> None:
    verdict = judge(CONTRACT, json.dumps({"id": 1} | members).encode())
    assert verdict.records + len(verdict.rejects) == 1
    if verdict.records:
        assert judge(CONTRACT, verdict.encoded.strip()).encoded == verdict.encoded


# RFC 3339 knows offsets of whole minutes.
OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@settings(max_examples=200, deadline=None)
@given(
    number=st.floats(allow_nan=False, allow_infinity=False),
    integer=st.integers(-(2**63), 2**63 - 1),
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    moment=st.datetimes(timezones=OFFSETS),
    cents=st.integers(-(10**12) + 1, 10**12 - 1),
)
def test_values_keep_their_meaning(number: float, integer: int, text: str, moment: datetime, cents: int) -> None:
    price = Decimal(cents).scaleb(-2)
    record = {"id": integer, "ratio": number, "text": text, "at": moment, "price": price}
    verdict = judge(make_contract(EVERY_TYPE), msgspec.json.encode(record))
    assert verdict.rejects == []
    out = json.loads(verdict.encoded)
    assert (out["id"], out["text"], Decimal(out["price"])) == (integer, text, price)
    assert math.copysign(1, out["ratio"]) == math.copysign(1, number)
    assert out["ratio"] == number
    assert datetime.fromisoformat(out["at"]) == moment
