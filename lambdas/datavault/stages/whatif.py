"""What-if, with its reads: run another contract over raw objects or over quarantine. Writes nothing."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import msgspec

from .. import quarantine
from ..chunk import Chunk, merge_runs
from ..contract import Contract
from ..edges import s3
from ..edges.events import S3ObjectEvent
from ..enrich import Enricher, EnrichmentError
from ..identity import RawObject
from ..masking import MaskingKeys
from ..process import Processing
from ..receipt import Receipt
from ..records import Runs
from ..whatif import Difference, compare
from .replay import Buckets, Prepared

# A token of any key has the same form.
_ANY_KEYS = MaskingKeys({"k": "thrown away"})


class Trial(msgspec.Struct):
    """What the contract made of one raw object. `sql_errors` are those of enrich.sql over its chunks."""

    receipt: Receipt
    records: int
    difference: Difference
    sql_errors: list[str] = []


class Bench:
    """A contract, and its enrich.sql over its reference tables, ready to be run over many objects."""

    def __init__(self, contract: Contract, references: Path, work: Path) -> None:
        self.contract = contract
        self._enricher = Enricher(contract, references, work)

    def run_raw(self, buckets: Buckets, receipt: Receipt) -> Trial:
        """Read a raw object's version again.

        Raises
        ------
        ObjectGoneError
            It is not there any more, or what quarantine holds of it is not.
        """
        raw = RawObject(receipt.bucket, receipt.key, receipt.version_id, receipt.last_modified, receipt.size)
        was = []
        if receipt.quarantine_key:
            if not s3.exists(buckets.quarantine, receipt.quarantine_key):
                raise s3.ObjectGoneError(receipt.quarantine_key)
            was = quarantine.read(s3.read(buckets.quarantine, receipt.quarantine_key))[1]
        event = S3ObjectEvent(raw.bucket, raw.key, raw.version_id, raw.size, raw.last_modified)
        _, read, close = s3.open_raw(event)
        try:
            processing = Processing(raw, self.contract, read)
            runs: Runs = []
            errors: list[str] = []
            for chunk in processing.chunks():
                merge_runs(runs, chunk.header.lineruns)
                errors += self._enrich(chunk)
        finally:
            close()
        now = quarantine.read(processing.quarantine.body.read())[1]
        difference = compare(receipt.valid, was, runs, now)
        return Trial(receipt, processing.receipt().lines, difference, errors)

    def run_quarantine(self, prepared: Prepared) -> Trial:
        """What a replay of these records would be, under the contract."""
        found = Difference()
        for one in prepared.judged:
            if one.passes:
                group = (one.entry.reason.value, one.entry.field)
                found.passes[group] += 1
                found.passing.setdefault(group, one.entry)
        errors: list[str] = []
        if prepared.data and prepared.plan:
            raw = msgspec.structs.replace(prepared.source.raw, key=prepared.plan.raw_key)
            for chunk in Processing(raw, self.contract, BytesIO(prepared.data).read).chunks():
                errors += self._enrich(chunk)
        return Trial(prepared.source.receipt, len(prepared.judged), found, errors)

    def _enrich(self, chunk: Chunk) -> Iterator[str]:
        try:
            self._enricher.enrich(chunk.data, _ANY_KEYS)
        except EnrichmentError as error:
            yield str(error)
