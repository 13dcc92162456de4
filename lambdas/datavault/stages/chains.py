"""Chains of seals in the processed bucket: read one to its end, and continue it."""

from pathlib import PurePosixPath

import msgspec

from ..audit import Finding
from ..contract import Contract
from ..edges import s3
from ..edges.listing import keys
from ..seal import Entry, Head, digest, follow
from .claims import tags

SEAL = "seal"


class Chain(msgspec.Struct):
    """The seals of one dataset and day: the ids of the objects in them, and everything that is wrong with them."""

    dataset: str
    date: str
    head: Head = Head()
    sealed: set[str] = msgspec.field(default_factory=set)
    findings: list[Finding] = msgspec.field(default_factory=list)
    # By an auditor that was faster: the next run goes on behind it.
    is_taken: bool = False


def read_chain(bucket: str, dataset: str, date: str) -> Chain:
    """Follow a chain to its end."""
    chain = Chain(dataset, date)
    for item in keys(bucket, f"seals/{dataset}/dt={date}/"):
        key, body = item["Key"], s3.read(bucket, item["Key"])
        link = follow(chain.head, dataset, date, key, body)
        chain.head = link.head
        chain.findings += [Finding(SEAL, "", key, problem) for problem in link.problems]
        if link.seal is not None:
            chain.sealed.update(PurePosixPath(entry.receipt).stem for entry in link.seal.entries)
    return chain


def extend(bucket: str, chain: Chain, entries: list[Entry], contract: Contract | None) -> int:
    """Seal the entries; how many were. None on a broken chain: what is built on it would prove nothing."""
    if chain.findings or chain.is_taken or not entries:
        return 0
    seal = chain.head.next(chain.dataset, chain.date, entries)
    body = seal.encode()
    if s3.put_once(bucket, seal.key, body, tags=tags(contract)) is s3.Put.DIFFERENT:
        chain.is_taken = True
        return 0
    chain.head = Head(seal.number, digest(body))
    return len(entries)
