"""The wire format: what a chunk says of itself, how it is halved, and how foreign bytes are refused."""

import json
import random
from datetime import UTC, datetime

import msgspec
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from datavault import frames
from datavault.chunk import Chunk, merge_runs, open_chunk, seal, split_runs
from datavault.reasons import Reject
from datavault.wire import CHUNK_LIMIT_BYTES

from .support import RECEIVED_AT, lines_of, make_contract, raw_object, records_of

RAW = raw_object("books/2026/day one.ndjson")
RUNS = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), max_size=8)


def runs_of(steps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Runs that do not touch, from (gap, count) pairs."""
    runs, line = [], 0
    for gap, count in steps:
        runs.append((line + gap + 1, count))
        line += gap + 1 + count
    return runs


def one(encoded: bytes, runs: list[tuple[int, int]]) -> Chunk:
    (chunk,) = seal(RAW, "1.0.0", encoded, runs)
    assert isinstance(chunk, Chunk)
    return chunk


def test_the_first_line_of_a_chunk_is_a_cloudevents_header() -> None:
    chunk = one(b'{"a":1}\n{"a":2}\n', [(7, 1), (9, 1)])
    header, *lines = b"".join(zstd.decompress(part) for part in split_frames(chunk.data)).splitlines()
    assert json.loads(header) == {
        "id": f"{RAW.id}-000000000007",
        "source": "s3://raw/books/2026/day one.ndjson",
        "time": RECEIVED_AT.isoformat().replace("+00:00", "Z"),
        "subject": "books",
        "dataschema": "urn:datavault:contract:books:1.0.0",
        "objectid": RAW.id,
        "versionid": "v1",
        "firstline": 7,
        "lastline": 9,
        "records": 2,
        "lineruns": [[7, 1], [9, 1]],
        "type": "datavault.chunk.v2",
        "specversion": "1.0",
        "datacontenttype": "application/x-ndjson",
    }
    assert lines == [b'{"a":1}', b'{"a":2}']
    assert (chunk.header.dataset, chunk.header.date) == ("books", "2026-03-14")


def split_frames(data: bytes) -> list[bytes]:
    header = zstd.ZstdDecompressor()
    header.decompress(data)
    return [data[: len(data) - len(header.unused_data)], header.unused_data]


def test_opening_a_chunk_gives_back_what_was_sealed() -> None:
    chunk = one(b'{"a":1}\n', [(3, 1)])
    header, body = open_chunk(chunk.data)
    assert (header, frames.decompress(body)) == (chunk.header, b'{"a":1}\n')


def test_no_record_makes_no_chunk() -> None:
    assert list(seal(RAW, "1.0.0", b"", [])) == []


def test_halves_keep_every_record_with_its_line_and_fit_into_a_kinesis_record() -> None:
    chance = random.Random(11)
    runs = [(n * 10, 3) for n in range(1, 900)]
    lines = lines_of(runs)
    encoded = b"".join(b'{"line":%d,"x":"%s"}\n' % (line, chance.randbytes(1000).hex().encode()) for line in lines)
    chunks = [chunk for chunk in seal(RAW, "1.0.0", encoded, runs) if isinstance(chunk, Chunk)]
    assert len(chunks) >= 4
    assert max(len(chunk.data) for chunk in chunks) <= CHUNK_LIMIT_BYTES
    found = [(line, record["line"]) for chunk in chunks for line, record in records_of(chunk.data, make_contract())]
    assert found == [(line, line) for line in lines]
    assert len({chunk.header.id for chunk in chunks}) == len(chunks)


def test_a_record_that_fits_into_no_chunk_is_a_reject_and_those_beside_it_are_not() -> None:
    giant = b'{"x":"' + random.Random(1).randbytes(2**20).hex().encode() + b'"}\n'
    sealed = list(seal(RAW, "1.0.0", b"{}\n" + giant + b"{}\n", [(1, 3)]))
    assert [item.header.firstline for item in sealed if isinstance(item, Chunk)] == [1, 3]
    (reject,) = [item for item in sealed if isinstance(item, Reject)]
    assert (reject.line, reject.reason.value, reject.original) == (2, "too_large", giant[:4096])


@given(steps=RUNS, count=st.integers(0, 45))
def test_splitting_runs_loses_no_line(steps: list[tuple[int, int]], count: int) -> None:
    runs = runs_of(steps)
    left, right = split_runs(runs, count)
    lines = lines_of(runs)
    assert (lines_of(left), lines_of(right)) == (lines[:count], lines[count:])


@given(steps=RUNS, count=st.integers(0, 45))
def test_merging_runs_joins_what_touches(steps: list[tuple[int, int]], count: int) -> None:
    runs = runs_of(steps)
    left, right = split_runs(runs, count)
    merge_runs(left, right)
    assert left == runs


@given(data=st.binary(max_size=80))
def test_bytes_that_are_no_chunk_are_refused(data: bytes) -> None:
    for foreign in (data, zstd.compress(data), zstd.compress(data) * 2, one(b"{}\n", [(1, 1)]).data[: len(data)]):
        with pytest.raises(frames.FrameError):
            open_chunk(foreign)


def test_a_chunk_of_another_type_is_refused() -> None:
    header = msgspec.json.decode(msgspec.json.encode(one(b"{}\n", [(1, 1)]).header)) | {"type": "datavault.chunk.v9"}
    with pytest.raises(frames.FrameError, match=r"unknown chunk type 'datavault.chunk.v9'"):
        open_chunk(frames.compress(msgspec.json.encode(header)) + frames.compress(b"{}\n"))


def test_a_header_that_inflates_without_end_is_refused() -> None:
    with pytest.raises(frames.FrameError, match="cut off or too long"):
        open_chunk(frames.compress(bytes(50_000_000)))


def test_a_flipped_bit_in_the_records_is_an_error() -> None:
    data = bytearray(one(b'{"a":"' + b"x" * 50 + b'"}\n', [(1, 1)]).data)
    data[-6] ^= 1
    with pytest.raises(frames.FrameError, match="the body is damaged"):
        frames.decompress(open_chunk(bytes(data))[1])


def test_times_come_from_the_raw_object() -> None:
    assert one(b"{}\n", [(1, 1)]).header.time == datetime(2026, 3, 14, 15, 9, 26, 535000, tzinfo=UTC)
