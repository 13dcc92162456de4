"""Decompression: the same bytes however they arrive, damage told and never raised, output bounded."""

import gzip
import random
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from datavault.inflate import Inflater
from datavault.reasons import Reason

from .support import reader

LIMIT = 10**9
TEXT = b"".join(b"line %d of a text that compresses somewhat\n" % n for n in range(20_000))
NOISE = random.Random(1).randbytes(300_000)


def read_all(data: bytes, limit: int = LIMIT, seed: int | None = None, size: int = 50_000) -> tuple[bytes, Inflater]:
    inflater = Inflater(reader(data, seed), limit)
    pieces = []
    while piece := inflater.read(size):
        pieces.append(piece)
    return b"".join(pieces), inflater


@pytest.mark.parametrize("data", [TEXT, NOISE, b"", b"x"])
@pytest.mark.parametrize(("pack", "name"), [(bytes, "none"), (gzip.compress, "gzip"), (zstd.compress, "zstd")])
@pytest.mark.parametrize("seed", [None, 1])
def test_what_was_packed_comes_out(data: bytes, pack: Callable[[bytes], bytes], name: str, seed: int | None) -> None:
    out, inflater = read_all(pack(data), seed=seed)
    assert (out, inflater.failure, inflater.compression) == (data, None, name)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress])
def test_reads_are_exactly_as_long_as_asked_but_for_the_last(pack: Callable[[bytes], bytes]) -> None:
    inflater = Inflater(reader(pack(TEXT), seed=2), LIMIT)
    assert inflater.peek(10) == TEXT[:10]
    assert inflater.peek(200_000) == TEXT[:200_000]
    assert inflater.read(65_536) == TEXT[:65_536]
    assert inflater.peek(5) == TEXT[65_536:65_541]
    assert inflater.read(10**7) == TEXT[65_536:]
    assert inflater.read(1) == b""


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_many_members_are_one_stream(pack: Callable[[bytes], bytes]) -> None:
    parts = [TEXT[n * 100 : n * 100 + 100] for n in range(500)] + [b""]
    out, inflater = read_all(b"".join(map(pack, parts)), seed=3)
    assert (out, inflater.failure) == (b"".join(parts), None)


def test_the_padding_of_a_tape_behind_the_last_member_is_no_damage() -> None:
    out, inflater = read_all(gzip.compress(TEXT) + bytes(100_000))
    assert (out, inflater.failure) == (TEXT, None)


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_anything_else_behind_the_last_member_is_damage(pack: Callable[[bytes], bytes]) -> None:
    for rubbish in (b"rubbish", b"X", bytes(5) + b"X"):
        out, inflater = read_all(pack(TEXT) + rubbish)
        assert (out, inflater.failure) == (TEXT, Reason.CORRUPT_STREAM)


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_a_stream_that_ends_early_anywhere_is_damage_and_its_start_is_kept(pack: Callable[[bytes], bytes]) -> None:
    packed = pack(TEXT[:3000])
    for end in range(4, len(packed)):
        out, inflater = read_all(packed[:end])
        assert inflater.failure is Reason.CORRUPT_STREAM
        assert TEXT.startswith(out)


@pytest.mark.parametrize("wbits", [16 + 15])
def test_a_wrong_checksum_is_damage(wbits: int) -> None:
    packer = zlib.compressobj(wbits=wbits)
    packed = bytearray(packer.compress(TEXT) + packer.flush())
    packed[-5] ^= 1
    assert read_all(bytes(packed))[1].failure is Reason.CORRUPT_STREAM


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress])
def test_output_stops_at_the_limit(pack: Callable[[bytes], bytes]) -> None:
    out, inflater = read_all(pack(TEXT), limit=100_000)
    assert (out, inflater.failure) == (TEXT[:100_000], Reason.TOO_LARGE)
    out, inflater = read_all(pack(TEXT), limit=len(TEXT))
    assert (out, inflater.failure) == (TEXT, None)


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_a_bomb_is_never_inflated_beyond_what_is_asked(pack: Callable[[bytes], bytes]) -> None:
    inflater = Inflater(reader(pack(bytes(5 * 10**7))), 10**12)
    tracemalloc.start()
    assert [inflater.read(1000) for _ in range(5)] == [bytes(1000)] * 5
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10**6  # of 50 million


@pytest.mark.parametrize("first", [0x50, 0x5A, 0x5F])
def test_zstd_may_begin_with_a_skippable_frame_of_each_kind(first: int) -> None:
    frame = bytes([first]) + b"\x2a\x4d\x18" + (3).to_bytes(4, "little") + b"abc"
    out, inflater = read_all(frame + zstd.compress(TEXT))
    assert (out, inflater.failure, inflater.compression) == (TEXT, None, "zstd")


@pytest.mark.parametrize("head", [b"\x60\x2a\x4d\x18", b"\x4f\x2a\x4d\x18", b"\x50\x2a\x4d\x19", b"\x50"])
def test_what_only_looks_like_a_skippable_frame_is_taken_as_it_is(head: bytes) -> None:
    out, inflater = read_all(head + b"abc")
    assert (out, inflater.failure, inflater.compression) == (head + b"abc", None, "none")


@settings(max_examples=300, deadline=None)
@given(
    magic=st.sampled_from([gzip.compress(TEXT[:500]), zstd.compress(TEXT[:500]), gzip.compress(b"a") * 3]),
    place=st.integers(0, 600),
    insert=st.binary(max_size=8),
    cut=st.integers(0, 8),
    seed=st.integers(0, 9),
)
def test_no_damage_raises_hangs_or_depends_on_the_network(
    magic: bytes, place: int, insert: bytes, cut: int, seed: int
) -> None:
    data = magic[:place] + insert + magic[place + cut :]
    out, inflater = read_all(data, limit=100_000, size=100)
    again, same = read_all(data, limit=100_000, seed=seed, size=100)
    assert (out, inflater.failure) == (again, same.failure)
    assert inflater.failure in (None, Reason.CORRUPT_STREAM, Reason.TOO_LARGE)
