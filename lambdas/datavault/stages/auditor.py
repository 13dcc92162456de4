"""The auditor's work: reconcile the last days from what is stored, seal what is settled, say what is missing.

raw versions -> receipts -> what S3 says of Parquet and quarantine objects -> ledger -> seals

What is sealed is not looked at again. The warehouse is asked only about objects that have all their Parquet objects and
no seal yet: Redshift Serverless bills 60 seconds each time it is woken (docs/decisions/0021-auditor-by-the-clock.md).

A contract's promise counts from the arrival of the raw object. A Parquet object that does not say how many records it
holds, or whose SHA-256 S3 does not know, is none of the enrichment's and counts as one without rows.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from itertools import batched
from pathlib import PurePosixPath

import msgspec

from ..accounts import Account, Standing, judge, window
from ..audit import RECEIPT, Finding, ParquetRows
from ..contract import Contract, Contracts
from ..edges import s3
from ..edges.clients import client
from ..edges.ledger import ledger
from ..edges.listing import Described, describe, folders, keys, raw_objects
from ..edges.warehouse import StatementTimeoutError, Warehouse
from ..identity import UNKNOWN_DATASET, receipt_key
from ..receipt import Receipt
from ..receipt import decode as decode_receipt
from ..seal import UNREADABLE, entry, parquet_keys
from .chains import Chain, extend, read_chain

_AT_ONCE = 16
# What is read, judged and sealed together: some 20 MB at most, unless one object alone has more chunks.
_BATCH_RECEIPTS, _BATCH_CHUNKS = 200, 4_000
# Objects without a seal that a run keeps in mind, about 500 bytes each; the next run finds the others.
_MOST_UNSEALED = 100_000
# The promise of a contract that makes none, and of data that has no contract (`Contract.freshness_seconds`).
_PROMISE_SECONDS = 900


class Places(msgspec.Struct, frozen=True):
    """Where the auditor looks. It writes to the processed bucket, under seals/."""

    raw_bucket: str
    processed_bucket: str
    quarantine_bucket: str
    warehouse: Warehouse


class Found(msgspec.Struct, frozen=True):
    """A receipt without a seal."""

    key: str
    body: bytes
    receipt: Receipt


class OutOfTimeError(Exception):
    """The invocation must end. What was not looked at is said to be so."""


class Auditor:
    """One run over the last `days`, seen from `now` (UTC)."""

    def __init__(
        self, places: Places, contracts: Contracts, days: int, now: datetime, remaining_seconds: Callable[[], float]
    ) -> None:
        self._places = places
        self._now = now
        self._remaining = remaining_seconds
        self._dates = window(now, days)
        self._contracts: dict[str, Contract | None] = {name: contracts.get(name) for name in contracts.datasets()}
        self._accounts: dict[str, Account] = {}

    def run(self) -> list[Account]:
        """Look at everything that there is time for; an account of each dataset.

        Raises
        ------
        StatementError
            The warehouse refuses the question.
        """
        client("s3")  # made here: botocore's session is not safe to make clients from threads
        # A dataset whose contract is gone has its receipts still.
        known = {*self._contracts, UNKNOWN_DATASET, *folders(self._places.processed_bucket, "receipts/")}
        for dataset in sorted(known):
            contract = self._contracts.get(dataset)
            self._accounts[dataset] = Account(dataset, contract.freshness_seconds if contract else _PROMISE_SECONDS)
        unfinished = set(known)
        try:
            chains = list(self._chains())
            # Raw objects before receipts: what is finished in between has its receipt when we look for it.
            waiting = self._unsealed_raws(frozenset().union(*(chain.sealed for chain in chains)))
            receipts = [self._unsealed_receipts(chain, waiting) for chain in chains]
            for dataset, arrived in waiting.values():
                self._accounts[dataset].waits(self._now - arrived, 1)
            for dataset in sorted(known):
                for chain, names in zip(chains, receipts, strict=True):
                    if chain.dataset == dataset:
                        self._audit(chain, names)
                unfinished.remove(dataset)
        except (OutOfTimeError, StatementTimeoutError):
            for dataset in unfinished:
                self._accounts[dataset].is_complete = False
        return list(self._accounts.values())

    def _chains(self) -> Iterator[Chain]:
        for dataset, account in self._accounts.items():
            for day in self._dates:
                self._go_on()
                chain = read_chain(self._places.processed_bucket, dataset, day)
                if chain.findings:
                    account.contradicts(1, chain.findings)
                yield chain

    def _unsealed_raws(self, sealed: frozenset[str]) -> dict[str, tuple[str, datetime]]:
        """Dataset and arrival of each raw object of the last days that has no seal, by object id."""
        dates, found = frozenset(self._dates), dict[str, tuple[str, datetime]]()
        for number, raw in enumerate(raw_objects(self._places.raw_bucket)):
            if number % 1000 == 0:  # a page of the listing
                self._go_on()
            if raw.date not in dates or raw.id in sealed:
                continue
            dataset = raw.dataset if raw.dataset in self._contracts else UNKNOWN_DATASET
            if len(found) < _MOST_UNSEALED:
                found[raw.id] = dataset, raw.last_modified
            else:
                self._accounts[dataset].is_complete = False
        return found

    def _unsealed_receipts(self, chain: Chain, waiting: dict[str, tuple[str, datetime]]) -> list[str]:
        """The keys of receipts without a seal. An object that has a receipt does not wait for one any more."""
        self._go_on()
        found: list[str] = []
        for item in keys(self._places.processed_bucket, f"receipts/{chain.dataset}/dt={chain.date}/"):
            object_id = PurePosixPath(item["Key"]).stem
            waiting.pop(object_id, None)
            if object_id in chain.sealed:
                continue
            if len(found) < _MOST_UNSEALED:
                found.append(item["Key"])
            else:
                self._accounts[chain.dataset].is_complete = False
        contract = self._contracts.get(chain.dataset)
        age = date.fromisoformat(self._dates[-1]) - date.fromisoformat(chain.date)
        if contract and contract.retention_days is not None and age.days >= contract.retention_days:
            return []  # its Parquet objects may be gone, as they should
        return found

    def _audit(self, chain: Chain, names: Iterable[str]) -> None:
        account = self._accounts[chain.dataset]
        batch: list[Found] = []
        for key, body in self._read(names):
            try:
                receipt = decode_receipt(body)
            except UNREADABLE:
                account.contradicts(1, [Finding(RECEIPT, "", key, "it is no receipt")])
                continue
            if receipt_key(receipt.dataset, receipt.last_modified.date().isoformat(), receipt.object_id) != key:
                account.contradicts(1, [Finding(RECEIPT, receipt.object_id, key, "it is another object's receipt")])
                continue
            batch.append(Found(key, body, receipt))
            chunks = sum(len(found.receipt.chunks) for found in batch)
            if len(batch) == _BATCH_RECEIPTS or chunks >= _BATCH_CHUNKS:
                self._audit_batch(chain, batch, account)
                batch = []
        self._audit_batch(chain, batch, account)

    def _audit_batch(self, chain: Chain, batch: list[Found], account: Account) -> None:
        described = self._describe(batch)
        standings = {found.key: self._judge(found, described) for found in batch}
        # The ledger can only add to what is right so far; an object without chunks has nothing in it.
        asked = [found for found in batch if not (standings[found.key].waiting or standings[found.key].findings)]
        ids = [found.receipt.object_id for found in asked if found.receipt.chunks]
        rows = ledger(self._places.warehouse, self._remaining, ids) if ids else []
        loads = {row.chunk_id: row for row in rows}
        standings |= {found.key: judge(found.receipt, _files(found.receipt, described), loads) for found in asked}
        settled = []
        for found in batch:
            standing = standings[found.key]
            if standing.findings:
                account.contradicts(standing.contradicting, standing.findings)
            if not standing.is_loaded:
                account.waits(self._now - found.receipt.last_modified, standing.waiting)
            if standing.is_settled:
                sha256 = {key: about.sha256 for key, about in described.items() if about}
                settled.append(entry(found.key, found.body, found.receipt, sha256))
        account.sealed += extend(self._places.processed_bucket, chain, settled, self._contracts.get(chain.dataset))

    def _judge(self, found: Found, described: dict[str, Described | None]) -> Standing:
        """What can be said before the ledger is asked."""
        receipt = found.receipt
        standing = judge(receipt, _files(receipt, described), None)
        about = described.get(receipt.quarantine_key)
        if not receipt.quarantine_key or (about and about.sha256):
            return standing
        # It was written before the receipt, so no waiting will bring it.
        gone = Finding(RECEIPT, receipt.object_id, receipt.key, f"{receipt.quarantine_key} is not there")
        return msgspec.structs.replace(
            standing,
            contradicting=standing.contradicting + max(1, receipt.quarantined),
            findings=[*standing.findings, gone],
        )

    def _describe(self, batch: list[Found]) -> dict[str, Described | None]:
        """What S3 says of each Parquet and quarantine object of the receipts, by key."""
        processed, quarantine = self._places.processed_bucket, self._places.quarantine_bucket
        wanted = [(processed, key) for found in batch for key in parquet_keys(found.receipt)]
        wanted += [(quarantine, key) for found in batch if (key := found.receipt.quarantine_key)]
        described: dict[str, Described | None] = {}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for some in batched(wanted, 16 * _AT_ONCE, strict=False):
                self._go_on()
                answers = pool.map(lambda place: describe(*place), some)
                described |= {key: about for (_, key), about in zip(some, answers, strict=True)}
        return described

    def _read(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        bucket = self._places.processed_bucket
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for some in batched(names, _AT_ONCE, strict=False):
                self._go_on()
                yield from zip(some, pool.map(lambda key: s3.read(bucket, key), some), strict=True)

    def _go_on(self) -> None:
        if self._remaining() < 0:
            raise OutOfTimeError


def _files(receipt: Receipt, described: dict[str, Described | None]) -> dict[str, ParquetRows]:
    """The Parquet objects of a receipt that are there, by chunk id."""
    chunks = zip(receipt.chunks, parquet_keys(receipt), strict=True)
    return {
        chunk.id: ParquetRows(chunk.id, key, about.rows if about.sha256 else 0)
        for chunk, key in chunks
        if (about := described[key]) is not None
    }
