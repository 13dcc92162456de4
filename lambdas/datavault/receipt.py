"""Receipts: what became of one raw object. Put last, so that a receipt means the object is done (invariant 3)."""

from datetime import datetime

import msgspec


class ChunkEntry(msgspec.Struct, frozen=True):
    """One chunk of the object."""

    id: str
    first_line: int
    last_line: int
    records: int


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True):
    """lines = valid + quarantined, and valid = the sum of the chunks' records (invariant 5).

    Blank lines do not count.
    """

    object_id: str
    bucket: str
    key: str
    version_id: str
    size: int
    last_modified: datetime
    dataset: str
    contract_version: str
    format: str
    compression: str
    lines: int
    valid: int
    quarantined: int
    reasons: dict[str, int]
    chunks: list[ChunkEntry]
    quarantine_key: str = ""

    def encode(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


def decode(data: bytes) -> Receipt:
    return msgspec.json.decode(data, type=Receipt)
