"""Show the form of a record without its values: keys, columns, types and lengths stay, values do not. Pure."""

import csv
import json
from collections.abc import Sequence
from typing import Any

from .decimals import NUMBER

_MASK = "•" * 8
# What a person still reads; a record may be 512 KiB.
_MAX_CHARACTERS = 2_000


def mask_whole(original: bytes) -> str:
    """What is left of bytes whose form cannot be told: their number."""
    return f"{_MASK} ({len(original)} bytes)"


def mask_record(original: bytes, columns: Sequence[str] | None, delimiter: str = ",") -> str:
    """A record with its values masked. `columns` is the header of a CSV object; None says that the record is JSON.

    What cannot be read is masked whole. The names of keys and columns are shown as they came: print them with care.
    """
    try:
        text = original.decode()
        shown = _mask_json(text) if columns is None else _mask_row(text, columns, delimiter)
    except (ValueError, RecursionError, csv.Error):
        return mask_whole(original)
    return shown if len(shown) <= _MAX_CHARACTERS else f"{shown[:_MAX_CHARACTERS]} … ({len(original)} bytes)"


class _Scalar(str):
    """What stands for a value; told apart from strings of the record."""

    __slots__ = ()


class _Members(list[tuple[str, Any]]):
    """An object's members in their order, doubles included."""


def _refuse(text: str) -> Any:
    raise ValueError(text)


# Numbers are never converted: one may have a million digits.
_decoder = json.JSONDecoder(
    object_pairs_hook=_Members,
    parse_int=lambda digits: _Scalar(f"<integer {len(digits)}>"),
    parse_float=lambda digits: _Scalar(f"<number {len(digits)}>"),
    parse_constant=_refuse,
)


def _mask_json(text: str) -> str:
    return _form(_decoder.decode(text))


def _form(value: Any) -> str:
    match value:
        case _Members():
            return "{" + ", ".join(f"{json.dumps(key, ensure_ascii=False)}: {_form(item)}" for key, item in value) + "}"
        case list():
            return "[" + ", ".join(map(_form, value)) + "]"
        case _Scalar():
            return value
        case str():
            return f"<string {len(value)}>"
        case bool():
            return "<boolean>"
    return "null"


def _mask_row(text: str, columns: Sequence[str], delimiter: str) -> str:
    lines = [line + "\n" for line in text.removesuffix("\r").split("\n")]
    csv.field_size_limit(2**31 - 1)  # the module's own limit is shorter than a record may be
    (row,) = csv.reader(lines, delimiter=delimiter, strict=True)
    names = [*columns, *(f"(column {number + 1})" for number in range(len(columns), len(row)))]
    return ", ".join(f"{name}={_cell(value)}" for name, value in zip(names, row, strict=False))


def _cell(value: str) -> str:
    if not value:
        return "<empty>"
    return f"<{'number' if NUMBER.fullmatch(value) else 'text'} {len(value)}>"
