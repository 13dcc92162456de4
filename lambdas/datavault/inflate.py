"""Decompress a raw object while it is read: plain, gzip or zstd, told by the first bytes.

`Inflater.read` gives exact sizes and never raises on damaged input: damage ends the stream and is left in `failure`,
so that the records before it are kept and the rest is accounted for.
"""

from collections.abc import Callable
from typing import Protocol

from backports import zstd
from isal import igzip_lib

from .reasons import Reason
from .wire import KIB

_INPUT_BYTES = 64 * KIB
_GZIP_ERROR: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment]  # its stub names an instance
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
# A skippable frame, 50 to 5F in its first byte (RFC 8878, 3.1.2): parallel compressors begin with one.
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"


class _Decompressor(Protocol):
    """What the decompressors of zstd and isal share (that of the standard library's bz2 and lzma, too)."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def _gzip() -> _Decompressor:
    decompressor: _Decompressor = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
    return decompressor


class Inflater:
    """Reads `source` (a `read(n)` function, for example an S3 body's) and decompresses it.

    `max_bytes` bounds what comes out, whatever a small input claims to hold. After the end, `failure` is None,
    CORRUPT_STREAM (damaged or cut off) or TOO_LARGE; `compression` is "none", "gzip" or "zstd".
    """

    def __init__(self, source: Callable[[int], bytes], max_bytes: int) -> None:
        self._source = source
        self._left = max_bytes
        self._ready = bytearray()
        self._ended = False
        self.failure: Reason | None = None
        self._pending = self._input(len(_ZSTD_MAGIC))  # input that no decompressor has seen yet
        self._new: Callable[[], _Decompressor] | None = None
        self.compression = "none"
        if self._pending.startswith(_GZIP_MAGIC):
            self.compression, self._new = "gzip", _gzip
        elif self._pending == _ZSTD_MAGIC or self._is_skippable(self._pending):
            self.compression, self._new = "zstd", zstd.ZstdDecompressor
        self._decompressor = self._new() if self._new else None
        self._between = False  # one member has ended, no other begun

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, left for `read`; fewer only at the end."""
        while len(self._ready) < size and not self._ended:
            self._fill(size - len(self._ready))
        return bytes(self._ready[:size])

    def read(self, size: int) -> bytes:
        """The next `size` bytes; fewer only at the end."""
        piece = self.peek(size)
        del self._ready[:size]
        return piece

    def _fill(self, wanted: int) -> None:
        try:
            output = self._next(wanted)
        except (_GZIP_ERROR, zstd.ZstdError, EOFError):
            self._fail(Reason.CORRUPT_STREAM)
            return
        self._left -= len(output)
        if self._left < 0:
            output = output[: self._left]
            self._fail(Reason.TOO_LARGE)
        self._ready += output

    def _next(self, wanted: int) -> bytes:
        if self._decompressor is None or self._new is None:
            data = self._take_pending() + self._input(wanted)
            self._ended = not data
            return data
        if self._decompressor.eof:
            # Members behind each other are one stream (RFC 1952, 2.2).
            self._pending, self._decompressor, self._between = self._decompressor.unused_data, self._new(), True
        if not self._decompressor.needs_input:
            return self._decompressor.decompress(b"", wanted)
        data = self._take_pending() or self._input(_INPUT_BYTES)
        if self._between:
            self._ended = not data
            data = data.lstrip(b"\0")  # a tape's padding behind the last member
            self._between = not data
        elif not data:
            self._fail(Reason.CORRUPT_STREAM)
        return self._decompressor.decompress(data, wanted) if data else b""

    @staticmethod
    def _is_skippable(head: bytes) -> bool:
        return head[1:] == _ZSTD_SKIPPABLE and head[0] & 0xF0 == 0x50

    def _fail(self, reason: Reason) -> None:
        self.failure, self._ended = reason, True

    def _take_pending(self) -> bytes:
        data, self._pending = self._pending, b""
        return data

    def _input(self, size: int) -> bytes:
        """Exactly `size` bytes of the source, so that damage shows at the same place however the network cuts."""
        parts: list[bytes] = []
        while size > 0 and (data := self._source(size)):
            parts.append(data)
            size -= len(data)
        return b"".join(parts)
