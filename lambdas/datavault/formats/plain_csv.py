"""Rows of CSV that travel as they came: flat, unquoted, and every value as the chunk's reader takes it.

A row is judged by its values, column by column, each distinct value of a block once: most columns repeat. A row with
any other value goes the way of all rows (`csv.py`), which says what is wrong with it, or writes it anew.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from ..checks import Check, compile_value
from ..contract import Contract, Field
from ..rows import NULL, can_pass

# What one column remembers of the blocks before.
_MAX_KNOWN = 10_000

_CONTROLS = bytes(set(range(32)) - {ord("\n")})

_encode = msgspec.json.encode


class PlainRows:
    """Finds the rows of one contract's CSV objects that may travel as they came."""

    def __init__(self, contract: Contract) -> None:
        nulls = frozenset(contract.csv.null_values)
        self._columns = [_Column(field, nulls) for field in contract.fields]
        # The limit is for a row's JSON text, which is longer by no more than this: names, quotes, colons, nulls.
        added = sum(len(_encode(field.name)) + len('"":,') + len(NULL) for field in contract.fields)
        self._max_line_bytes = contract.max_record_bytes - added

    def others(self, data: bytes, lines: Sequence[bytes], cells: Sequence[str]) -> Sequence[int]:
        """The positions of the other rows, ascending. `data` are the `lines`, `cells` their values, row after row."""
        if b"\\" in data or len(data.translate(None, _CONTROLS)) != len(data):
            return range(len(lines))
        found: set[int] = set()
        if max(map(len, lines)) > self._max_line_bytes:
            found |= {position for position, line in enumerate(lines) if len(line) > self._max_line_bytes}
        for number, column in enumerate(self._columns):
            values = cells[number :: len(self._columns)]
            if others := column.others(values):
                found |= {position for position, value in enumerate(values) if value in others}
        return sorted(found)


_plain_rows = lru_cache(maxsize=64)(PlainRows)


def plain_rows(header: Sequence[str], contract: Contract) -> PlainRows | None:
    """For an object that has the contract's fields in the contract's order; none for any other."""
    is_like_contract = list(header) == [field.name for field in contract.fields]
    return _plain_rows(contract) if is_like_contract and can_pass(contract) else None


class _Column:
    def __init__(self, field: Field, nulls: frozenset[str]) -> None:
        self._known = set() if field.required else set(nulls)
        # Read back, these would be no value, or (of a zero that msgspec takes for an integer) another one.
        self._never = (nulls | {"", NULL, "-0"}) - self._known
        self._hold = _test(field)

    def others(self, values: Sequence[str]) -> set[str]:
        """The values that must not travel as they are."""
        new = set(values) - self._known
        others = new & self._never
        new -= others
        if new and not self._hold(list(new)):
            wrong = {value for value in new if not self._hold([value])}
            others |= wrong
            new -= wrong
        if len(self._known) < _MAX_KNOWN:
            self._known |= new
        return others


def _test(field: Field) -> Callable[[list[str]], bool]:
    """A test whether texts are all values of a field that DuckDB reads as what msgspec takes them for."""
    checks: list[Check] = []
    decode = msgspec.json.Decoder(list[compile_value(field, checks)]).decode  # type: ignore[misc]
    is_bare = field.type in ("integer", "number", "decimal", "boolean")
    is_same = _IS_SAME.get(field.type, _is_written_so)

    def hold(texts: list[str]) -> bool:
        text = f"[{','.join(texts)}]".encode() if is_bare else _encode(texts)
        try:
            values = decode(text)
        except (msgspec.DecodeError, RecursionError):
            return False
        return is_same(text, values) and all(all(map(check.holds, values)) for check in checks)

    return hold


def _is_written_so(text: bytes, values: list[Any]) -> bool:
    return text == _encode(values)


# Where a value may also be written otherwise than msgspec does.
_IS_SAME: dict[str, Callable[[bytes, list[Any]], bool]] = {
    "number": lambda text, values: b" " not in text,  # an infinite one is none of msgspec's
    "decimal": lambda text, values: not any(character in text for character in (b" ", b"e", b"E")),
    "timestamp": lambda text, values: text.replace(b'+00:00"', b'Z"') == _encode(values),
}
