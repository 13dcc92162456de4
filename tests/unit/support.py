"""What the unit tests share: contracts, raw objects, and the processor's core run over bytes."""

import json
import random
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from datavault import frames, quarantine, rows
from datavault.chunk import Chunk, open_chunk
from datavault.contract import Column, Contract, Field
from datavault.duck import default_sql
from datavault.formats import blocks, json_array
from datavault.identity import RawObject
from datavault.process import Processing
from datavault.quarantine import QuarantineEntry
from datavault.receipt import Receipt
from datavault.records import Batch, Runs, Validator, Verdict
from datavault.rows import Layout

RECEIVED_AT = datetime(2026, 3, 14, 15, 9, 26, 535000, tzinfo=UTC)

EVERY_TYPE = (
    Field("id", "integer", required=True),
    Field("small", "integer", bits=16),
    Field("text", "string"),
    Field("ratio", "number"),
    Field("price", "decimal", precision=12, scale=2),
    Field("ok", "boolean"),
    Field("day", "date"),
    Field("at", "timestamp"),
    Field(
        "place",
        "object",
        fields=(Field("city", "string", required=True), Field("height", "decimal", precision=6, scale=1)),
    ),
    Field("tags", "array", items=Field("", "string")),
    Field("lines", "array", items=Field("", "object", fields=(Field("amount", "decimal", precision=9, scale=3),))),
)
WAREHOUSE_TYPES = {
    "string": "varchar(1000)",
    "integer": "bigint",
    "number": "double precision",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamptz",
    "object": "super",
    "array": "super",
}


def column(field: Field, **options: Any) -> Column:
    """A column as `datavault.authoring` would compile it."""
    usual = {"integer": {16: "smallint", 32: "integer", 64: "bigint"}[field.bits]}
    usual["decimal"] = f"decimal({field.precision},{field.scale})"
    return Column(field, **({"warehouse_type": (WAREHOUSE_TYPES | usual)[field.type]} | options))


def make_contract(fields: Sequence[Field] = EVERY_TYPE, **options: Any) -> Contract:
    """The contract of a dataset `books`; its columns are its fields."""
    given = {"columns": tuple(map(column, fields)), "enrich_sql": default_sql(None), "version": "1.2.3"} | options
    return Contract(dataset="books", fields=tuple(fields), **given)


def raw_object(key: str = "books/day.ndjson", size: int = 0) -> RawObject:
    return RawObject("raw", key, "v1", RECEIVED_AT, size)


def reader(data: bytes, seed: int | None = None) -> Callable[[int], bytes]:
    """A `read(n)` over the bytes. With a seed, it gives as little of what was asked as a slow network does."""
    view, position, chance = memoryview(data), 0, random.Random(seed)

    def read(size: int) -> bytes:
        nonlocal position
        wanted = size if seed is None else chance.randint(1, size)
        piece = bytes(view[position : position + wanted])
        position += len(piece)
        return piece

    return read


class Result(msgspec.Struct, frozen=True):
    """What the processor's core made of an object."""

    contract: Contract
    chunks: list[Chunk]
    receipt: Receipt
    rejects: list[QuarantineEntry]
    quarantine_body: bytes

    @property
    def records(self) -> list[tuple[int, dict[str, Any]]]:
        """Every valid record with its line, in order."""
        return [record for chunk in self.chunks for record in records_of(chunk.data, self.contract)]

    @property
    def reasons(self) -> list[tuple[int, str, str]]:
        return [(reject.line, reject.reason.value, reject.field) for reject in self.rejects]


def records_of(data: bytes, contract: Contract) -> list[tuple[int, dict[str, Any]]]:
    """The records of a chunk with their lines."""
    header, body = open_chunk(data)
    text = frames.decompress(body).decode()
    found = (
        list(rows_of(text, header.layout, contract)) if header.layout else list(map(json.loads, text.split("\n")[:-1]))
    )
    return list(zip(lines_of(header.lineruns), found, strict=True))


_CELL = re.compile(r'"((?:[^"]|"")*)"([,\n])|([^",\n]*)([,\n])')


def rows_of(text: str, layout: Layout, contract: Contract) -> Iterator[dict[str, Any]]:
    """The records of CSV rows as JSON has them, nulls left out: RFC 4180, read by other code than the library's."""
    types = {field.name: field.type for field in contract.fields}
    row: list[str | None] = []
    position = 0
    while position < len(text):
        cell = _CELL.match(text, position)
        assert cell, text[position : position + 50]
        quoted, _, bare, _ = cell.groups()
        row.append(quoted.replace('""', '"') if quoted is not None else None if bare in layout.nulls else bare)
        position = cell.end()
        if text[position - 1] == "\n":
            named = zip(layout.columns, row, strict=True)
            yield {name: _value(types[name], value) for name, value in named if value is not None}
            row = []


def _value(kind: str, text: str) -> Any:
    match kind:
        case "number":
            return float(text)
        case "integer" | "boolean":
            return json.loads(text)
        case "timestamp":
            return text.replace("+00:00", "Z")
        case _:
            return text


def encoded_records(contract: Contract, encoded: bytes) -> list[dict[str, Any]]:
    """What a verdict's records say, rows or not."""
    lines = encoded.decode().split("\n")[:-1]
    if not rows.is_flat(contract.fields):
        return list(map(json.loads, lines))
    names = [field.name for field in contract.fields]
    values = (zip(names, json.loads(f"[{line}]"), strict=True) for line in lines)
    return [{name: value for name, value in row if value is not None} for row in values]


def lines_of(runs: Runs) -> list[int]:
    return [start + offset for start, count in runs for offset in range(count)]


def process(
    data: bytes | Callable[[int], bytes],
    contract: Contract | None = None,
    key: str = "books/day.ndjson",
    seed: int | None = None,
) -> Result:
    """Run the processor's core over an object."""
    source = reader(data, seed) if isinstance(data, bytes) else data
    contract = contract or make_contract()
    processing = Processing(raw_object(key), contract, source)
    chunks = list(processing.chunks())
    body = processing.quarantine.body.read()
    return Result(contract, chunks, processing.receipt(), quarantine.read(body)[1], body)


def judge(contract: Contract, *texts: bytes) -> Verdict:
    return Validator(contract).judge(Batch(1, texts, texts, [], sum(map(len, texts))))


def reason_of(contract: Contract, text: bytes) -> tuple[str, str]:
    """Why one record is refused, and in which field."""
    verdict = judge(contract, text)
    assert (verdict.records, verdict.encoded) == (0, b"")
    (reject,) = verdict.rejects
    assert (reject.line, reject.original) == (1, text)
    return reject.reason.value, reject.field


def accepted(contract: Contract, text: bytes) -> Any:
    """The record as it is re-encoded."""
    verdict = judge(contract, text)
    assert verdict.rejects == []
    (record,) = encoded_records(contract, verdict.encoded)
    return record


@contextmanager
def small_wire(block: int = 64, chunk: int = 200) -> Iterator[None]:
    """Blocks and chunks of a few bytes, so that a short input crosses many of their borders."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (blocks, json_array):
            patch.setattr(module, "BLOCK_BYTES", block)
        for name in ("_NDJSON", "_JSON_ARRAY", "_CSV"):
            patch.setattr(f"datavault.formats.{name}.chunk_input_bytes", chunk)
        yield


@cache
def make_targets() -> set[str]:
    """Every target that make knows, those of environments too, whose names it computes."""
    command = ["make", "--print-data-base", "--question", "--no-builtin-rules", "help"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    # What is only somebody's prerequisite is in the list, too, under a comment.
    return set(re.findall(r"(?<!# Not a target:\n)^([a-z][a-z0-9-]*):", done.stdout, re.MULTILINE))
