"""Seals: hash chains over receipts, one for each dataset and day. Pure.

A seal names receipts whose records are all accounted for, with the SHA-256 of every object that holds them, and the
SHA-256 of the seal before it. So nothing that is sealed can be taken away or changed unseen, and no seal but the last;
who has written down a chain's head (`Head`) elsewhere sees that as well.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import msgspec

from .identity import parquet_key, seal_key
from .receipt import Receipt

# What decoding foreign bytes as JSON of ours can raise.
UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


class SealedParquet(msgspec.Struct, frozen=True):
    key: str
    sha256: str
    rows: int


class SealedQuarantine(msgspec.Struct, frozen=True):
    key: str
    sha256: str


class Entry(msgspec.Struct, frozen=True):
    """One raw object that is fully accounted for. `receipt` is the receipt's key, `sha256` that of its bytes."""

    receipt: str
    sha256: str
    lines: int
    valid: int
    quarantined: int
    parquet: tuple[SealedParquet, ...]
    quarantine: SealedQuarantine | None


class Seal(msgspec.Struct, frozen=True):
    """Link `number` of a chain; `previous` is the SHA-256 of the seal before it, empty for number 0.

    It holds no time of its own: from the same objects the same seal comes, whoever makes it.
    """

    dataset: str
    date: str
    number: int
    previous: str
    entries: tuple[Entry, ...]

    @property
    def key(self) -> str:
        return seal_key(self.dataset, self.date, self.number)

    def encode(self) -> bytes:
        """Its only form: the fields in this order, entries by key, indented by one blank."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


class Head(msgspec.Struct, frozen=True):
    """Where a chain ends: its last number and that seal's SHA-256. As it is made, the head of an empty chain."""

    number: int = -1
    sha256: str = ""

    def next(self, dataset: str, date: str, entries: Iterable[Entry]) -> Seal:
        """The seal that continues the chain with these entries."""
        return Seal(
            dataset, date, self.number + 1, self.sha256, tuple(sorted(entries, key=lambda entry: entry.receipt))
        )


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def parquet_keys(receipt: Receipt) -> list[str]:
    """Where the Parquet objects of a receipt's chunks lie, in the chunks' order."""
    date = receipt.last_modified.date().isoformat()
    return [parquet_key(receipt.dataset, date, chunk.id) for chunk in receipt.chunks]


def entry(key: str, body: bytes, receipt: Receipt, sha256: Mapping[str, str]) -> Entry:
    """What a seal says of a receipt; `sha256` gives that of each Parquet and quarantine object by its key."""
    quarantine = receipt.quarantine_key
    return Entry(
        receipt=key,
        sha256=digest(body),
        lines=receipt.lines,
        valid=receipt.valid,
        quarantined=receipt.quarantined,
        parquet=tuple(
            SealedParquet(name, sha256[name], chunk.records)
            for name, chunk in zip(parquet_keys(receipt), receipt.chunks, strict=True)
        ),
        quarantine=SealedQuarantine(quarantine, sha256[quarantine]) if quarantine else None,
    )


class Link(msgspec.Struct, frozen=True):
    """One object of a chain as it was read: the head behind it, and everything that is wrong with it."""

    seal: Seal | None
    head: Head
    problems: list[str]


def follow(head: Head, dataset: str, date: str, key: str, body: bytes) -> Link:
    """Read what lies at `key` as the seal that comes after `head`."""
    number = PurePosixPath(key).stem
    after = Head(int(number) if number.isdecimal() else head.number + 1, digest(body))
    expected = seal_key(dataset, date, head.number + 1)
    problems = [] if key == expected else [f"the chain has a gap: {expected} should come before"]
    try:
        seal = msgspec.json.decode(body, type=Seal)
    except UNREADABLE:
        return Link(None, after, [*problems, "it is no seal"])
    if seal.encode() != body:
        problems.append("it is not written as the auditor writes seals")
    if seal.key != key or (seal.dataset, seal.date) != (dataset, date):
        problems.append(f"it says that it is {seal.key}")
    if key == expected and seal.previous != head.sha256:
        problems.append("it does not continue the seal before it: one of the two was changed")
    receipts = [entry.receipt for entry in seal.entries]
    if not receipts or sorted(set(receipts)) != receipts:
        problems.append("its entries are not in order")
    return Link(seal, after, problems)
