"""Chunks: consecutive valid records of one raw object, as they travel through Kinesis (docs/wire-format.md)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from . import frames
from .identity import RawObject, chunk_id
from .reasons import Reason, Reject
from .records import Runs
from .rows import Layout, to_csv
from .wire import CHUNK_LIMIT_BYTES, CHUNK_TYPE, KEPT_BYTES, MIB, READABLE_CHUNK_TYPES

# Far above what the line runs of the worst chunk take; a header beyond it is not ours.
_MAX_HEADER_BYTES = 4 * MIB

# Ids become names of files and objects: what is no id of ours (`identity.py`) must not.
_ObjectId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
_ChunkId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}-[0-9]{12,}\Z")]


class ChunkHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of a chunk. Names are CloudEvents 1.0 attributes and extensions (lower case, no separators).

    `lineruns` are (first line, count) pairs: record n of the chunk came from the n-th line they cover. Rows have
    `columns`, the names of their fields in order, and `nulls`, what stands unquoted for no value.
    """

    id: _ChunkId
    source: str
    time: datetime
    subject: str
    dataschema: str
    objectid: _ObjectId
    versionid: str
    firstline: int
    lastline: int
    records: int
    lineruns: list[tuple[int, int]]
    type: str = CHUNK_TYPE
    specversion: str = "1.0"
    datacontenttype: Literal["application/x-ndjson", "text/csv"] = "application/x-ndjson"
    # Of rows alone, which do not name their fields.
    columns: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    nulls: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET

    @property
    def layout(self) -> Layout | None:
        """How the records are to be read, if they are rows."""
        if isinstance(self.columns, msgspec.UnsetType) or isinstance(self.nulls, msgspec.UnsetType):
            return None
        return Layout(self.columns, self.nulls)

    @property
    def dataset(self) -> str:
        return self.subject

    @property
    def contract_version(self) -> str:
        return self.dataschema.rpartition(":")[2]

    @property
    def date(self) -> str:
        return self.time.date().isoformat()


class Chunk(msgspec.Struct, frozen=True):
    """A header and the frames that carry it and the records."""

    header: ChunkHeader
    data: bytes


def contract_urn(dataset: str, version: str) -> str:
    return f"urn:datavault:contract:{dataset}:{version}"


def seal(
    raw: RawObject, version: str, encoded: bytes, runs: Runs, layout: Layout | None = None
) -> Iterator[Chunk | Reject]:
    """One chunk of the records, or as many halves of halves as it takes to fit a Kinesis record.

    `encoded` is NDJSON, or with a `layout` what `rows.encode` gives: a newline behind each record and no other. `runs`
    are its lines. A record that fits into no chunk comes out as a reject.
    """
    records = sum(count for _, count in runs)
    if not records:
        return
    first, (last_start, last_count) = runs[0][0], runs[-1]
    header = ChunkHeader(
        id=chunk_id(raw.id, first),
        source=raw.source,
        time=raw.last_modified,
        subject=raw.dataset,
        dataschema=contract_urn(raw.dataset, version),
        objectid=raw.id,
        versionid=raw.version_id,
        firstline=first,
        lastline=last_start + last_count - 1,
        records=records,
        lineruns=runs,
    )
    body = encoded
    if layout:
        rows = {"datacontenttype": "text/csv", "columns": layout.columns, "nulls": layout.nulls}
        header, body = msgspec.structs.replace(header, **rows), to_csv(encoded)
    data = frames.compress(msgspec.json.encode(header) + b"\n") + frames.compress(body)
    if len(data) <= CHUNK_LIMIT_BYTES:
        yield Chunk(header, data)
        return
    if records == 1:
        yield Reject(first, Reason.TOO_LARGE, "", encoded[:KEPT_BYTES])
        return
    half = records // 2
    # The half-way newline: records hold no raw newline here, JSON escapes it.
    lines = encoded.split(b"\n")
    left, right = b"\n".join(lines[:half]) + b"\n", b"\n".join(lines[half:])
    left_runs, right_runs = split_runs(runs, half)
    yield from seal(raw, version, left, left_runs, layout)
    yield from seal(raw, version, right, right_runs, layout)


def split_runs(runs: Runs, count: int) -> tuple[Runs, Runs]:
    """The runs of the first `count` records, and those of the rest."""
    left: Runs = []
    for position, (start, length) in enumerate(runs):
        if length > count:
            head: Runs = [(start, count)] if count else []
            return left + head, [(start + count, length - count), *runs[position + 1 :]]
        left.append((start, length))
        count -= length
    return left, []


def merge_runs(runs: Runs, more: Runs) -> None:
    """Append `more`, which follow `runs`, joining what touches."""
    for start, length in more:
        if runs and sum(runs[-1]) == start:
            runs[-1] = (runs[-1][0], runs[-1][1] + length)
        else:
            runs.append((start, length))


def open_chunk(data: bytes) -> tuple[ChunkHeader, bytes]:
    """The header of a chunk, and its records as one zstd frame of NDJSON or CSV.

    Raises
    ------
    FrameError
        The bytes are no chunk of this wire format.
    """
    header, body = frames.split(data, _MAX_HEADER_BYTES)
    try:
        decoded = msgspec.json.decode(header, type=ChunkHeader)
    except frames.FOREIGN_JSON as error:
        raise frames.FrameError("the header is not a chunk's") from error
    if decoded.type not in READABLE_CHUNK_TYPES:
        raise frames.FrameError(f"unknown chunk type {decoded.type!r}")
    return decoded, body
