"""What the auditor makes of what it finds: what is accounted for, what waits, what contradicts. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from .audit import Finding, LedgerRow, ParquetRows, WarehouseRows, reconcile
from .receipt import Receipt

# Findings that one log line carries; the count says how many there are.
_FINDINGS_TOLD = 20


class Standing(msgspec.Struct, frozen=True):
    """One receipt: records that are `waiting` for Parquet or ledger, records that `contradict`, and what they say.

    A contradiction is at least one record, and no time will mend it.
    """

    waiting: int
    contradicting: int
    findings: list[Finding]
    is_loaded: bool

    @property
    def is_settled(self) -> bool:
        """Whether every record of the object is where it should be."""
        return self.is_loaded and not self.findings


def judge(receipt: Receipt, files: Mapping[str, ParquetRows], loads: Mapping[str, LedgerRow] | None) -> Standing:
    """Compare a receipt with its chunks' Parquet objects and ledger rows, by chunk id.

    `loads` is None when the ledger was not asked, because something is missing before it: what is known is then the
    least that is missing.
    """
    absent = [
        chunk for chunk in receipt.chunks if chunk.id not in files or (loads is not None and chunk.id not in loads)
    ]
    # What may still come is taken as it should be. What does not add up even so is a contradiction.
    there = [files.get(chunk.id) or ParquetRows(chunk.id, "", chunk.records) for chunk in receipt.chunks]
    loaded = [
        (loads or {}).get(chunk.id) or LedgerRow(chunk.id, receipt.dataset, chunk.records, 0)
        for chunk in receipt.chunks
    ]
    # The ledger's word for the table: counting its rows would read it whole. `datavault audit` does.
    table = [WarehouseRows(row.chunk_id, row.rows - row.superseded) for row in loaded]
    audit = reconcile((), [receipt], there, loaded, table)
    (counts,) = audit.objects
    lost = max(
        abs(counts.lines - counts.valid - counts.quarantined),
        abs(counts.valid - counts.parquet),
        abs(counts.valid - counts.loaded),
        1,
    )
    return Standing(
        waiting=sum(chunk.records for chunk in absent),
        contradicting=lost if audit.findings else 0,
        findings=audit.findings,
        is_loaded=loads is not None and not absent,
    )


class Account:
    """What one run found of one dataset. Times in seconds, counts of records and objects."""

    def __init__(self, dataset: str, promise_seconds: int) -> None:
        self.dataset = dataset
        self.promise_seconds = promise_seconds
        self.unaccounted = 0
        self.oldest_seconds = 0
        self.sealed = 0
        self.is_complete = True
        self.problems = 0
        self.findings: list[Finding] = []

    def waits(self, age: timedelta, records: int) -> None:
        """An object is not completely loaded: news when it is older than the contract promises."""
        seconds = max(0, int(age.total_seconds()))
        self.oldest_seconds = max(self.oldest_seconds, seconds)
        if seconds > self.promise_seconds:
            self.unaccounted += records

    def contradicts(self, records: int, findings: list[Finding]) -> None:
        """Something does not add up, and waiting will not mend it."""
        self.unaccounted += max(1, records)
        self.problems += len(findings)
        self.findings += findings[: _FINDINGS_TOLD - len(self.findings)]

    @property
    def gauges(self) -> tuple[dict[str, int], dict[str, int]]:
        """Metrics to publish: counts, and seconds.

        A 0 says that all is well, and may be said only by who has looked at everything.
        """
        counts, seconds = {"RecordsUnaccounted": self.unaccounted}, {"OldestUnloadedSeconds": self.oldest_seconds}
        if not self.is_complete:
            counts, seconds = ({name: value for name, value in part.items() if value} for part in (counts, seconds))
        return counts | {"ObjectsSealed": self.sealed}, seconds


def window(now: datetime, days: int) -> list[str]:
    """The last days (UTC), today included, the oldest first."""
    return [(now - timedelta(days=back)).date().isoformat() for back in reversed(range(days))]
