"""The processor's work on one raw object: chunks to the stream, rejects to quarantine, the receipt last."""

from collections.abc import Callable
from datetime import timedelta
from itertools import batched

import msgspec

from ..breaker import Pause, trip
from ..contract import Contract, Contracts, UnknownDatasetError
from ..edges import kinesis, s3
from ..edges.events import S3ObjectEvent
from ..identity import UNKNOWN_DATASET, RawObject, claim_key, receipt_key
from ..process import Processing
from ..reasons import Reason
from ..receipt import Receipt
from .breaker import is_held, open_breaker
from .claims import begin, claimed_contract, raw_tags, tags


class Targets(msgspec.Struct, frozen=True):
    """Where the processor writes."""

    processed_bucket: str
    quarantine_bucket: str
    stream: str


class Outcome(msgspec.Struct, frozen=True):
    """`receipt` is None when the object had one already. `conflicts` are keys that held other bytes than ours.

    `is_held` says that nothing was done, because the dataset is paused; `pause` that this object paused it.
    """

    object_id: str
    receipt: Receipt | None
    conflicts: list[str]
    is_held: bool = False
    pause: Pause | None = None

    @property
    def counts(self) -> dict[str, int]:
        """The metrics of an object that was processed now."""
        receipt = self.receipt
        if receipt is None:
            return {}
        return {
            "ObjectsProcessed": 1,
            "RecordsValid": receipt.valid,
            "RecordsQuarantined": receipt.quarantined,
            "ChunksSent": len(receipt.chunks),
            "BytesRead": receipt.size,
            "DatasetPaused": int(self.pause is not None),
        }


def process_object(
    event: S3ObjectEvent,
    contracts: Contracts,
    targets: Targets,
    remaining_seconds: Callable[[], float],
    started: Callable[[str], None],
) -> Outcome:
    """Process one object version; tells `started` its id first.

    Repeating it at any point is safe: chunks have the same ids, everything else is written once.

    Raises
    ------
    StreamError
        Kinesis did not take every chunk in time.
    CutterError
        Another version of DataVault began the object.
    ObjectGoneError
        The version was deleted after an earlier attempt had begun it.
    """
    try:
        raw, read, close = s3.open_raw(event)
    except s3.ObjectGoneError as error:
        return _process_gone(event, contracts, targets, started, error)
    try:
        started(raw.id)
        current = _contract(contracts, raw)
        if is_held(raw, current, targets.processed_bucket, targets.quarantine_bucket):
            return Outcome(raw.id, None, [], is_held=True)
        begun = begin(raw, current, targets.processed_bucket)
        key = receipt_key(begun.claim.dataset, raw.date, raw.id)
        if not begun.is_first and s3.exists(targets.processed_bucket, key):
            return Outcome(raw.id, None, [])
        contract = claimed_contract(begun.claim, current, targets.processed_bucket)
        processing = Processing(raw, contract, read)
        for chunks in batched(processing.chunks(), kinesis.MAX_CHUNKS, strict=False):
            kinesis.put_chunks(targets.stream, chunks, remaining_seconds)
    finally:
        close()
    return _finish(processing, contract, targets)


def _process_gone(
    event: S3ObjectEvent,
    contracts: Contracts,
    targets: Targets,
    started: Callable[[str], None],
    error: s3.ObjectGoneError,
) -> Outcome:
    """The version was deleted before it was read: that is all its receipt can say. The event's time is its date."""
    raw = event.raw
    started(raw.id)
    contract = _contract(contracts, raw)
    # A late event of an object that was processed, and has been deleted since. S3 says one time in the event and
    # another as last-modified, moments apart: around midnight the receipt may be filed under either day.
    days = {(event.time + timedelta(minutes=minutes)).date().isoformat() for minutes in (-1, 0, 1)}
    keys = [receipt_key(_dataset(contract), day, raw.id) for day in sorted(days)]
    if any(s3.exists(targets.processed_bucket, key) for key in keys):
        return Outcome(raw.id, None, [])
    if any(s3.exists(targets.processed_bucket, claim_key(day, raw.id)) for day in sorted(days)):
        # An attempt began it: some of its chunks may be on their way, and no receipt can tell which.
        raise error
    processing = Processing(raw, contract, lambda _: b"")
    processing.refuse(Reason.OBJECT_GONE)
    return _finish(processing, contract, targets)


def _finish(processing: Processing, contract: Contract | None, targets: Targets) -> Outcome:
    """Quarantine, the pause that it calls for, then the receipt, the last to be written (invariant 3)."""
    receipt = processing.receipt()
    conflicts = []
    if receipt.quarantine_key:
        body = processing.quarantine.body
        put = s3.put_once(targets.quarantine_bucket, receipt.quarantine_key, body, tags=raw_tags(contract))
        conflicts += [receipt.quarantine_key] if put is s3.Put.DIFFERENT else []
    if pause := trip(contract, receipt):
        open_breaker(pause, targets.quarantine_bucket, tags(contract))
    key = receipt_key(receipt.dataset, receipt.last_modified.date().isoformat(), receipt.object_id)
    put = s3.put_once(targets.processed_bucket, key, receipt.encode(), tags=tags(contract))
    conflicts += [key] if put is s3.Put.DIFFERENT else []
    return Outcome(receipt.object_id, receipt, conflicts, pause=pause)


def _contract(contracts: Contracts, raw: RawObject) -> Contract | None:
    try:
        return contracts.get(raw.dataset)
    except UnknownDatasetError:
        return None


def _dataset(contract: Contract | None) -> str:
    return contract.dataset if contract else UNKNOWN_DATASET
