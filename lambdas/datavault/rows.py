"""Records of flat contracts as CSV rows: the body of their chunks (docs/wire-format.md).

A row is half as long as the record's JSON object, and DuckDB reads it a third faster. While a chunk is gathered a row
is a JSON array without its brackets, so that none holds a newline; `to_csv` makes CSV of it, as RFC 4180 has it.
"""

import re
from collections.abc import Sequence

import msgspec
from msgspec.structs import astuple

from .contract import Contract, Field

# How an absent value is written. A string of these characters stands in quotes.
NULL = "null"
DELIMITER = ","

# Decimals travel as strings: DuckDB reads a JSON number with a fraction through a double.
encode_lines = msgspec.json.Encoder(decimal_format="string").encode_lines


class Layout(msgspec.Struct, frozen=True):
    """What a reader of rows has to know: the columns, in order, and which unquoted texts stand for no value."""

    columns: tuple[str, ...]
    nulls: tuple[str, ...] = (NULL,)


def is_flat(fields: Sequence[Field]) -> bool:
    """Whether every record is one row: no objects, no arrays."""
    return not any(field.fields or field.items for field in fields)


def layout(contract: Contract, format_name: str) -> Layout | None:
    """The layout of an object's rows; None where records are no rows."""
    if not is_flat(contract.fields):
        return None
    columns = tuple(field.name for field in contract.fields)
    if format_name == "csv" and can_pass(contract):
        return Layout(columns, tuple(dict.fromkeys((NULL, *contract.csv.null_values))))
    return Layout(columns)


# A missing value that a number or a boolean could be written as, or that needs quotes.
_AMBIGUOUS = re.compile(r'[-+.\d].*|true|false|.*[",\x00-\x1f\\].*', re.DOTALL)


def can_pass(contract: Contract) -> bool:
    """Whether rows of this contract's CSV objects may travel as they came (`formats/plain_csv.py`)."""
    nulls = contract.csv.null_values
    return (
        contract.csv.delimiter == DELIMITER and is_flat(contract.fields) and not any(map(_AMBIGUOUS.fullmatch, nulls))
    )


def encode(records: Sequence[msgspec.Struct]) -> bytes:
    """Rows, each with a newline behind it. Their quotes and backslashes are JSON's still."""
    if not records:
        return b""
    # JSON escapes newlines: what looks like the end of an array and the start of the next is nothing else.
    # (replace would take half as long again.)
    return b"\n".join(encode_lines(list(map(astuple, records)))[1:-2].split(b"]\n[")) + b"\n"


_CONTROL = re.compile(rb"\\u00([0-9a-f]{2})")


def to_csv(encoded: bytes) -> bytes:
    """Rows as CSV: quotes doubled, no backslash escapes."""
    if b"\\" not in encoded:
        return encoded
    # What is left between escaped backslashes is a backslash with another character.
    return b"\\".join(map(_without_escapes, encoded.split(rb"\\")))


_ESCAPES = [(rb"\"", b'""'), (rb"\n", b"\n"), (rb"\r", b"\r"), (rb"\t", b"\t"), (rb"\b", b"\b"), (rb"\f", b"\f")]


def _without_escapes(encoded: bytes) -> bytes:
    if b"\\" not in encoded:
        return encoded
    for escape, character in _ESCAPES:
        encoded = encoded.replace(escape, character)
    return _CONTROL.sub(lambda match: bytes.fromhex(match[1].decode()), encoded)
