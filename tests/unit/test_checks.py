"""The rules that msgspec lacks, against their own definitions."""

import re
from datetime import UTC, date, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from datavault.checks import Check, compile_pattern, compile_struct, failures, values_at
from datavault.contract import Field
from datavault.reasons import Reason

from .support import judge, make_contract


def holds(field: Field) -> Check:
    checks: list[Check] = []
    compile_struct([field], checks, reject_unknown=True)
    (check,) = checks
    return check


def fits(value: Decimal, precision: int, scale: int) -> bool:
    """Whether DECIMAL(precision, scale) holds the value exactly, by decimal's own rules."""
    context = Context(prec=precision, traps=[Inexact, InvalidOperation])
    try:
        value.quantize(Decimal(1).scaleb(-scale), context=context)
    except (Inexact, InvalidOperation):
        return False
    return True


@settings(max_examples=500, deadline=None)
@given(
    digits=st.integers(0, 10**12),
    exponent=st.integers(-14, 8),
    negative=st.booleans(),
    precision=st.integers(1, 12),
    scale=st.integers(0, 12),
)
def test_a_decimal_fits_exactly_when_quantizing_loses_nothing(
    digits: int, exponent: int, negative: bool, precision: int, scale: int
) -> None:
    scale = min(scale, precision)
    value = Decimal(-digits if negative else digits).scaleb(exponent)
    check = holds(Field("d", "decimal", precision=precision, scale=scale))
    assert check.holds(value) is fits(value, precision, scale)


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity", "1e999999", "1e-999999"])
def test_a_decimal_that_is_no_finite_number_of_its_size_is_out_of_range(text: str) -> None:
    assert not holds(Field("d", "decimal", precision=38, scale=2)).holds(Decimal(text))


def test_bounds_of_decimals_dates_and_timestamps_are_inclusive_or_exclusive_as_named() -> None:
    bounds = {"minimum": "2020-01-01", "exclusive_maximum": "2020-01-03"}
    day = holds(Field("d", "date", **bounds))  # type: ignore[arg-type]
    assert [day.holds(date(2020, 1, n)) for n in (1, 2, 3)] == [True, True, False]
    at = holds(Field("t", "timestamp", exclusive_minimum="2020-01-01T00:00:00", maximum="2020-01-03T00:00:00+00:00"))
    assert [at.holds(datetime(2020, 1, n, tzinfo=UTC)) for n in (1, 2, 3, 4)] == [False, True, True, False]
    price = holds(Field("d", "decimal", precision=5, scale=2, exclusive_minimum=0.1, maximum=2))
    assert [price.holds(Decimal(text)) for text in ("0.1", "0.11", "2", "2.01")] == [False, True, True, False]


@pytest.mark.parametrize(
    ("options", "inside", "outside"),
    [
        ({"minimum": 0.5}, 1, 0),
        ({"minimum": -0.5}, 0, -1),
        ({"maximum": 2.5}, 2, 3),
        ({"exclusive_minimum": 0.5}, 1, 0),
        ({"exclusive_minimum": 1}, 2, 1),
        ({"exclusive_maximum": 2.5}, 2, 3),
        ({"exclusive_maximum": 2}, 1, 2),
        ({"bits": 16}, -32768, -32769),
        ({"bits": 32}, 2**31 - 1, 2**31),
        ({"minimum": -(2**80)}, -(2**63), -(2**63) - 1),
    ],
)
def test_bounds_of_integers_may_be_fractions_and_are_never_beyond_the_type(
    options: dict[str, float], inside: int, outside: int
) -> None:
    contract = make_contract((Field("n", "integer", **options),), columns=())  # type: ignore[arg-type]
    verdict = judge(contract, b'{"n": %d}' % inside, b'{"n": %d}' % outside)
    assert (verdict.runs, [reject.reason for reject in verdict.rejects]) == ([(1, 1)], [Reason.OUT_OF_RANGE])


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("^a$", "a", "a\n"),
        ("^[$]$", "$", "x"),
        (r"^\$$", "$", "$\n"),
        (r"^[\]$]+$", "]$", "x"),
        (r"^\\$", "\\", "\\\n"),
        ("a$|^b", "xa", "xa\n"),
        (r"^\d$", "1", "\u0661"),
        (r"^\w$", "a", "é"),
        ("b", "abc", "ac"),
    ],
)
def test_patterns_mean_what_json_schema_says(pattern: str, matching: str, other: str) -> None:
    test = compile_pattern(pattern)
    assert (test(matching), test(other)) == (True, False)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of sets in classes, which Python may have one day
@settings(max_examples=200, deadline=None)
@example(pattern="[]$]")
@example(pattern="[^]$]")
@given(pattern=st.text(r"ab$[]^\d|()", max_size=8))
def test_every_pattern_that_python_compiles_still_compiles(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error:
        with pytest.raises(re.error):
            compile_pattern(pattern)
    else:
        assert compile_pattern(pattern)("a") in (True, False)


def test_values_are_found_through_objects_and_arrays_of_arrays() -> None:
    inner = msgspec.defstruct("Inner", [("f0", "object")])
    outer = msgspec.defstruct("Outer", [("f0", "object")])
    assert list(values_at(outer([[inner(1), inner(None)], []]), ("f0", "[]", "[]", "f0"))) == [1]
    assert list(values_at(outer(None), ("f0", "[]"))) == []


def test_an_array_without_items_is_refused_when_compiling() -> None:
    with pytest.raises(ValueError, match="array without items: tags"):
        compile_struct([Field("tags", "array")], [], reject_unknown=True)


def test_every_record_that_breaks_a_rule_is_named_once_by_its_first_rule() -> None:
    checks: list[Check] = []
    fields = [
        Field("a", "string", pattern="^x"),
        Field("b", "string", pattern="^y"),
        Field("c", "array", items=Field("", "string", pattern="z")),
    ]
    record = compile_struct(fields, checks, reject_unknown=True)
    records = [
        record(f0=a, f1=b, f2=c)
        for a, b, c in [("x", "y", ["z"]), ("q", "q", ["q"]), ("x", "q", None), (None, None, ["q"])]
    ]
    assert failures(checks, records) == {
        1: (Reason.PATTERN_MISMATCH, "a"),
        2: (Reason.PATTERN_MISMATCH, "b"),
        3: (Reason.PATTERN_MISMATCH, "c[]"),
    }
