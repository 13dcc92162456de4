"""What the fuzzer calls: a target takes any bytes and raises only if a promise is broken.

The first bytes of an input choose how the rest is used, so that one corpus reaches every format and compression.
"""

import gzip
from collections.abc import Callable
from contextlib import nullcontext, suppress

from backports import zstd

from datavault import frames, quarantine
from datavault.chunk import open_chunk
from datavault.contract import CsvOptions

from ..unit.hostile_inputs import FIELDS
from ..unit.invariants import check
from ..unit.support import EVERY_TYPE, make_contract, small_wire

KEYS = ("a.ndjson", "a.json", "a.csv", "a")
PACKS: tuple[Callable[[bytes], bytes], ...] = (bytes, gzip.compress, zstd.compress)
# Small limits: a bomb of a few bytes must not take the fuzzer's time, and what is beyond a limit is soon reached.
LIMITS = {"max_record_bytes": 1_000, "max_object_bytes": 20_000}
CONTRACTS = (
    make_contract(FIELDS, **LIMITS),
    make_contract(EVERY_TYPE, **LIMITS),
    make_contract(
        FIELDS, unknown_fields="ignore", max_record_bytes=60, max_object_bytes=2_000, csv=CsvOptions(";", ("", "NA"))
    ),
)


def parser_input(data: bytes, key: str, contract: int = 0, *, small: bool = True) -> bytes:
    """An input of `parser` that gives it this object."""
    return bytes([KEYS.index(key), contract, small]) + data


def parser(data: bytes) -> None:
    """Choose a format, read batches, judge them, make chunks and quarantine: the invariants of `check` hold."""
    if len(data) < 3:
        return
    choice, contract, small = data[0], CONTRACTS[data[1] % len(CONTRACTS)], data[2] % 2
    key = KEYS[choice % len(KEYS)]
    pack = PACKS[choice // len(KEYS) % len(PACKS)]
    with small_wire() if small else nullcontext():
        check(pack(data[3:]), contract, f"books/{key}")


def wire(data: bytes) -> None:
    """Foreign bytes as a chunk and as a quarantine object: FrameError, or something that can be used."""
    if not data:
        return
    choice, data = data[0] % 3, data[1:]
    if choice:
        # A header in a frame of its own: without it, no mutation would get past the checksum.
        header, _, body = data.partition(b"\n")
        data = frames.compress(header) + (frames.compress(body) if choice == 1 else body)
    with suppress(frames.FrameError):
        header, body = open_chunk(data)
        assert header.date
        frames.decompress(body)
    with suppress(frames.FrameError):
        _, entries = quarantine.read(data)
        assert all(isinstance(entry.original_bytes, bytes) for entry in entries)


TARGETS: dict[str, Callable[[bytes], None]] = {"parser": parser, "wire": wire}
