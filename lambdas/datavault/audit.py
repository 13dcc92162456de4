"""Does it add up? Follow every raw object version to its rows, hop by hop (invariant 5). Pure.

raw object -> receipt -> Parquet objects -> ledger -> rows of the table
quarantine -> replay plan -> raw object of the second life -> its receipt
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

import msgspec

from .identity import chunk_object_id
from .receipt import ChunkEntry, Receipt


class RawVersion(msgspec.Struct, frozen=True):
    object_id: str
    key: str
    version_id: str
    dataset: str
    last_modified: datetime


class ParquetRows(msgspec.Struct, frozen=True):
    chunk_id: str
    key: str
    rows: int


class LedgerRow(msgspec.Struct, frozen=True):
    chunk_id: str
    dataset: str
    rows: int
    superseded: int


class WarehouseRows(msgspec.Struct, frozen=True):
    chunk_id: str
    rows: int


class Replay(msgspec.Struct, frozen=True):
    """A replay plan: the lines (first, count) of an object that were sent again, and the new object's key.

    `is_whole`: the object was sent again as it is, so one bad line may become any number of records.
    """

    object_id: str
    raw_key: str
    lines: list[tuple[int, int]]
    is_whole: bool

    @property
    def records(self) -> int:
        return sum(count for _, count in self.lines)


class Finding(msgspec.Struct, frozen=True):
    """Something that does not add up: between which stages, for which object, and what."""

    hop: str
    object_id: str
    key: str
    message: str


class ObjectAudit(msgspec.Struct, frozen=True):
    """One raw object's way. Every count is of records or rows.

    `replayed` of the quarantined records have a second life; `replayed_valid` and `replayed_quarantined` are what
    became of it, by the receipts of the objects that they were sent in.
    """

    object_id: str
    key: str
    dataset: str
    lines: int
    quarantined: int
    valid: int
    parquet: int
    loaded: int
    superseded: int
    in_table: int
    is_balanced: bool
    replayed: int = 0
    replayed_valid: int = 0
    replayed_quarantined: int = 0


class Audit(msgspec.Struct, frozen=True):
    objects: list[ObjectAudit]
    findings: list[Finding]

    @property
    def is_balanced(self) -> bool:
        return not self.findings


RAW_RECEIPT = "raw->receipt"
RECEIPT = "receipt"
RECEIPT_PARQUET = "receipt->parquet"
PARQUET_LEDGER = "parquet->ledger"
LEDGER_TABLE = "ledger->table"
QUARANTINE_REPLAY = "quarantine->replay"


def reconcile(  # noqa: PLR0913, PLR0917  one for each place that is compared
    raws: Iterable[RawVersion],
    receipts: Iterable[Receipt],
    parquet: Iterable[ParquetRows],
    ledger: Iterable[LedgerRow],
    table: Iterable[WarehouseRows],
    expired: Collection[str] = (),
    replays: Iterable[Replay] = (),
    set_aside: Mapping[str, str] = MappingProxyType({}),
) -> Audit:
    """Compare the records of what happened. Each finding names the first hop where a count goes wrong.

    `expired` are the ids of objects whose Parquet objects' retention is over: theirs may be gone. `set_aside` names the
    object in the quarantine bucket for each chunk that could not be enriched or loaded.
    """
    files = {entry.chunk_id: entry for entry in parquet}
    loads = {entry.chunk_id: entry for entry in ledger}
    rows = {entry.chunk_id: entry.rows for entry in table}
    by_object = {receipt.object_id: receipt for receipt in receipts}
    objects: list[ObjectAudit] = []
    findings: list[Finding] = []
    known_chunks: set[str] = set()
    keys: dict[str, str] = {}
    replayed: dict[str, list[Replay]] = defaultdict(list)
    for replay in replays:
        replayed[replay.object_id].append(replay)
    receipt_by_key = {receipt.key: receipt for receipt in by_object.values()}
    raw_keys = set()
    for raw in raws:
        raw_keys.add(raw.key)
        keys[raw.object_id] = raw.key
        if raw.object_id not in by_object:
            findings.append(Finding(RAW_RECEIPT, raw.object_id, raw.key, "not processed: it has no receipt"))
    for receipt in by_object.values():
        keys.setdefault(receipt.object_id, receipt.key)
        found = list(_follow(receipt, files, loads, rows, set_aside, is_expired=receipt.object_id in expired))
        plans = replayed[receipt.object_id]
        found += _replay_findings(receipt, plans, receipt_by_key, raw_keys)
        second = [receipt_by_key[plan.raw_key] for plan in plans if plan.raw_key in receipt_by_key]
        findings += found
        ids = [chunk.id for chunk in receipt.chunks]
        known_chunks.update(ids)
        objects.append(
            ObjectAudit(
                object_id=receipt.object_id,
                key=receipt.key,
                dataset=receipt.dataset,
                lines=receipt.lines,
                quarantined=receipt.quarantined,
                valid=receipt.valid,
                parquet=sum(files[chunk].rows for chunk in ids if chunk in files),
                loaded=sum(loads[chunk].rows for chunk in ids if chunk in loads),
                superseded=sum(loads[chunk].superseded for chunk in ids if chunk in loads),
                in_table=sum(rows.get(chunk, 0) for chunk in ids),
                is_balanced=not found,
                replayed=sum(plan.records for plan in plans),
                replayed_valid=sum(life.valid for life in second),
                replayed_quarantined=sum(life.quarantined for life in second),
            )
        )
    findings += _orphans(known_chunks, by_object.keys(), keys, files, loads, rows)
    return Audit(objects, findings)


def _follow(  # noqa: PLR0913  the records of what happened
    receipt: Receipt,
    files: dict[str, ParquetRows],
    loads: dict[str, LedgerRow],
    rows: dict[str, int],
    set_aside: Mapping[str, str],
    *,
    is_expired: bool,
) -> Iterable[Finding]:
    found: list[tuple[str, str]] = []
    if receipt.lines != receipt.valid + receipt.quarantined:
        found.append((RECEIPT, f"{receipt.lines} lines, {receipt.valid} valid, {receipt.quarantined} quarantined"))
    if receipt.valid != sum(chunk.records for chunk in receipt.chunks):
        found.append((RECEIPT, f"{receipt.valid} valid records, but its chunks hold another number"))
    for chunk in receipt.chunks:
        file, load = files.get(chunk.id), loads.get(chunk.id)
        if file is not None or not is_expired:
            found += _parquet_findings(chunk, file, _why(chunk, set_aside))
        found += _table_findings(chunk, load, rows.get(chunk.id, 0), _why(chunk, set_aside))
    return [Finding(hop, receipt.object_id, receipt.key, message) for hop, message in found]


def _why(chunk: ChunkEntry, set_aside: Mapping[str, str]) -> str:
    key = set_aside.get(chunk.id)
    return f": it was set aside as {key}; once its cause is mended, `datavault redrive` sends it again" if key else ""


def _parquet_findings(chunk: ChunkEntry, file: ParquetRows | None, why: str) -> Iterable[tuple[str, str]]:
    if file is None:
        yield RECEIPT_PARQUET, f"chunk {chunk.id} has no Parquet object{why}"
    elif file.rows != chunk.records:
        yield RECEIPT_PARQUET, f"chunk {chunk.id}: {chunk.records} records, {file.rows} rows in Parquet"


def _table_findings(chunk: ChunkEntry, load: LedgerRow | None, there: int, why: str) -> Iterable[tuple[str, str]]:
    if load is None:
        yield PARQUET_LEDGER, f"chunk {chunk.id} is not in the ledger{why}"
        return
    if load.rows != chunk.records:
        yield PARQUET_LEDGER, f"chunk {chunk.id}: {chunk.records} records, {load.rows} rows loaded"
    if there != (expected := load.rows - load.superseded):
        yield LEDGER_TABLE, f"chunk {chunk.id}: {expected} rows expected in the table, {there} are there"


def _replay_findings(
    receipt: Receipt, plans: Sequence[Replay], receipts: Mapping[str, Receipt], raw_keys: Collection[str]
) -> Iterable[Finding]:
    """The plans of one object. A second life that waits for its receipt is said already, as a raw object."""
    found = []
    lines = [line for plan in plans for start, count in plan.lines for line in range(start, start + count)]
    if len(set(lines)) < len(lines):
        found.append(f"{len(lines) - len(set(lines))} lines were replayed more than once")
    if len(lines) > receipt.quarantined:
        found.append(f"{receipt.quarantined} quarantined, {len(lines)} replayed")
    for plan in plans:
        life = receipts.get(plan.raw_key)
        if life is None and plan.raw_key not in raw_keys:
            hint = f"`datavault quarantine replay {receipt.object_id} --apply` sends it"
            found.append(f"{plan.raw_key} was planned and is not there: {hint}")
        elif life is not None and not plan.is_whole and life.lines != plan.records:
            found.append(f"{plan.raw_key}: {plan.records} records were sent, its receipt says {life.lines}")
    return [Finding(QUARANTINE_REPLAY, receipt.object_id, receipt.key, message) for message in found]


def _orphans(  # noqa: PLR0913, PLR0917  the five records of what happened, and what is known
    known: set[str],
    processed: Iterable[str],
    keys: dict[str, str],
    files: dict[str, ParquetRows],
    loads: dict[str, LedgerRow],
    rows: dict[str, int],
) -> Iterable[Finding]:
    """Chunks that no receipt knows. While an object is being processed it has chunks and no receipt yet."""
    done = set(processed)
    extra: dict[str, list[str]] = defaultdict(list)
    for place, chunks in (("Parquet", files), ("the ledger", loads), ("the table", rows)):
        for chunk in chunks.keys() - known:
            extra[chunk].append(place)
    for chunk, places in sorted(extra.items()):
        object_id = chunk_object_id(chunk)
        if object_id in keys and object_id not in done:
            continue  # said already: its object has no receipt
        message = f"chunk {chunk} is in {' and '.join(places)}, and in no receipt"
        yield Finding(RECEIPT_PARQUET, object_id, keys.get(object_id, "(unknown)"), message)
