"""Properties that hold for any input: damaged files, any JSON under any contract, any bytes as a chunk."""

import gzip
import json
import string
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import duckdb
import msgspec
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from datavault import frames, quarantine
from datavault.chunk import ChunkHeader, open_chunk
from datavault.contract import Contract, Field
from datavault.duck import identifier, literal, read_records, read_rows
from datavault.reasons import Reason
from datavault.rows import layout, to_csv

from .hostile_inputs import CONTRACT
from .invariants import check
from .support import judge, make_contract, process, small_wire

# Damaged files

GOOD = [{"n": n, "s": 'a"b,\n\u00e9' * (n % 3), "d": f"{n}.5", "tags": ["x"] * (n % 2)} for n in range(30)]
FILES = {
    "a.ndjson": b"".join(json.dumps(record).encode() + b"\n" for record in GOOD),
    "a.json": json.dumps(GOOD, indent=1).encode(),
    "a.csv": b"n,s,d\n" + b"".join(b'%d,"a""b,\n%d",%d.5\n' % (n, n, n) for n in range(30)),
}
PACK: dict[str, Callable[[bytes], bytes]] = {"": bytes, ".gz": gzip.compress, ".zst": zstd.compress}
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "splice", "duplicate"]), st.floats(0, 1), st.integers(1, 60), st.floats(0, 1)
    ),
    min_size=1,
    max_size=5,
)


def damage(data: bytes, edits: list[tuple[str, float, int, float]]) -> bytes:
    for kind, place, size, other in edits:
        start, source = int(place * len(data)), int(other * len(data))
        head, tail = data[:start], data[start:]
        match kind:
            case "flip" if tail:
                data = head + bytes([tail[0] ^ 1 << size % 8]) + tail[1:]
            case "cut":
                data = head + tail[size:]
            case "splice":
                data = head + data[source : source + size] + tail
            case "duplicate":
                data = head + tail[:size] * 2 + tail[size:]
    return data


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("name", FILES)
@settings(max_examples=40, deadline=None)
@given(edits=EDITS, is_inside=st.booleans())
def test_every_invariant_holds_for_a_damaged_file(name: str, suffix: str, edits: Any, is_inside: bool) -> None:
    pack, data = PACK[suffix], FILES[name]
    damaged = pack(damage(data, edits)) if is_inside else damage(pack(data), edits)
    with small_wire():
        check(damaged, CONTRACT, f"books/{name}{suffix}")


# What is accepted means in DuckDB what it means in JSON

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NAMES = st.text(string.ascii_letters + "_ .'%$\u00e9\N{GRINNING FACE}", min_size=1, max_size=4)
OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
NUMBER_TEXTS = st.from_regex(
    r"\A-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,5})?\Z", alphabet=string.printable
)


class Literal(str):
    """A JSON number as it is written."""

    __slots__ = ()


def scalars() -> st.SearchStrategy[Field]:
    decimals = st.integers(1, 38).flatmap(lambda precision: st.tuples(st.just(precision), st.integers(0, precision)))
    return st.one_of(
        st.sampled_from(["string", "number", "boolean", "date", "timestamp"]).map(lambda kind: Field("", kind)),
        st.sampled_from([16, 32, 64]).map(lambda bits: Field("", "integer", bits=bits)),
        decimals.map(lambda size: Field("", "decimal", precision=size[0], scale=size[1])),
    )


def named(kinds: st.SearchStrategy[Field]) -> st.SearchStrategy[tuple[Field, ...]]:
    # DuckDB's names do not tell capitals apart; `contract check` refuses such a contract.
    names = st.lists(NAMES, min_size=1, max_size=4, unique_by=str.casefold)
    return names.flatmap(
        lambda given: st.tuples(
            *[kinds.map(lambda kind, name=name: msgspec.structs.replace(kind, name=name)) for name in given]
        )
    )


def nested(kinds: st.SearchStrategy[Field]) -> st.SearchStrategy[Field]:
    return kinds.map(lambda kind: Field("", "array", items=kind)) | named(kinds).map(
        lambda fields: Field("", "object", fields=fields)
    )


FIELDS = named(st.recursive(scalars(), nested, max_leaves=4))


def values(field: Field) -> st.SearchStrategy[Any]:  # noqa: PLR0911  one case per type
    """Values that the field may take; most of them, it does."""
    match field.type:
        case "string":
            return TEXT
        case "integer":
            edge = 2 ** (field.bits - 1)
            return st.integers(-edge, edge - 1) | st.sampled_from([edge, -edge, edge - 1])
        case "number":
            return st.floats(allow_nan=False, allow_infinity=False) | st.integers() | NUMBER_TEXTS.map(Literal)
        case "decimal":
            digits = st.integers(-(10**field.precision), 10**field.precision)
            exact = digits.map(lambda number: Literal(str(Decimal(number).scaleb(-field.scale))))
            return exact | exact.map(str) | NUMBER_TEXTS.map(Literal)
        case "boolean":
            return st.booleans()
        case "date":
            return st.dates().map(date.isoformat)
        case "timestamp":
            return st.datetimes(timezones=OFFSETS).map(datetime.isoformat)
        case "object":
            return st.fixed_dictionaries({}, optional={member.name: values(member) for member in field.fields})
        case "array":
            assert field.items
            return st.lists(values(field.items), max_size=3)


def to_json(value: Any) -> str:
    match value:
        case Literal():
            return value
        case dict():
            return "{" + ",".join(f"{json.dumps(name)}:{to_json(item)}" for name, item in value.items()) + "}"
        case list():
            return "[" + ",".join(map(to_json, value)) + "]"
        case _:
            return json.dumps(value)


def meaning(field: Field, value: Any) -> Any:  # noqa: PLR0911  one case per type
    """What a value of JSON (numbers with a fraction read as Decimal) means in the field's type."""
    if value is None:
        return None
    match field.type:
        case "number":
            return float(value)
        case "decimal":
            return Decimal(value)
        case "date":
            return date.fromisoformat(value)
        case "timestamp":
            moment = datetime.fromisoformat(value) - datetime(1970, 1, 1, tzinfo=UTC)
            return moment // timedelta(microseconds=1)
        case "object":
            return {member.name: meaning(member, value.get(member.name)) for member in field.fields}
        case "array":
            assert field.items
            return [meaning(field.items, item) for item in value]
        case _:
            return value


def readable(field: Field, expression: str, depth: int = 0) -> str:
    """SQL for the value as DuckDB hands it to Python; timestamps as microseconds since 1970, exactly."""
    match field.type:
        case "timestamp":
            return f"epoch_us({expression})"
        case "object":
            members = ", ".join(
                f"{identifier(member.name)} := "
                + readable(member, f"struct_extract({expression}, {literal(member.name)})", depth)
                for member in field.fields
            )
            return f"CASE WHEN {expression} IS NOT NULL THEN struct_pack({members}) END"
        case "array":
            assert field.items
            return f"list_transform({expression}, lambda x{depth}: {readable(field.items, f'x{depth}', depth + 1)})"
        case _:
            return expression


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as opened:
        yield opened


def read_by_duckdb(connection: duckdb.DuckDBPyConnection, contract: Contract, encoded: bytes) -> list[tuple[Any, ...]]:
    columns = ", ".join(readable(field, identifier(field.name)) for field in contract.fields)
    with NamedTemporaryFile(suffix=".ndjson.zst") as file:
        if found := layout(contract, "ndjson"):
            Path(file.name).write_bytes(frames.compress(to_csv(encoded)))
            source = read_rows(file.name, found, contract.fields, contract.max_record_bytes)
        else:
            Path(file.name).write_bytes(frames.compress(encoded))
            source = read_records(file.name, contract.fields, contract.max_record_bytes)
        return connection.execute(f"SELECT {columns} FROM {source}").fetchall()


@settings(max_examples=80, deadline=None)
@given(data=st.data(), fields=FIELDS)
def test_what_is_accepted_means_in_duckdb_what_it_means_in_json(
    connection: duckdb.DuckDBPyConnection, data: st.DataObject, fields: tuple[Field, ...]
) -> None:
    contract = make_contract(fields, columns=())
    record = st.fixed_dictionaries({}, optional={field.name: values(field) for field in fields})
    texts = [to_json(record).encode() for record in data.draw(st.lists(record, min_size=1, max_size=12))]
    verdict = judge(contract, *texts)
    assert verdict.records + len(verdict.rejects) == len(texts)
    accepted = [texts[start + offset - 1] for start, count in verdict.runs for offset in range(count)]
    wanted = [
        tuple(meaning(field, json.loads(text, parse_float=Decimal).get(field.name)) for field in fields)
        for text in accepted
    ]
    if accepted:
        assert read_by_duckdb(connection, contract, verdict.encoded) == wanted


# The wire format

(CHUNK,) = process(FILES["a.ndjson"], CONTRACT).chunks
QUARANTINE = process(b'{"n": "\xff"}\n{"n": x}\n' * 20, CONTRACT).quarantine_body
HEADER = msgspec.json.encode(CHUNK.header)
FORGED = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=60).map(str.encode),
    EDITS.map(lambda edits: damage(HEADER, edits)),
    st.sampled_from([b"[" * 100_000, b'{"id":"\xff"}', b"", b"null"]),
)
FOREIGN = st.one_of(
    st.binary(max_size=200),
    st.tuples(FORGED, st.binary(max_size=60) | FORGED.map(frames.compress)).map(
        lambda parts: frames.compress(parts[0]) + parts[1]
    ),
    EDITS.map(lambda edits: damage(CHUNK.data, edits)),
    EDITS.map(lambda edits: damage(QUARANTINE, edits)),
)


@settings(max_examples=400, deadline=None)
@given(data=FOREIGN)
def test_bytes_that_are_no_chunk_are_a_frame_error_and_nothing_else(data: bytes) -> None:
    try:
        header, body = open_chunk(data)
        frames.decompress(body)
    except frames.FrameError:
        return
    assert (header.subject, header.type) != ("", "")


@settings(max_examples=400, deadline=None)
@given(data=FOREIGN)
def test_bytes_that_are_no_quarantine_object_are_a_frame_error_and_nothing_else(data: bytes) -> None:
    try:
        _, entries = quarantine.read(data)
    except frames.FrameError:
        return
    assert all(entry.reason in Reason for entry in entries)


@pytest.mark.parametrize(
    "changes",
    [{"id": "../../etc/passwd"}, {"id": CHUNK.header.id + "\n"}, {"objectid": "'"}, {"records": "1"}, {"more": 1}],
)
def test_a_header_that_names_what_is_no_id_is_refused(changes: dict[str, Any]) -> None:
    header = msgspec.to_builtins(CHUNK.header) | changes
    with pytest.raises(frames.FrameError, match="not a chunk's"):
        open_chunk(frames.compress(msgspec.json.encode(header)) + frames.compress(b"{}\n"))


def test_a_chunk_comes_back_as_it_was() -> None:
    header, body = open_chunk(CHUNK.data)
    assert (header, msgspec.json.decode(HEADER, type=ChunkHeader)) == (CHUNK.header, CHUNK.header)
    assert [json.loads(line)["n"] for line in frames.decompress(body).splitlines()] == list(range(30))
