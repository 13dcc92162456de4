"""CSV with a header line (RFC 4180). A row becomes a JSON text, and is then judged exactly as a JSON record is.

So `1.5`, `1e2`, ` 7`, `0x1F` or `nan` are no integers here either. The line number of a record is its row's, with the
header as 1: the one that an editor shows, unless values hold newlines.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat

import msgspec

from ..contract import Contract, Field
from ..decimals import NUMBER
from ..inflate import Inflater
from ..reasons import Reason, Reject
from ..records import Batch
from ..wire import KEPT_BYTES
from .blocks import Block, blocks
from .errors import ObjectRejectedError
from .plain_csv import PlainRows, plain_rows

_BOM = "\ufeff"
# Values of a column repeat; this many distinct ones are remembered for a column before it starts anew.
_MAX_REMEMBERED = 10_000

_encode = msgspec.json.Encoder().encode


class _Cells(dict[str, str]):
    """What stands in a row's JSON text for each value of one column, made once per distinct value."""

    def __init__(self, to_json: Callable[[str], str]) -> None:
        self._to_json = to_json

    def __missing__(self, value: str) -> str:
        if len(self) >= _MAX_REMEMBERED:
            self.clear()
        text = self[value] = self._to_json(value)
        return text


def looks_like_header(head: bytes, contract: Contract) -> bool:
    """Whether the first line names at least one field of the contract."""
    names = {field.name for field in contract.fields}
    return not names.isdisjoint(_header(head.partition(b"\n")[0], contract))


def batches(inflater: Inflater, contract: Contract) -> Iterator[Batch]:
    """Batches of rows.

    Raises
    ------
    ObjectRejectedError
        The header lacks a required field, names one twice or (if the contract rejects unknown fields) an unknown one.
    """
    # The module's own limit of 128 KiB a field would raise on what the contract allows; overlong rows are ours to say.
    csv.field_size_limit(2**31 - 1)
    columns: list[_Cells] = []
    passing: PlainRows | None = None
    line = 1
    for block in blocks(inflater, contract.max_record_bytes, _last_row_end):
        if block.unfinished:
            reason = inflater.failure or Reason.CORRUPT_STREAM
            yield Batch(line, [], [], [Reject(line, reason, "", block.data[:KEPT_BYTES], rest=True)], block.size)
            return
        if line == 1:
            if block.overlong:
                raise ObjectRejectedError(Reason.INVALID_HEADER)
            header, block.data, has_rows = split_header(block.data)
            names = _header(header, contract)
            columns, passing = _plan(names, contract), plain_rows(names, contract)
            line = 2
            if not has_rows:
                continue
        if block.overlong:
            # A quote that is never closed makes a short line look endless.
            reason = Reason.TOO_LARGE if block.size > contract.max_record_bytes else Reason.INVALID_CSV
            rejects = [Reject(line, reason, "", block.data[:KEPT_BYTES])]
            yield Batch(line, [b""], [block.data], rejects, block.size)
            line += 1
            continue
        for batch in _batches(line, block, columns, passing, contract.csv.delimiter):
            yield batch
            line += len(batch.originals)


def _last_row_end(data: bytes) -> int:
    """The last newline outside quotes, or -1. Quotes inside a quoted value are doubled, so they keep the parity."""
    position = data.rfind(b"\n")
    is_quoted = data.count(b'"', 0, max(position, 0)) % 2
    while position >= 0 and is_quoted:
        behind, position = position, data.rfind(b"\n", 0, position)
        is_quoted ^= data.count(b'"', max(position, 0), behind) % 2
    return position


def split_header(data: bytes) -> tuple[bytes, bytes, bool]:
    """The header, what follows it, and whether anything does (a blank line is something)."""
    position = data.find(b"\n")
    while position >= 0 and data.count(b'"', 0, position) % 2:
        position = data.find(b"\n", position + 1)
    return (data[:position], data[position + 1 :], True) if position >= 0 else (data, b"", False)


def _header(line: bytes, contract: Contract) -> list[str]:
    text = line.decode("utf-8", "replace").removeprefix(_BOM)
    try:
        return next(csv.reader([text], delimiter=contract.csv.delimiter, strict=True), [])
    except csv.Error:
        return []


def _plan(header: Sequence[str], contract: Contract) -> list[_Cells]:
    """How to write a row: the cells of each column, one after the other, are its JSON text and a newline."""
    fields = {field.name: field for field in contract.fields}
    if fields.keys().isdisjoint(header):
        # No header at all, but a row of values: they must not stand where a field is named.
        raise ObjectRejectedError(Reason.INVALID_HEADER)
    for name in header:
        if header.count(name) > 1 or (name not in fields and contract.unknown_fields == "reject"):
            raise ObjectRejectedError(Reason.INVALID_HEADER, name)
    for field in contract.fields:
        if field.required and field.name not in header:
            raise ObjectRejectedError(Reason.INVALID_HEADER, field.name)
    nulls = frozenset(contract.csv.null_values)
    known = [name for name in header if name in fields]
    return [
        _Cells(_member(fields[name], nulls, "{" if name == known[0] else ",", "}\n" if name == known[-1] else ""))
        if name in fields
        else _Cells(lambda _: "")
        for name in header
    ]


def _member(field: Field, nulls: frozenset[str], before: str, behind: str) -> Callable[[str], str]:
    write, head = _writer(field, nulls), f"{before}{_quote(field.name)}:"
    return lambda value: f"{head}{write(value)}{behind}"


def _writer(field: Field, nulls: frozenset[str]) -> Callable[[str], str]:
    match field.type:
        case "integer" | "number" | "decimal":
            # What is no number is written as a string, and so is of the wrong type.
            return lambda value: "null" if value in nulls else value if NUMBER.fullmatch(value) else _quote(value)
        case "boolean":
            literals = {"true": "true", "false": "false"}
            return lambda value: "null" if value in nulls else literals.get(value.lower()) or _quote(value)
        case "object" | "array":
            # A nested value is its JSON text in a cell; what is no JSON becomes a string, which is of the wrong type.
            return lambda value: "null" if value in nulls else _nested(value)
        case _:
            return lambda value: "null" if value in nulls else _quote(value)


def _quote(value: str) -> str:
    return _encode(value).decode()


def _nested(value: str) -> str:
    try:
        return _encode(msgspec.json.decode(value, type=msgspec.Raw)).decode().replace("\n", " ")
    except (msgspec.DecodeError, RecursionError):
        return _quote(value)


def _batches(
    first: int, block: Block, columns: list[_Cells], passing: PlainRows | None, delimiter: str
) -> Iterator[Batch]:
    plain = _plain(block.data, delimiter, len(columns))
    if plain is None:
        yield _quoted(first, block, columns, delimiter)
        return
    rows = plain.originals
    others = passing.others(plain.data, rows, plain.cells) if passing else range(len(rows))
    if not others:
        yield Batch(first, [], rows, [], block.size, rows=plain.data + b"\n")
    elif len(others) * _FEW > len(rows):
        yield Batch(first, _write(plain.cells, columns), rows, [], block.size)
    else:
        yield from _parts(first, plain, others, columns)
        # A chunk may end behind a block alone.
        yield Batch(first + len(rows), [], [], [], block.size)


# Of more rows than one in so many, parts would take longer than the whole block.
_FEW = 5


def _parts(first: int, plain: "_Plain", others: Sequence[int], columns: list[_Cells]) -> Iterator[Batch]:
    """Rows that travel as they came and `others`, in turns."""
    lines, width, start = plain.data.split(b"\n"), len(columns), 0
    for place in [*others, len(lines)]:
        if place > start:
            rows = b"\n".join(lines[start:place]) + b"\n"
            yield Batch(first + start, [], plain.originals[start:place], [], 0, rows=rows)
        if place < len(lines):
            texts = _write(plain.cells[place * width : (place + 1) * width], columns)
            yield Batch(first + place, texts, [plain.originals[place]], [], 0)
        start = place + 1


def _quoted(first: int, block: Block, columns: list[_Cells], delimiter: str) -> Batch:
    rejects: list[Reject] = []
    try:
        rows, originals = _rows(block.data, delimiter)
    except (UnicodeDecodeError, csv.Error):
        rows, originals = _rows_one_by_one(block.data, delimiter, first, rejects)
    for position, row in enumerate(rows):
        if row and len(row) != len(columns):
            rejects.append(Reject(first + position, Reason.WRONG_COLUMN_COUNT, "", originals[position]))
            rows[position] = []
    written = iter(_write(list(chain.from_iterable(rows)), columns))
    return Batch(first, [next(written) if row else b"" for row in rows], originals, rejects, block.size)


class _Plain(msgspec.Struct, frozen=True):
    """A block without carriage returns, its cells, row after row, and its lines as they came."""

    data: bytes
    cells: list[str]
    originals: list[bytes]


def _plain(data: bytes, delimiter: str, width: int) -> _Plain | None:
    """A block in which each delimiter and newline is one.

    None where something is quoted, unreadable or ragged: for the csv module to read, which gives the same here and
    takes several times as long.
    """
    lines = data.split(b"\n")
    if b"\r" in data:
        data = data.removesuffix(b"\r").replace(b"\r\n", b"\n")
    if width < 2 or b'"' in data or b"\r" in data:
        return None
    if set(map(bytes.count, lines, repeat(delimiter.encode()))) != {width - 1}:
        return None
    try:
        return _Plain(data, data.decode().replace("\n", delimiter).split(delimiter), lines)
    except UnicodeDecodeError:
        return None


def _write(cells: list[str], columns: list[_Cells]) -> list[bytes]:
    """Rows as JSON texts, column by column, so that no Python runs per row. `cells` are overwritten."""
    for position, column in enumerate(columns):
        cells[position :: len(columns)] = map(column.__getitem__, cells[position :: len(columns)])
    return "".join(cells).encode().split(b"\n")[:-1]


def _rows(data: bytes, delimiter: str) -> tuple[list[list[str]], list[bytes]]:
    """The rows of a block, an empty list for a blank line, and the bytes that each came from.

    Raises
    ------
    UnicodeDecodeError, csv.Error
        Some row is not readable.
    """
    text, lines = data.decode(), data.split(b"\n")
    rows: list[list[str]] = []
    originals: list[bytes] = []
    reader = csv.reader(_with_newlines(text), delimiter=delimiter, strict=True)
    start = 0
    for row in reader:
        rows.append(row)
        originals.append(b"\n".join(lines[start : reader.line_num]))
        start = reader.line_num
    return rows, originals


def _rows_one_by_one(
    data: bytes, delimiter: str, first: int, rejects: list[Reject]
) -> tuple[list[list[str]], list[bytes]]:
    """As `_rows`, for a block with unreadable rows: they become rejects and empty lists.

    A quote that is never closed spoils the line it is in; the next line is read as a new row.
    """
    rows: list[list[str]] = []
    originals: list[bytes] = []
    lines = data.split(b"\n")
    text_lines = list(_with_newlines(data.decode(errors="surrogateescape")))
    reader = csv.reader(text_lines, delimiter=delimiter, strict=True)
    begun = start = 0  # the lines where the reader and the row begin
    while start < len(lines):
        reason: Reason | None = None
        row: list[str] = []
        try:
            row = next(reader)
            end = begun + reader.line_num
        except csv.Error:
            reason, end = Reason.INVALID_CSV, start + 1
            if begun + reader.line_num != end:
                begun, reader = end, csv.reader(text_lines[end:], delimiter=delimiter, strict=True)
        original = b"\n".join(lines[start:end])
        start = end
        try:
            original.decode()
        except UnicodeDecodeError:
            reason = Reason.INVALID_UTF8
        if reason:
            rejects.append(Reject(first + len(rows), reason, "", original))
            row = []
        rows.append(row)
        originals.append(original)
    return rows, originals


def _with_newlines(text: str) -> Iterator[str]:
    """Lines with their "\\n", which the csv module needs to see inside quotes. (splitlines cuts at a dozen others.)"""
    *lines, last = text.split("\n")
    return chain(map(str.__add__, lines, repeat("\n")), [last])
