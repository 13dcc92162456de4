"""Decimals as JSON strings: which are taken, and how they are written.

Taken are only JSON numbers between quotes. msgspec hands such a string to Python's Decimal, which also takes "1_0",
" 1" and the digits of every script; the decoder cannot be told otherwise, so the few texts that give a decimal as a
string are looked at here. Written are digits without an exponent: Python's Decimal writes 0.0000001 as 1E-7, which
DuckDB refuses for a DECIMAL(9,9), and one such record would spoil its chunk.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from .contract import Field
from .rows import is_flat

# RFC 8259's grammar of numbers.
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")

_EXPONENT = re.compile(rb'"-?[0-9](?:\.[0-9]+)?E[+-][0-9]+"')

_decode = msgspec.json.Decoder().decode

type _Path = tuple[str | None, ...]  # names of fields; None for each item of an array


class DecimalStrings:
    """The decimals of one dataset's records."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._paths = list(_decimal_paths(fields, ()))
        self._names = [field.name for field in fields] if is_flat(fields) else []  # of a row's values
        # A name may be written with escapes: of ASCII letters where it has no others, which hardly any text holds.
        is_plain = all(part.isascii() and "/" not in part for path in self._paths for part in path if part)
        escaped = rb"\\u00[0-7]" if is_plain else rb"\\[u/]"
        self._candidate = re.compile(b"|".join([*map(_candidate, self._paths), escaped])).search

    def offenders(self, texts: Sequence[bytes]) -> Iterator[tuple[int, str]]:
        """The position and the field of each text with such a decimal."""
        if not self._paths:
            return
        for position, match in enumerate(map(self._candidate, texts)):
            if match and (field := self._offending_field(texts[position])) is not None:
                yield position, field

    def _offending_field(self, text: bytes) -> str | None:
        try:
            record = _decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None  # the decoder of records says what is wrong
        for path in self._paths:
            for value in _values_at(record, path):
                if isinstance(value, str) and not NUMBER.fullmatch(value):
                    return name_of(path)
        return None

    def written_out(self, encoded: bytes) -> bytes:
        """Encoded records, flat ones as `rows.encode` has them, their decimals without exponents."""
        if not self._paths or (b"E+" not in encoded and b"E-" not in encoded):
            return encoded
        return b"\n".join(self._write_out(line) if _EXPONENT.search(line) else line for line in encoded.split(b"\n"))

    def _write_out(self, line: bytes) -> bytes:
        record = dict(zip(self._names, _decode(b"[%b]" % line), strict=True)) if self._names else _decode(line)
        for path in self._paths:
            _replace_at(record, path, _without_exponent)
        return msgspec.json.encode(list(record.values()))[1:-1] if self._names else msgspec.json.encode(record)


def _without_exponent(text: str) -> str:
    value = Decimal(text)
    # Of a zero the exponent may be anything, and would be as many digits.
    return format(value, "f") if value else "0"


def name_of(path: _Path) -> str:
    """`items[].price` for the prices of all items."""
    return "".join("[]" if part is None else f".{part}" for part in path).removeprefix(".")


def _candidate(path: _Path) -> bytes:
    """A pattern for texts that may hold a string at `path`. (A name written with escapes is caught beside it.)"""
    last_name = max(position for position, part in enumerate(path) if part is not None)
    name = re.escape(msgspec.json.encode(path[last_name]))
    return name + (rb'\s*:\s*"' if last_name == len(path) - 1 else rb"\s*:\s*\[")


def _decimal_paths(fields: Sequence[Field], path: _Path) -> Iterator[_Path]:
    for field in fields:
        yield from _paths_of(field, (*path, field.name))


def _paths_of(field: Field, path: _Path) -> Iterator[_Path]:
    if field.type == "decimal":
        yield path
    elif field.items:
        yield from _paths_of(field.items, (*path, None))
    else:
        yield from _decimal_paths(field.fields, path)


def _values_at(value: Any, path: _Path) -> Iterator[Any]:
    if not path:
        yield value
    elif path[0] is None:
        for item in value if isinstance(value, list) else ():
            yield from _values_at(item, path[1:])
    elif isinstance(value, dict) and path[0] in value:
        yield from _values_at(value[path[0]], path[1:])


def _replace_at(value: Any, path: _Path, change: Callable[[str], str]) -> None:
    """Change every text that is there at `path` below `value`."""
    holders = [value] if len(path) == 1 else _values_at(value, path[:-1])
    for holder in holders:
        if path[-1] is None and isinstance(holder, list):
            holder[:] = [item if item is None else change(item) for item in holder]
        elif isinstance(holder, dict) and (text := holder.get(path[-1])) is not None:
            holder[path[-1]] = change(text)
