"""Replay, with its reads and writes: what lies in quarantine for one raw object, and its second life.

The order of the writes is the plan, then the raw object. A crash between them leaves a plan without its object, which
the next run finishes with the same bytes; a crash anywhere else leaves nothing to do.
"""

import hashlib
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from io import BytesIO
from typing import IO

import msgspec

from .. import inventory, quarantine, replay, reread
from ..contract import Contract
from ..edges import s3
from ..edges.events import S3ObjectEvent
from ..edges.listing import keys, raw_objects
from ..identity import UNKNOWN_DATASET, RawObject, receipt_key, replay_plan_key
from ..process import Processing
from ..quarantine import QuarantineEntry, QuarantineHeader
from ..receipt import Receipt
from ..receipt import decode as decode_receipt
from ..replay import Judged, ReplayPlan
from ..wire import MIB

_READ_BYTES = MIB
_MEMORY_BYTES = 64 * MIB  # a raw object that is sent again whole goes to disk above this


class Buckets(msgspec.Struct, frozen=True):
    """Where replay reads and writes."""

    raw: str
    processed: str
    quarantine: str


class ReplayError(Exception):
    """An object cannot be replayed now; the text says why and what to do."""


class Source(msgspec.Struct, frozen=True):
    """A raw object with bad records: what quarantine holds of it, and the plans that there are."""

    dataset: str
    header: QuarantineHeader
    entries: list[QuarantineEntry]
    receipt: Receipt
    plans: list[ReplayPlan]

    @property
    def raw(self) -> RawObject:
        receipt = self.receipt
        return RawObject(receipt.bucket, receipt.key, receipt.version_id, receipt.last_modified, receipt.size)


class WholeJudged(msgspec.Struct, frozen=True):
    """What would become of an object that is sent again whole."""

    valid: int
    reasons: dict[str, int]


class Prepared(msgspec.Struct, frozen=True):
    """What a replay of a source would do. `plan` is None when nothing of it would pass."""

    source: Source
    judged: list[Judged]
    plan: ReplayPlan | None
    whole: WholeJudged | None = None
    data: bytes = b""


class Sent(StrEnum):
    """What carrying out a plan did: SENT, or PRESENT (its object was there, sent by somebody else)."""

    SENT = "sent"
    PRESENT = "present"


def read_source(buckets: Buckets, quarantine_key: str) -> Source:
    """Read what replay needs of one quarantine object.

    Raises
    ------
    ReplayError
        The object that it belongs to has no receipt yet.
    """
    dataset, date, object_id = key_parts(quarantine_key)
    header, entries = quarantine.read(s3.read(buckets.quarantine, quarantine_key))
    receipt = receipt_key(dataset, date, object_id)
    if not s3.exists(buckets.processed, receipt):
        raise ReplayError(f"{header.source} is not done yet: it has no receipt. Wait until `datavault audit` balances.")
    return Source(
        dataset,
        header,
        entries,
        decode_receipt(s3.read(buckets.processed, receipt)),
        plans(buckets, dataset, object_id),
    )


def key_parts(quarantine_key: str) -> tuple[str, str, str]:
    """Dataset, date and object id of a key that `identity.quarantine_key` made."""
    _, dataset, partition, name = quarantine_key.split("/")
    return dataset, partition.removeprefix("dt="), name.partition(".")[0]


def plans(buckets: Buckets, dataset: str = "", object_id: str = "") -> list[ReplayPlan]:
    """The plans of one object, or of a dataset, or all."""
    prefix = "replays/" + (f"{dataset}/" if dataset else "") + (f"{object_id}/" if object_id else "")
    return [replay.decode(s3.read(buckets.quarantine, item["Key"])) for item in keys(buckets.quarantine, prefix)]


def prepare(source: Source, target: Contract, wanted: Callable[[QuarantineEntry], bool]) -> Prepared:
    """Judge the bad records that no plan has taken yet and that are wanted. Writes nothing."""
    entries = [entry for entry in replay.open_entries(source.entries, source.plans) if wanted(entry)]
    if not entries:
        return Prepared(source, [], None)
    if replay.is_whole(source.entries):
        return _prepare_whole(source, target, entries[0])
    stuck = [Judged(entry, entry.original_bytes, obstacle=replay.DAMAGED) for entry in entries if entry.rest]
    try:
        header, records = _originals(source, target, [entry for entry in entries if not entry.rest])
    except s3.ObjectGoneError:
        return Prepared(
            source, [Judged(entry, entry.original_bytes, obstacle=replay.RAW_GONE) for entry in entries], None
        )
    lost = [Judged(entry, entry.original_bytes, obstacle=replay.NOT_FOUND) for entry, found in records if found is None]
    whole_records = [(entry, found) for entry, found in records if found is not None]
    object_format = source.receipt.format
    judged = replay.judge(object_format, header, whole_records, target)
    everything = sorted([*judged, *lost, *stuck], key=lambda one: one.entry.line)
    passing = [one for one in judged if one.passes]
    if not passing:
        return Prepared(source, everything, None)
    data = replay.body(object_format, header, [one.original for one in passing])
    number = replay.next_number(source.plans)
    plan = replay.plan_lines(source.raw, source.dataset, target, object_format, passing, number, data)
    return Prepared(source, everything, plan, data=data)


def _prepare_whole(source: Source, target: Contract, entry: QuarantineEntry) -> Prepared:
    def refused(obstacle: str) -> Prepared:
        return Prepared(source, [Judged(entry, entry.original_bytes, obstacle=obstacle)], None)

    if source.receipt.size > replay.MAX_PUT_BYTES:
        return refused(replay.TOO_BIG)
    digest = hashlib.sha256()
    number = replay.next_number(source.plans)
    try:
        with _open(source.raw) as read:

            def hashed(size: int) -> bytes:
                piece = read(size)
                digest.update(piece)
                return piece

            second = msgspec.structs.replace(
                source.raw, key=replay.plan_whole(source.raw, source.dataset, target, number, "").raw_key
            )
            processing = Processing(second, target, hashed)
            deque(processing.chunks(), maxlen=0)
            while hashed(_READ_BYTES):
                pass  # what the processor does not read is part of the object, too
    except s3.ObjectGoneError:
        return refused(replay.RAW_GONE)
    receipt = processing.receipt()
    whole = WholeJudged(receipt.valid, receipt.reasons)
    if not receipt.valid:
        again = quarantine.read(processing.quarantine.body.read())[1]
        # An object without any record would pass: there is nothing in it to refuse.
        verdict = (again[0].reason, again[0].field) if again else (entry.reason, entry.field)
        return Prepared(source, [Judged(entry, entry.original_bytes, *verdict)], None, whole)
    plan = replay.plan_whole(source.raw, source.dataset, target, number, digest.hexdigest())
    return Prepared(source, [Judged(entry, entry.original_bytes)], plan, whole)


def apply(buckets: Buckets, prepared: Prepared, tags: dict[str, str]) -> Sent:
    """Carry out what was prepared: win the plan's number, then put the raw object.

    Raises
    ------
    ReplayError
        Somebody else won the number with another plan. Nothing was sent.
    """
    plan = prepared.plan
    if plan is None:
        raise ValueError("nothing passes, so there is no plan")
    key = replay_plan_key(plan.dataset, plan.object_id, plan.number)
    if s3.put_once(buckets.quarantine, key, plan.encode(), tags=tags) is s3.Put.DIFFERENT:
        raise ReplayError(
            f"somebody else replays {prepared.source.header.source} at this moment; nothing was sent. Run it again."
        )
    if plan.whole:
        return finish(buckets, prepared.source, plan, None)
    return _send(buckets, plan, BytesIO(prepared.data))


def is_sent(buckets: Buckets, plan: ReplayPlan) -> bool:
    """Whether the plan's raw object is there, or was: it may have expired since."""
    if any(raw.key == plan.raw_key for raw in raw_objects(buckets.raw, plan.raw_key)):
        return True
    prefixes = (f"receipts/{dataset}/" for dataset in (plan.target, UNKNOWN_DATASET))
    return any(
        receipt.key == plan.raw_key for prefix in prefixes for receipt in inventory.receipts(buckets.processed, prefix)
    )


def finish(buckets: Buckets, source: Source, plan: ReplayPlan, target: Contract | None) -> Sent:
    """Put a plan's raw object, with the bytes that the plan was made for. `target` is needed unless it is `whole`.

    Raises
    ------
    ReplayError
        What it was made from is not there any more, or not the same; or its key holds something else.
    """
    try:
        if plan.whole:
            with _open(source.raw) as read, tempfile.SpooledTemporaryFile(_MEMORY_BYTES) as file:
                while piece := read(_READ_BYTES):
                    file.write(piece)
                file.seek(0)
                return _send(buckets, plan, file)
        if target is None:
            raise ReplayError(f"{_unfinished(plan)}: no contract in this checkout describes {plan.target!r}")
        planned = replay.taken([plan])
        header, records = _originals(source, target, [entry for entry in source.entries if entry.line in planned])
    except s3.ObjectGoneError:
        raise ReplayError(f"{_unfinished(plan)}: {replay.RAW_GONE}") from None
    found = [original for _, original in records if original is not None]
    data = replay.body(plan.format, header, found)
    if hashlib.sha256(data).hexdigest() != plan.sha256:
        raise ReplayError(f"{_unfinished(plan)}: its records cannot be read as they were. {_BY_HAND}")
    return _send(buckets, plan, BytesIO(data))


_BY_HAND = "Is the contract here older than the one that planned it?"


def _unfinished(plan: ReplayPlan) -> str:
    return f"plan {plan.number} of object {plan.object_id} cannot be finished"


def _send(buckets: Buckets, plan: ReplayPlan, file: IO[bytes]) -> Sent:
    metadata = {replay.ORIGIN_METADATA: plan.object_id}
    put = s3.put_once(buckets.raw, plan.raw_key, file, metadata=metadata)
    if put is s3.Put.DIFFERENT:
        raise ReplayError(f"{plan.raw_key} holds other bytes than its plan says: somebody wrote it by hand")
    return Sent.SENT if put is s3.Put.WRITTEN else Sent.PRESENT


def _originals(
    source: Source, target: Contract, entries: Sequence[QuarantineEntry]
) -> tuple[bytes, list[tuple[QuarantineEntry, bytes | None]]]:
    """The CSV header, if there is one, and each entry with its whole original (None: it cannot be had)."""
    header, again = b"", {}
    cut = {entry.line for entry in entries if reread.is_cut(entry)}
    if source.receipt.format == "csv" and entries:
        with _open(source.raw) as read:
            header = reread.csv_header(read)
    if cut:
        with _open(source.raw) as read:
            again = reread.originals(read, source.receipt.key, target, cut)
    records: list[tuple[QuarantineEntry, bytes | None]] = []
    for entry in entries:
        kept = entry.original_bytes
        if entry.line not in cut:
            records.append((entry, kept))
            continue
        found = again.get(entry.line)
        # Under another contract a broken quote may move the lines of a CSV file: what is kept tells.
        records.append((entry, found if found is not None and found.startswith(kept) else None))
    return header, records


@contextmanager
def _open(raw: RawObject) -> Iterator[Callable[[int], bytes]]:
    event = S3ObjectEvent(raw.bucket, raw.key, raw.version_id, raw.size, raw.last_modified)
    _, read, close = s3.open_raw(event)
    try:
        yield read
    finally:
        close()
