"""Two zstd frames behind each other: a JSON header line, then a body.

`zstd -dc FILE | head -1` shows a person the header, because decompressors read frame after frame; a program takes the
header off without touching the body. Chunks and quarantine objects are written like this.
"""

import msgspec
from backports import zstd

from .wire import ZSTD_LEVEL

# A checksum in every frame: a flipped bit is an error, not a different record.
_OPTIONS: dict[int, int] = {
    zstd.CompressionParameter.compression_level: ZSTD_LEVEL,
    zstd.CompressionParameter.checksum_flag: 1,
}


class FrameError(ValueError):
    """The bytes are not a header frame followed by a body."""


# What a JSON decoder raises on bytes that are not ours: a message that does not fit, no UTF-8, nesting without end.
FOREIGN_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def compressor() -> zstd.ZstdCompressor:
    return zstd.ZstdCompressor(options=_OPTIONS)


def compress(data: bytes) -> bytes:
    """One complete frame."""
    return compressor().compress(data, zstd.ZstdCompressor.FLUSH_FRAME)


def split(data: bytes, max_header_bytes: int) -> tuple[bytes, bytes]:
    """Return the header, decompressed, and the body, still compressed.

    Raises
    ------
    FrameError
        No complete header frame of at most `max_header_bytes` stands at the start.
    """
    decompressor = zstd.ZstdDecompressor()
    try:
        header = decompressor.decompress(data, max_length=max_header_bytes)
    except zstd.ZstdError as error:
        raise FrameError("no zstd frame at the start") from error
    if not decompressor.eof:
        raise FrameError("the header frame is cut off or too long")
    return header, decompressor.unused_data


def decompress(body: bytes) -> bytes:
    """The whole of a body.

    Raises
    ------
    FrameError
        The body is damaged.
    """
    try:
        return zstd.decompress(body)
    except zstd.ZstdError as error:
        raise FrameError("the body is damaged") from error
