"""Compile a contract's fields into a msgspec Struct, and the rules that msgspec lacks into checks.

msgspec checks types, ranges of numbers, lengths and enums in C. Left for here: patterns (inside a Struct they halve
its speed), precision, scale and range of decimals, ranges of dates and timestamps, unique items.
"""

import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from math import ceil, floor
from operator import attrgetter
from typing import Annotated, Any, Literal

import msgspec

from .contract import Field
from .reasons import Reason

ITEMS = "[]"
# What one rule remembers: half a megabyte at most.
_MAX_KNOWN = 4_096
_MAX_KNOWN_LENGTH = 64


class Check(msgspec.Struct, frozen=True):
    """A rule over the values at `path`: attributes of the Struct, `ITEMS` for each item of an array."""

    path: tuple[str, ...]
    field: str
    reason: Reason
    holds: Callable[[Any], bool]
    hashable: bool = True
    # Values that are known to hold, for columns whose values repeat from block to block.
    known: set[Hashable] = msgspec.field(default_factory=lambda: {None})


def compile_struct(
    fields: Sequence[Field],
    checks: list[Check],
    *,
    reject_unknown: bool,
    path: tuple[str, ...] = (),
    prefix: str = "",
) -> type[msgspec.Struct]:
    """A Struct for `fields`; the rules it cannot express are appended to `checks`."""
    members: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    names = {f"f{number}": field.name for number, field in enumerate(fields)}
    # Members are numbered and renamed, because a property may have any name and a Python attribute may not.
    for attribute, field in zip(names, fields, strict=True):
        kind = _compile(field, checks, (*path, attribute), f"{prefix}{field.name}", reject_unknown=reject_unknown)
        members.append((attribute, kind) if field.required else (attribute, kind | None, None))
    return msgspec.defstruct(
        "Record",
        members,
        rename=names,
        kw_only=True,
        # Absent and null mean the same; leaving both out makes chunks smaller.
        omit_defaults=True,
        forbid_unknown_fields=reject_unknown,
        # Records hold no cycles, and tracking hundreds of thousands of them costs a tenth of the time.
        gc=False,
    )


def compile_value(field: Field, checks: list[Check]) -> Any:
    """The type of one value of a field; the rules it cannot express are appended to `checks`."""
    return _compile(field, checks, (), field.name, reject_unknown=True)


def failures(checks: Sequence[Check], records: Sequence[msgspec.Struct]) -> dict[int, tuple[Reason, str]]:
    """The records, by index, that break a rule. The first rule in the contract's order names the reason."""
    failed: dict[int, tuple[Reason, str]] = {}
    for check in checks:
        for index in _offenders(check, records):
            failed.setdefault(index, (check.reason, check.field))
    return failed


def _offenders(check: Check, records: Sequence[msgspec.Struct]) -> Iterator[int]:
    if check.hashable and len(check.path) == 1:
        get = attrgetter(check.path[0])
        new = set(map(get, records)) - check.known
        bad = {value for value in new if not check.holds(value)}
        if bad:
            yield from (index for index, value in enumerate(map(get, records)) if value in bad)
        elif len(check.known) < _MAX_KNOWN:
            check.known.update(value for value in new if isinstance(value, str) and len(value) <= _MAX_KNOWN_LENGTH)
        return
    for index, record in enumerate(records):
        if not all(map(check.holds, values_at(record, check.path))):
            yield index


def values_at(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """Every value that is there at `path` below `value`."""
    if value is None:
        return
    if not path:
        yield value
    elif path[0] == ITEMS:
        for item in value:
            yield from values_at(item, path[1:])
    else:
        yield from values_at(getattr(value, path[0]), path[1:])


def _compile(  # noqa: C901, PLR0911, PLR0912  one case per type
    field: Field, checks: list[Check], path: tuple[str, ...], name: str, *, reject_unknown: bool
) -> Any:
    def check(reason: Reason, holds: Callable[[Any], bool], *, hashable: bool = True) -> None:
        checks.append(Check(path, name, reason, holds, hashable))

    match field.type:
        case "string":
            if field.enum:
                return Literal[field.enum]
            if field.pattern is not None:
                check(Reason.PATTERN_MISMATCH, compile_pattern(field.pattern))
            return Annotated[str, msgspec.Meta(min_length=field.min_length, max_length=field.max_length)]
        case "integer":
            return Literal[field.enum] if field.enum else Annotated[int, _integer_range(field)]
        case "number":
            bounds = {
                "ge": field.minimum,
                "le": field.maximum,
                "gt": field.exclusive_minimum,
                "lt": field.exclusive_maximum,
            }
            return Annotated[float, msgspec.Meta(**bounds)]  # type: ignore[arg-type]
        case "decimal":
            check(Reason.OUT_OF_RANGE, _decimal_rule(field))
            return Decimal
        case "boolean":
            return bool
        case "date":
            if _is_bounded(field):
                check(Reason.OUT_OF_RANGE, _order_rule(field, date.fromisoformat))
            return date
        case "timestamp":
            if _is_bounded(field):
                check(Reason.OUT_OF_RANGE, _order_rule(field, _instant))
            # A timestamp without its zone means a different moment to every reader.
            return Annotated[datetime, msgspec.Meta(tz=True)]
        case "object":
            return compile_struct(
                field.fields, checks, reject_unknown=reject_unknown, path=path, prefix=f"{name}."
            )  # fmt: skip
        case "array":
            item = field.items
            if item is None:
                raise ValueError(f"array without items: {name}")
            if field.unique_items:
                check(Reason.DUPLICATE_ITEMS, _all_different, hashable=False)
            kind = _compile(item, checks, (*path, ITEMS), f"{name}[]", reject_unknown=reject_unknown)
            meta = msgspec.Meta(min_length=field.min_length, max_length=field.max_length)
            return Annotated[list[kind], meta]  # type: ignore[valid-type]


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """A test for an ECMA-262 pattern as JSON Schema uses it: it may match anywhere in the value.

    Python's `$` also matches before a last newline and its `\\d` any script's digits; ECMA-262's do not.
    """
    search = re.compile(_ATOM.sub(lambda atom: r"\Z" if atom[0] == "$" else atom[0], pattern), re.ASCII).search
    return lambda value: search(value) is not None


# An escaped character, a character class or a `$`: only the last outside the other two is an anchor.
_ATOM = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\$", re.DOTALL)


def _integer_range(field: Field) -> msgspec.Meta:
    lowest, highest = -(2 ** (field.bits - 1)), 2 ** (field.bits - 1) - 1
    if field.minimum is not None:
        lowest = max(lowest, ceil(_number(field.minimum)))
    if field.exclusive_minimum is not None:
        lowest = max(lowest, floor(_number(field.exclusive_minimum)) + 1)
    if field.maximum is not None:
        highest = min(highest, floor(_number(field.maximum)))
    if field.exclusive_maximum is not None:
        highest = min(highest, ceil(_number(field.exclusive_maximum)) - 1)
    return msgspec.Meta(ge=lowest, le=highest, multiple_of=field.multiple_of)


def _number(bound: float | str) -> Decimal:
    return Decimal(str(bound))


def _is_bounded(field: Field) -> bool:
    bounds = (field.minimum, field.maximum, field.exclusive_minimum, field.exclusive_maximum)
    return any(bound is not None for bound in bounds)


def _order_rule(field: Field, parse: Callable[[str], Any]) -> Callable[[Any], bool]:
    def bound(value: float | str | None) -> Any:
        return None if value is None else parse(str(value))

    low, high = bound(field.minimum), bound(field.maximum)
    above, below = bound(field.exclusive_minimum), bound(field.exclusive_maximum)

    def holds(value: Any) -> bool:
        return (
            (low is None or value >= low)
            and (high is None or value <= high)
            and (above is None or value > above)
            and (below is None or value < below)
        )

    return holds


def _decimal_rule(field: Field) -> Callable[[Decimal], bool]:
    """A DECIMAL(precision, scale) holds the value exactly, and it is in the contract's range."""
    in_range = _order_rule(field, Decimal)

    def holds(value: Decimal) -> bool:
        if not value.is_finite():
            return False
        _, digits, exponent = value.as_tuple()
        whole_digits = len(digits) + int(exponent) if any(digits) else 0
        # Zeros at the end are no loss: 1.500 fits a scale of 2 as 1.50.
        scale = -int(exponent)
        while scale > field.scale and digits and digits[-1] == 0:
            digits, scale = digits[:-1], scale - 1
        return (
            whole_digits <= field.precision - field.scale and (scale <= field.scale or not digits) and in_range(value)
        )

    return holds


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _all_different(items: list[Any]) -> bool:
    # Objects and arrays cannot be hashed, their JSON can. (Comparing each with each would take hours for a long array.)
    if items and isinstance(items[0], msgspec.Struct | list):
        items = list(map(msgspec.json.encode, items))
    return len(set(items)) == len(items)
