"""Does it add up? Follow every raw object version to its rows, hop by hop (invariant 5). Pure.

raw object -> receipt -> Parquet objects -> ledger -> rows of the table
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

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


class Finding(msgspec.Struct, frozen=True):
    """Something that does not add up: between which stages, for which object, and what."""

    hop: str
    object_id: str
    key: str
    message: str


class ObjectAudit(msgspec.Struct, frozen=True):
    """One raw object's way. Every count is of records or rows."""

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


def reconcile(  # noqa: PLR0913, PLR0917  one for each place that is compared
    raws: Iterable[RawVersion],
    receipts: Iterable[Receipt],
    parquet: Iterable[ParquetRows],
    ledger: Iterable[LedgerRow],
    table: Iterable[WarehouseRows],
    expired: Collection[str] = (),
) -> Audit:
    """Compare the five records of what happened. Each finding names the first hop where a count goes wrong.

    `expired` are the ids of objects whose Parquet objects' retention is over: theirs may be gone.
    """
    files = {entry.chunk_id: entry for entry in parquet}
    loads = {entry.chunk_id: entry for entry in ledger}
    rows = {entry.chunk_id: entry.rows for entry in table}
    by_object = {receipt.object_id: receipt for receipt in receipts}
    objects: list[ObjectAudit] = []
    findings: list[Finding] = []
    known_chunks: set[str] = set()
    keys: dict[str, str] = {}
    for raw in raws:
        keys[raw.object_id] = raw.key
        if raw.object_id not in by_object:
            findings.append(Finding(RAW_RECEIPT, raw.object_id, raw.key, "not processed: it has no receipt"))
    for receipt in by_object.values():
        keys.setdefault(receipt.object_id, receipt.key)
        found = list(_follow(receipt, files, loads, rows, is_expired=receipt.object_id in expired))
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
            )
        )
    findings += _orphans(known_chunks, by_object.keys(), keys, files, loads, rows)
    return Audit(objects, findings)


def _follow(
    receipt: Receipt,
    files: dict[str, ParquetRows],
    loads: dict[str, LedgerRow],
    rows: dict[str, int],
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
            found += _parquet_findings(chunk, file)
        found += _table_findings(chunk, load, rows.get(chunk.id, 0))
    return [Finding(hop, receipt.object_id, receipt.key, message) for hop, message in found]


def _parquet_findings(chunk: ChunkEntry, file: ParquetRows | None) -> Iterable[tuple[str, str]]:
    if file is None:
        yield RECEIPT_PARQUET, f"chunk {chunk.id} has no Parquet object"
    elif file.rows != chunk.records:
        yield RECEIPT_PARQUET, f"chunk {chunk.id}: {chunk.records} records, {file.rows} rows in Parquet"


def _table_findings(chunk: ChunkEntry, load: LedgerRow | None, there: int) -> Iterable[tuple[str, str]]:
    if load is None:
        yield PARQUET_LEDGER, f"chunk {chunk.id} is not in the ledger"
        return
    if load.rows != chunk.records:
        yield PARQUET_LEDGER, f"chunk {chunk.id}: {chunk.records} records, {load.rows} rows loaded"
    if there != (expected := load.rows - load.superseded):
        yield LEDGER_TABLE, f"chunk {chunk.id}: {expected} rows expected in the table, {there} are there"


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
