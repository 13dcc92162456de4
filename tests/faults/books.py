"""The books after a run: is every record where it belongs, once, and is nothing there that belongs nowhere?"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import psycopg

from datavault import inventory
from datavault.audit import reconcile
from datavault.cli.context import Stack
from datavault.edges.warehouse import Warehouse
from datavault.identity import (
    RawObject,
    claim_key,
    failed_chunk_key,
    failed_load_key,
    parquet_key,
    quarantine_key,
    receipt_key,
)
from datavault.quarantine import read as read_quarantine
from datavault.receipt import Receipt

from .pipeline import Pipeline
from .scenarios import Content

FAILURE_FOLDERS = ("failed-chunks", "failed-loads")
VALUE = {"flights": "flight", "orders": "order_id"}


@dataclass
class Verdict:
    """`lost` and `duplicated` count records; `findings` say what does not add up, the audit's first."""

    rows: int = 0
    lost: int = 0
    duplicated: int = 0
    is_balanced: bool = True
    findings: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return self.is_balanced and not (self.lost or self.duplicated or self.findings)


class Books:
    """Reads everything that there is of some raw objects."""

    def __init__(self, stack: Stack, aws: Callable[[str], Any], pipeline: Pipeline) -> None:
        self.stack, self.s3, self.pipeline = stack, aws("s3"), pipeline
        address = f"postgresql://datavault:datavault@127.0.0.1:{stack.warehouse_port}/{stack.database}"
        self.connection = psycopg.connect(address, autocommit=True)

    def check(self, sent: Sequence[tuple[RawObject, Content]], aside: int = 0) -> Verdict:
        """Compare what is there with what was sent; `aside` chunks have to be set aside, with a note that says why."""
        verdict = Verdict()
        chunks = self.set_aside([raw for raw, _ in sent])
        if len(chunks) != aside:
            verdict.findings.append(f"{len(chunks)} chunks are set aside, should be {aside}")
        self._audit([raw for raw, _ in sent], chunks, verdict)
        latest = self._latest(sent)
        for raw, content in sent:
            self._rows(raw, content, latest, chunks, verdict)
            self._objects(raw, content, chunks, verdict)
        self._leftovers(verdict)
        return verdict

    def set_aside(self, raws: Iterable[RawObject]) -> set[str]:
        """The chunks of raw objects that lie in a failure store."""
        prefixes = [f"{folder}/{raw.dataset}/dt={raw.date}/{raw.id}" for raw in raws for folder in FAILURE_FOLDERS]
        return {
            PurePosixPath(item["Key"]).stem
            for prefix in prefixes
            for item in inventory.keys(self.stack.quarantine_bucket, prefix)
        }

    def _audit(self, raws: list[RawObject], aside: set[str], verdict: Verdict) -> None:
        """The product's own audit, over these objects only."""
        stack = self.stack
        warehouse = Warehouse(stack.workgroup, stack.database, role_arn=stack.warehouse_roles["analyst"])
        ids = {raw.id for raw in raws}
        versions = [v for raw in raws for v in inventory.raw_versions(stack.raw_bucket, raw.key) if v.object_id in ids]
        receipts, parquet = [], []
        for raw in raws:
            receipts += inventory.receipts(stack.processed_bucket, receipt_key(raw.dataset, raw.date, raw.id))
            parquet += inventory.parquet_rows(stack.processed_bucket, f"data/{raw.dataset}/dt={raw.date}/{raw.id}")
        ledger = [row for row in inventory.ledger(warehouse) if row.chunk_id[:32] in ids]
        table = [
            row
            for dataset in sorted({raw.dataset for raw in raws})
            for row in inventory.warehouse_rows(warehouse, dataset)
            if row.chunk_id[:32] in ids
        ]
        audit = reconcile(versions, receipts, parquet, ledger, table)
        # The audit names a chunk that is set aside until somebody has seen to it, and so it should.
        findings = [finding for finding in audit.findings if not any(chunk in finding.message for chunk in aside)]
        verdict.is_balanced = not findings
        verdict.findings += [f"audit {finding.hop}: {finding.message}" for finding in findings]

    @staticmethod
    def _latest(sent: Sequence[tuple[RawObject, Content]]) -> dict[str, tuple[str, int]]:
        """Which line of which object holds the latest version of each order (`merge`)."""
        found: dict[str, tuple[Any, str, int]] = {}
        for raw, content in sent:
            if content.dataset == "orders":
                for line, value in content.values.items():
                    place = (raw.last_modified, raw.id, line)
                    found[value] = max(found.get(value, place), place)
        return {value: (object_id, line) for value, (_, object_id, line) in found.items()}

    def _rows(
        self,
        raw: RawObject,
        content: Content,
        latest: dict[str, tuple[str, int]],
        aside: set[str],
        verdict: Verdict,
    ) -> None:
        """Each good line once, with its own value; the lines of a chunk that is set aside not at all."""
        book = self.receipt(raw, content)
        missing = [range(c.first_line, c.last_line + 1) for c in book.chunks if c.id in aside] if book else []
        column = VALUE[content.dataset]
        found = self.connection.execute(
            f"SELECT _line, {column}::text FROM public.{content.dataset} WHERE _object_id = %s",
            [raw.id],  # type: ignore[arg-type]
        ).fetchall()
        there = Counter((int(line), str(value)) for line, value in found)
        wanted = Counter(
            (line, value)
            for line, value in content.values.items()
            if (content.dataset != "orders" or latest[value] == (raw.id, line))
            and not any(line in lines for lines in missing)
        )
        verdict.rows += there.total()
        verdict.lost += (wanted - there).total()
        verdict.duplicated += (there - wanted).total()

    def receipt(self, raw: RawObject, content: Content) -> Receipt | None:
        key = receipt_key(content.dataset, raw.date, raw.id)
        found = inventory.receipts(self.stack.processed_bucket, key)
        return found[0] if found else None

    def _objects(self, raw: RawObject, content: Content, aside: set[str], verdict: Verdict) -> None:
        """Receipt and quarantine say what was sent; nothing else is there; every name was written once."""
        say = verdict.findings.append
        versions = self._versions(raw)
        book = self.receipt(raw, content)
        if book is None:
            say("no receipt")
            return
        wanted = (len(content.values) + sum(content.reasons.values()), len(content.values), content.reasons)
        if (book.lines, book.valid, book.reasons) != wanted:
            say(f"receipt says {(book.lines, book.valid, book.reasons)}, sent were {wanted}")
        belongs = self._belongings(raw, content, book, aside, versions)
        key = quarantine_key(content.dataset, raw.date, raw.id)
        if key in belongs & versions.keys():
            _, entries = read_quarantine(inventory.read(self.stack.quarantine_bucket, key))
            if Counter(entry.reason.value for entry in entries) != Counter(content.reasons):
                say("the quarantine object holds other records than were sent")
        if missing := belongs - versions.keys():
            say(f"missing: {sorted(missing)}")
        if orphans := versions.keys() - belongs:
            say(f"belongs to nothing: {sorted(orphans)}")
        if twice := {key: count for key, count in versions.items() if count > 1}:
            say(f"written more than once: {twice}")

    @staticmethod
    def _belongings(
        raw: RawObject, content: Content, book: Receipt, aside: set[str], there: Collection[str]
    ) -> set[str]:
        """The keys of all that there should be of an object."""
        dataset, date = content.dataset, raw.date
        belongs = {receipt_key(dataset, date, raw.id)} | {parquet_key(dataset, date, chunk.id) for chunk in book.chunks}
        if "object_gone" not in content.reasons:  # then it was never begun
            belongs.add(claim_key(date, raw.id))
        if content.reasons:
            belongs.add(quarantine_key(dataset, date, raw.id))
        for chunk in aside:
            if failed_load_key(dataset, date, chunk) in there:
                belongs.add(failed_load_key(dataset, date, chunk))
            else:  # no retry could make it Parquet
                belongs.add(failed_chunk_key(dataset, date, chunk))
                belongs.discard(parquet_key(dataset, date, chunk))
        return belongs

    def _versions(self, raw: RawObject) -> Counter[str]:
        """How many versions each object has that names this raw object, in the processed and the quarantine bucket."""
        stack, found = self.stack, Counter[str]()
        places = {
            stack.processed_bucket: ("data", "receipts"),
            stack.quarantine_bucket: ("quarantine", *FAILURE_FOLDERS),
        }
        for bucket, folders in places.items():
            prefixes = [f"{folder}/{raw.dataset}/dt={raw.date}/{raw.id}" for folder in folders]
            prefixes += [f"claims/dt={raw.date}/{raw.id}"]
            for prefix in prefixes:
                listed = self.s3.list_object_versions(Bucket=bucket, Prefix=prefix)
                found.update(item["Key"] for item in listed.get("Versions", []) + listed.get("DeleteMarkers", []))
        return found

    def _leftovers(self, verdict: Verdict) -> None:
        pipeline, say = self.pipeline, verdict.findings.append
        for queue in (pipeline.raw, pipeline.parquet):
            for kind, url in (("queue", queue.url), ("dead-letter queue", queue.dlq_url)):
                if depth := queue.depth(url):
                    say(f"{depth} messages in the {kind} of the {queue.stage}")
        if pipeline.delivered.given_up:
            say(f"{len(pipeline.delivered.given_up)} chunks given up")
        if pipeline.chunks.waiting:
            say(f"{len(pipeline.chunks.waiting)} chunks in the stream")
