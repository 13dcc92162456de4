"""The processor's work on one raw object: chunks to the stream, rejects to quarantine, the receipt last."""

from collections.abc import Callable
from itertools import batched

import msgspec

from ..contract import Contract, Contracts, UnknownDatasetError
from ..edges import kinesis, s3
from ..edges.events import S3ObjectEvent
from ..identity import UNKNOWN_DATASET, RawObject, receipt_key
from ..process import Processing
from ..receipt import Receipt


class Targets(msgspec.Struct, frozen=True):
    """Where the processor writes."""

    processed_bucket: str
    quarantine_bucket: str
    stream: str


class Outcome(msgspec.Struct, frozen=True):
    """`receipt` is None when the object had one already. `conflicts` are keys that held other bytes than ours."""

    object_id: str
    receipt: Receipt | None
    conflicts: list[str]


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
    ObjectGoneError
        The version does not exist any more.
    StreamError
        Kinesis did not take every chunk in time.
    """
    raw, read, close = s3.open_raw(event)
    try:
        started(raw.id)
        contract = _contract(contracts, raw)
        key = receipt_key(contract.dataset if contract else UNKNOWN_DATASET, raw.date, raw.id)
        if s3.exists(targets.processed_bucket, key):
            return Outcome(raw.id, None, [])
        processing = Processing(raw, contract, read)
        for chunks in batched(processing.chunks(), kinesis.MAX_CHUNKS, strict=False):
            kinesis.put_chunks(targets.stream, chunks, remaining_seconds)
    finally:
        close()
    receipt = processing.receipt()
    conflicts = []
    if receipt.quarantine_key:
        put = s3.put_once(
            targets.quarantine_bucket, receipt.quarantine_key, processing.quarantine.body, tags=_tags(contract)
        )
        conflicts += [receipt.quarantine_key] if put is s3.Put.DIFFERENT else []
    put = s3.put_once(targets.processed_bucket, key, receipt.encode(), tags=_tags(contract))
    conflicts += [key] if put is s3.Put.DIFFERENT else []
    return Outcome(raw.id, receipt, conflicts)


def _contract(contracts: Contracts, raw: RawObject) -> Contract | None:
    try:
        return contracts.get(raw.dataset)
    except UnknownDatasetError:
        return None


def _tags(contract: Contract | None) -> dict[str, str]:
    # Nobody has classified a dataset that no contract describes: it is treated as the most sensitive.
    return contract.tags if contract else {"dataset": UNKNOWN_DATASET, "classification": "restricted"}
