"""A process that reads 200 MB without an end of line, element or row; prints how much its memory grew.

usage: python -m tests.unit.endless line|element|row|"line in gzip"
"""

import gzip
import json
import resource
import sys
from collections.abc import Callable

from datavault.process import Processing
from datavault.wire import KIB, MIB

from .hostile_inputs import CONTRACT
from .support import raw_object, reader

_BYTES = 200 * MIB
_HEADS = {
    "line": ("a.ndjson", b'{"n": 1}\n', b"x"),
    "element": ("a.json", b'[{"n": 1}, {"s": "', b"x"),
    "row": ("a.csv", b"n,s\n1,a\n2,", b"x"),
    "line in gzip": ("a.ndjson", b'{"n": 1}\n', b"x"),
}


def endless(head: bytes, filling: bytes) -> Callable[[int], bytes]:
    """A `read(n)` that gives the head and then 200 MB of the filling, made as they are read."""
    left = _BYTES
    block = filling * (64 * KIB // len(filling))

    def read(size: int) -> bytes:
        nonlocal head, left
        if head:
            piece, head = head[:size], head[size:]
            return piece
        piece = block[: min(size, left)]
        left -= len(piece)
        return piece

    return read


def main(case: str) -> None:
    name, head, filling = _HEADS[case]
    read = endless(head, filling)
    if case == "line in gzip":
        packed = memoryview(gzip.compress(head) + gzip.compress(filling * MIB) * (_BYTES // MIB))
        position = 0

        def read(size: int) -> bytes:
            nonlocal position
            position += size
            return bytes(packed[position - size : position])

    run(name, reader(head + filling * MIB))  # what is made once does not count
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    processing = run(name, read)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    found = {
        "grown_bytes": grown * (1 if sys.platform == "darwin" else KIB),
        "valid": processing.receipt().valid,
        "reasons": dict(processing.quarantine.reasons),
    }
    print(json.dumps(found))  # noqa: T201  a process answers


def run(name: str, read: Callable[[int], bytes]) -> Processing:
    processing = Processing(raw_object(f"books/{name}"), CONTRACT, read)
    for _ in processing.chunks():
        pass
    return processing


if __name__ == "__main__":
    main(sys.argv[1])
