"""Quarantine objects: the bad records of one raw object, each with its reason, its line and its original bytes.

Two zstd frames (`frames.py`): a header line that says which object, then one JSON line per reject.
"""

import tempfile
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections import Counter
from typing import IO

import msgspec
from backports import zstd

from . import frames
from .identity import RawObject
from .reasons import Reason, Reject
from .wire import MIB

_MEMORY_BYTES = 4 * MIB  # more than this goes to disk: an object may be bad from end to end


class QuarantineHeader(msgspec.Struct, frozen=True):
    object_id: str
    source: str
    version_id: str
    dataset: str
    contract_version: str


class QuarantineEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """`original` holds the bytes when they are UTF-8, `original_base64` when they are not."""

    line: int
    reason: Reason
    field: str = ""
    original: str = ""
    original_base64: str = ""
    rest: bool = False

    @property
    def original_bytes(self) -> bytes:
        return b64decode(self.original_base64) if self.original_base64 else self.original.encode()


class QuarantineWriter:
    """Collects the rejects of one raw object. `body` is complete after `close`."""

    def __init__(self, raw: RawObject, contract_version: str) -> None:
        header = QuarantineHeader(raw.id, raw.source, raw.version_id, raw.dataset, contract_version)
        self.body: IO[bytes] = tempfile.SpooledTemporaryFile(_MEMORY_BYTES)  # noqa: SIM115  closed by its owner's end
        self.body.write(frames.compress(msgspec.json.encode(header) + b"\n"))
        self.reasons: Counter[str] = Counter()
        self._compressor = frames.compressor()
        self._encode_lines = msgspec.json.Encoder().encode_lines

    @property
    def count(self) -> int:
        return self.reasons.total()

    def add(self, rejects: list[Reject]) -> None:
        if rejects:
            self.reasons.update(reject.reason.value for reject in rejects)
            self.body.write(self._compressor.compress(self._encode_lines(list(map(_entry, rejects)))))

    def close(self) -> None:
        self.body.write(self._compressor.flush(zstd.ZstdCompressor.FLUSH_FRAME))
        self.body.seek(0)


def _entry(reject: Reject) -> QuarantineEntry:
    try:
        text, encoded = reject.original.decode(), ""
    except UnicodeDecodeError:
        text, encoded = "", b64encode(reject.original).decode()
    return QuarantineEntry(reject.line, reject.reason, reject.field, text, encoded, reject.rest)


def read(data: bytes) -> tuple[QuarantineHeader, list[QuarantineEntry]]:
    """The header and the entries of a quarantine object.

    Raises
    ------
    FrameError
        The bytes are no quarantine object.
    """
    header, body = frames.split(data, MIB)
    lines = frames.decompress(body).splitlines()
    decoder = msgspec.json.Decoder(QuarantineEntry)
    try:
        entries = [decoder.decode(line) for line in lines]
        for entry in entries:
            _ = entry.original_bytes  # it may be no base 64
        return msgspec.json.decode(header, type=QuarantineHeader), entries
    except (*frames.FOREIGN_JSON, Base64Error) as error:
        raise frames.FrameError("the lines are not a quarantine object's") from error
