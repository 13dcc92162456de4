"""Prove from what is stored alone that nothing sealed was taken away or changed. Pure: a store is asked, nothing else.

For each dataset and day: follow the chain of seals, read every sealed receipt, compare the SHA-256 of every sealed
Parquet and quarantine object. Objects whose retention is over may be gone, never other.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Protocol

import msgspec

from . import receipt as receipts
from .identity import seal_key
from .seal import UNREADABLE, Entry, Head, Seal, digest, entry, follow

# Written once, and not for each dataset and day. Manifests and claims have a lifecycle of their own, so that what is
# gone there says nothing.
_OTHER_PREFIXES = {"claims/": True, "contracts/": False, "manifests/": True}
_PARTS = ("seals", "receipts", "data", "quarantine")


class Listed(msgspec.Struct, frozen=True):
    """A key and its history: versions with bytes, delete markers; whether a plain read finds it."""

    key: str
    versions: int
    markers: int
    is_there: bool


class Store(Protocol):
    """Both buckets, seen as one: their keys begin differently. What is not there is None."""

    def folders(self, prefix: str) -> list[str]: ...

    def listed(self, prefix: str) -> Iterator[Listed]: ...

    def bodies(self, keys: Sequence[str]) -> Iterable[bytes | None]: ...

    def digests(self, keys: Sequence[str]) -> Iterable[str | None]:
        """SHA-256 in hexadecimal, empty where the store knows none."""
        ...


class Retention(msgspec.Struct, frozen=True):
    """Days after which objects may be gone: Parquet by dataset (none: never), quarantine by dataset or all alike."""

    parquet: Mapping[str, int | None]
    quarantine: int
    quarantine_by_dataset: Mapping[str, int] = {}

    def quarantine_days(self, dataset: str) -> int:
        return self.quarantine_by_dataset.get(dataset, self.quarantine)


class Problem(msgspec.Struct, frozen=True):
    """What is wrong, and with which object."""

    key: str
    message: str


class Proof(msgspec.Struct):
    """What was verified. `expired` objects are gone by their retention; `unsealed` keys no seal names yet.

    `heads` has the end of each chain, by `<dataset>/dt=<day>`.
    """

    seals: int = 0
    receipts: int = 0
    parquet: int = 0
    quarantine: int = 0
    expired: int = 0
    problems: list[Problem] = msgspec.field(default_factory=list)
    unsealed: list[str] = msgspec.field(default_factory=list)
    heads: dict[str, Head] = msgspec.field(default_factory=dict)

    @property
    def is_proven(self) -> bool:
        return not self.problems

    def finds(self, key: str, message: str) -> None:
        self.problems.append(Problem(key, message))


def verify(
    store: Store,
    retention: Retention,
    today: date,
    heads: Mapping[str, Head],
    progress: Callable[[str], None] = lambda _: None,
) -> Proof:
    """Verify everything that is sealed. `heads` are the chains' ends at an earlier time, as `Proof.heads` gave them."""
    proof = Proof()
    for name in sorted(_partitions(store) | heads.keys()):
        progress(f"{name}: {proof.receipts:,} receipts and {proof.parquet:,} Parquet objects verified so far")
        dataset, _, day = name.partition("/dt=")
        try:
            age = today - date.fromisoformat(day)
        except ValueError:
            proof.finds(name, "it is no day: DataVault writes nothing under such a name")
            continue
        _Partition(store, proof, dataset, day).verify(retention, age, heads.get(name))
    for prefix, may_be_gone in _OTHER_PREFIXES.items():
        progress(f"versions under {prefix}")
        for listed in store.listed(prefix):
            _check_history(proof, listed, may_be_gone=may_be_gone)
    return proof


def _partitions(store: Store) -> set[str]:
    return {
        f"{dataset}/{day}"
        for part in _PARTS
        for dataset in store.folders(f"{part}/")
        for day in store.folders(f"{part}/{dataset}/")
        if day.startswith("dt=")
    }


def _check_history(proof: Proof, listed: Listed, *, may_be_gone: bool) -> None:
    """Names are used once and never deleted. Where a lifecycle deletes, a marker is its trace."""
    if listed.versions > 1:
        proof.finds(listed.key, f"it has {listed.versions} versions, and was to be written once")
    if listed.markers and not may_be_gone:
        proof.finds(listed.key, "a delete marker says that somebody deleted it")


class _Partition:
    """One dataset's day."""

    def __init__(self, store: Store, proof: Proof, dataset: str, day: str) -> None:
        self._store = store
        self._proof = proof
        self._dataset = dataset
        self._day = day

    def verify(self, retention: Retention, age: timedelta, saved: Head | None) -> None:
        kept = retention.parquet.get(self._dataset)
        # A lifecycle rule acts after the next midnight: what is exactly as old may be there or not.
        may_be_gone = {
            "data": kept is not None and age >= timedelta(days=kept),
            "quarantine": age >= timedelta(days=retention.quarantine_days(self._dataset)),
        }
        there: dict[str, list[str]] = defaultdict(list)
        for part in _PARTS:
            for listed in self._store.listed(f"{part}/{self._dataset}/dt={self._day}/"):
                _check_history(self._proof, listed, may_be_gone=may_be_gone.get(part, False))
                if listed.is_there:
                    there[part].append(listed.key)
        seals = list(self._chain(there["seals"], saved))
        sealed = [entry for seal in seals for entry in seal.entries]
        self._check_receipts(seals)
        self._check_objects(
            [(item.key, item.sha256) for entry in sealed for item in entry.parquet], may_be_gone["data"]
        )
        quarantined = [(entry.quarantine.key, entry.quarantine.sha256) for entry in sealed if entry.quarantine]
        self._check_objects(quarantined, may_be_gone["quarantine"])
        self._proof.parquet += sum(len(entry.parquet) for entry in sealed)
        self._proof.quarantine += len(quarantined)
        named = {entry.receipt for entry in sealed} | {item.key for entry in sealed for item in entry.parquet}
        self._proof.unsealed += [key for part in ("receipts", "data") for key in there[part] if key not in named]

    def _chain(self, keys: list[str], saved: Head | None) -> Iterator[Seal]:
        head, known = Head(), dict[int, str]()
        for key, body in zip(keys, self._store.bodies(keys), strict=True):
            if body is None:
                self._proof.finds(key, "it was there a moment ago")
                continue
            link = follow(head, self._dataset, self._day, key, body)
            head = link.head
            known[head.number] = head.sha256
            for problem in link.problems:
                self._proof.finds(key, problem)
            if link.seal is not None:
                yield link.seal
        self._proof.seals += len(known)
        if known:
            self._proof.heads[f"{self._dataset}/dt={self._day}"] = head
        if saved is not None and known.get(saved.number) != saved.sha256:
            key = seal_key(self._dataset, self._day, saved.number)
            what = "changed" if saved.number in known else "gone"
            self._proof.finds(key, f"it was the head of its chain when the heads were saved, and is {what}")

    def _check_receipts(self, seals: Iterable[Seal]) -> None:
        seen: set[str] = set()
        for seal in seals:
            keys = [entry.receipt for entry in seal.entries]
            for said, body in zip(seal.entries, self._store.bodies(keys), strict=True):
                if said.receipt in seen:
                    self._proof.finds(seal.key, f"{said.receipt} was sealed before")
                seen.add(said.receipt)
                if not said.receipt.startswith(f"receipts/{self._dataset}/dt={self._day}/"):
                    self._proof.finds(seal.key, f"{said.receipt} is not of its dataset and day")
                is_same = self._compare(said.receipt, said.sha256, None if body is None else digest(body))
                if is_same and body is not None and not _says(said, body):
                    self._proof.finds(seal.key, f"it says of {said.receipt} what is not in that receipt")
            self._proof.receipts += len(keys)

    def _check_objects(self, said: list[tuple[str, str]], may_be_gone: bool) -> None:
        keys = [key for key, _ in said]
        for (key, sha256), found in zip(said, self._store.digests(keys), strict=True):
            if found is None and may_be_gone:
                self._proof.expired += 1
            else:
                self._compare(key, sha256, found)

    def _compare(self, key: str, said: str, found: str | None) -> bool:
        if found == said:
            return True
        if found is None:
            self._proof.finds(key, "it is gone, and was sealed")
        elif not found:
            self._proof.finds(key, "S3 knows no SHA-256 of it: it is not the object that was sealed")
        else:
            self._proof.finds(key, f"it was changed: its SHA-256 is {found}, and {said} was sealed")
        return False


def _says(said: Entry, body: bytes) -> bool:
    """Whether an entry says of a receipt what is in it."""
    sha256 = defaultdict(str, {item.key: item.sha256 for item in said.parquet})
    if said.quarantine:
        sha256[said.quarantine.key] = said.quarantine.sha256
    try:
        return entry(said.receipt, body, receipts.decode(body), sha256) == said
    except UNREADABLE:
        return False
