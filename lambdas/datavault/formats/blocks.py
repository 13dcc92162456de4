"""Cut a stream into blocks that end where a record ends. Where it cuts depends on the bytes alone (invariant 1)."""

from collections.abc import Callable, Iterator

import msgspec

from ..inflate import Inflater
from ..wire import BLOCK_BYTES, KEPT_BYTES


class Block(msgspec.Struct):
    """Whole lines, the last without its newline; or one line too long to be read (`overlong`, cut to its head).

    `size` is the raw bytes the block stands for. `unfinished` is the last line of a stream that broke off in it.
    """

    data: bytes
    size: int
    overlong: bool = False
    unfinished: bool = False


def last_newline(data: bytes) -> int:
    return data.rfind(b"\n")


def blocks(inflater: Inflater, max_line_bytes: int, cut: Callable[[bytes], int] = last_newline) -> Iterator[Block]:
    """Blocks of about BLOCK_BYTES. `cut` gives the position of the last newline that ends a record, or -1."""
    rest = b""
    while True:
        piece = inflater.read(BLOCK_BYTES)
        data = rest + piece
        position = cut(data)
        if position >= 0:
            yield Block(data[:position], position + 1)
            rest = data[position + 1 :]
        elif len(data) > max_line_bytes:
            head = data[:KEPT_BYTES].partition(b"\n")[0]
            size, rest = _skip_line(inflater, data)
            yield Block(head, size, overlong=True)
        else:
            rest = data
            if not piece:
                break
    if rest or inflater.failure:
        # A stream that broke off may have cut its last value short: "123" could be the start of "1234".
        yield Block(rest, len(rest), unfinished=inflater.failure is not None)


def _skip_line(inflater: Inflater, data: bytes) -> tuple[int, bytes]:
    """Pass over the rest of a line: its size, and what was read behind it."""
    size = 0
    while (position := data.find(b"\n")) < 0:
        size += len(data)
        data = inflater.read(BLOCK_BYTES)
        if not data:
            return size, b""
    return size + position + 1, data[position + 1 :]
