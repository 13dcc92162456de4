"""Where the fuzzer starts: the table of hostile inputs, and chunks and quarantine objects of ours."""

from collections.abc import Iterator

import msgspec

from datavault import frames

from ..unit.hostile_inputs import CASES, CONTRACT, value_cases
from ..unit.support import process
from .targets import KEYS, parser_input

# A longer one teaches the fuzzer nothing and slows it down.
MAX_BYTES = 2_000


def seeds(target: str) -> Iterator[bytes]:
    """Inputs of the target, the same every time."""
    found = _parser() if target == "parser" else _wire()
    yield from (data for data in found if len(data) <= MAX_BYTES)


def _parser() -> Iterator[bytes]:
    for case in [*CASES, *(case for case, *_ in value_cases())]:
        name = case.key.removesuffix(".gz").removesuffix(".zst")
        yield parser_input(case.data, name if name in KEYS else "a")


def _wire() -> Iterator[bytes]:
    result = process(b'{"n": 1, "s": "a"}\n{"n": "\xff"}\n{"n": x}\n{"n": 2}\n', CONTRACT)
    (chunk,) = result.chunks
    yield b"\0" + chunk.data
    yield b"\0" + result.quarantine_body
    yield b"\1" + msgspec.json.encode(chunk.header) + b'\n{"n":1}\n{"n":2}\n'
    header, body = frames.split(result.quarantine_body, MAX_BYTES)
    yield b"\1" + header + frames.decompress(body)
    yield b"\2" + header + body
