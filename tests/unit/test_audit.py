"""The audit's arithmetic: each hop that can lose a record is named when it does."""

from dataclasses import dataclass, field, replace

import msgspec
import pytest

from datavault.audit import Audit, LedgerRow, ParquetRows, RawVersion, Replay, WarehouseRows, reconcile
from datavault.receipt import Receipt

from .support import RECEIVED_AT, process, raw_object

RECORDS = 5


@dataclass
class Books:
    """What the five places say of one object; balanced unless a test changes it."""

    raws: list[RawVersion] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    parquet: list[ParquetRows] = field(default_factory=list)
    ledger: list[LedgerRow] = field(default_factory=list)
    table: list[WarehouseRows] = field(default_factory=list)
    set_aside: dict[str, str] = field(default_factory=dict)

    def audit(self, *expired: str) -> Audit:
        return reconcile(
            self.raws, self.receipts, self.parquet, self.ledger, self.table, expired, set_aside=self.set_aside
        )

    def hops(self, *expired: str) -> list[str]:
        return [finding.hop for finding in self.audit(*expired).findings]


RAW = raw_object()
RECEIPT = process(b"".join(b'{"id":%d}\n' % number for number in range(RECORDS)) + b"bad\n").receipt
(CHUNK,) = RECEIPT.chunks


@pytest.fixture
def books() -> Books:
    return Books(
        [RawVersion(RAW.id, RAW.key, RAW.version_id, RAW.dataset, RECEIVED_AT)],
        [RECEIPT],
        [ParquetRows(CHUNK.id, "data/books/x.parquet", RECORDS)],
        [LedgerRow(CHUNK.id, "books", RECORDS, 0)],
        [WarehouseRows(CHUNK.id, RECORDS)],
    )


def test_an_object_whose_every_record_arrived_is_balanced(books: Books) -> None:
    audit = books.audit()

    assert audit.is_balanced
    (entry,) = audit.objects
    assert (entry.lines, entry.quarantined, entry.valid) == (RECORDS + 1, 1, RECORDS)
    assert (entry.parquet, entry.loaded, entry.in_table, entry.is_balanced) == (RECORDS, RECORDS, RECORDS, True)


def test_an_object_without_a_receipt_is_named(books: Books) -> None:
    books.receipts, books.parquet, books.ledger, books.table = [], [], [], []

    (finding,) = books.audit().findings
    assert (finding.hop, finding.object_id, finding.key) == ("raw->receipt", RAW.id, RAW.key)


def test_chunks_of_an_object_that_is_still_being_processed_are_said_once(books: Books) -> None:
    books.receipts = []

    assert books.hops() == ["raw->receipt"]


def test_a_receipt_that_does_not_add_up_is_named(books: Books) -> None:
    books.receipts = [msgspec.structs.replace(RECEIPT, lines=RECEIPT.lines + 1)]
    assert books.hops() == ["receipt"]
    books.receipts = [msgspec.structs.replace(RECEIPT, valid=RECORDS + 1, lines=RECEIPT.lines + 1)]
    assert books.hops() == ["receipt"]


def test_a_missing_parquet_object_is_named(books: Books) -> None:
    books.parquet = []

    assert books.hops() == ["receipt->parquet"]


def test_a_parquet_object_that_its_retention_has_deleted_is_no_finding(books: Books) -> None:
    books.parquet = []

    assert books.hops(RAW.id) == []


def test_a_parquet_object_with_another_number_of_rows_is_named_also_when_it_may_be_deleted(books: Books) -> None:
    books.parquet = [ParquetRows(CHUNK.id, "x", RECORDS - 1)]

    assert books.hops() == books.hops(RAW.id) == ["receipt->parquet"]


def test_a_chunk_that_is_not_in_the_ledger_is_named(books: Books) -> None:
    books.ledger, books.table = [], []

    assert books.hops() == ["parquet->ledger"]


@pytest.mark.parametrize("place", ["failed-chunks", "failed-loads"])
def test_a_chunk_that_was_set_aside_is_said_to_be_there(books: Books, place: str) -> None:
    key = f"{place}/books/dt=2026-03-01/{CHUNK.id}.x"
    books.ledger, books.table, books.set_aside = [], [], {CHUNK.id: key, "another": "failed-chunks/y"}
    if place == "failed-chunks":
        books.parquet = []

    findings = books.audit().findings

    assert findings
    assert all(f"set aside as {key}" in finding.message for finding in findings)


def test_a_ledger_row_with_another_number_of_rows_is_named(books: Books) -> None:
    books.ledger, books.table = [LedgerRow(CHUNK.id, "books", 4, 0)], [WarehouseRows(CHUNK.id, 4)]

    assert books.hops() == ["parquet->ledger"]


@pytest.mark.parametrize("rows", [0, RECORDS - 1, RECORDS + 1])
def test_a_row_too_few_or_too_many_in_the_table_is_named(books: Books, rows: int) -> None:
    books.table = [WarehouseRows(CHUNK.id, rows)]

    assert books.hops() == ["ledger->table"]


def test_rows_that_a_merge_has_replaced_are_accounted_for(books: Books) -> None:
    books.ledger, books.table = [LedgerRow(CHUNK.id, "books", RECORDS, 2)], [WarehouseRows(CHUNK.id, RECORDS - 2)]

    assert books.audit().is_balanced
    assert books.audit().objects[0].superseded == 2


def test_a_chunk_that_no_receipt_knows_is_named_with_every_place_that_holds_it(books: Books) -> None:
    stranger = "f" * 32 + "-000000000001"
    books.parquet.append(ParquetRows(stranger, "x", 1))
    books.table.append(WarehouseRows(stranger, 1))

    (finding,) = books.audit().findings
    assert (finding.object_id, finding.key) == ("f" * 32, "(unknown)")
    assert finding.message == f"chunk {stranger} is in Parquet and the table, and in no receipt"


def test_one_bad_object_does_not_hide_that_the_others_are_fine(books: Books) -> None:
    other = replace(books, receipts=[RECEIPT, msgspec.structs.replace(RECEIPT, object_id="0" * 32, chunks=[], valid=9)])

    audit = other.audit()

    assert [entry.is_balanced for entry in audit.objects] == [True, False]


SECOND = msgspec.structs.replace(
    process(b'{"id":7}\n').receipt, object_id="second", key="books/_replay/x/000001.ndjson", chunks=[], valid=0,
    quarantined=1,
)  # fmt: skip
REPLAY = Replay(RAW.id, SECOND.key, [(6, 1)], is_whole=False)


def replayed(books: Books, *replays: Replay) -> tuple[Audit, list[str]]:
    audit = reconcile(books.raws, books.receipts, books.parquet, books.ledger, books.table, (), replays)
    return audit, [finding.message for finding in audit.findings if finding.hop == "quarantine->replay"]


def test_a_record_is_followed_to_its_second_life(books: Books) -> None:
    books.receipts = [RECEIPT, SECOND]
    audit, findings = replayed(books, REPLAY)
    assert findings == []
    assert (audit.objects[0].replayed, audit.objects[0].replayed_valid, audit.objects[0].replayed_quarantined) == (
        1,
        0,
        1,
    )


def test_a_second_life_that_waits_is_no_finding_of_its_own(books: Books) -> None:
    books.raws.append(RawVersion("second", SECOND.key, "v", "books", RECEIVED_AT))
    audit, findings = replayed(books, REPLAY)
    assert findings == []
    assert [finding.hop for finding in audit.findings] == ["raw->receipt"]


def test_a_plan_without_its_object_is_named(books: Books) -> None:
    (message,) = replayed(books, REPLAY)[1]
    assert SECOND.key in message
    assert f"datavault quarantine replay {RAW.id} --apply" in message


def test_a_second_life_with_another_number_of_lines_is_named_unless_the_object_was_sent_whole(books: Books) -> None:
    books.receipts = [RECEIPT, msgspec.structs.replace(SECOND, lines=2, quarantined=2)]
    assert replayed(books, REPLAY)[1] == [f"{SECOND.key}: 1 records were sent, its receipt says 2"]
    assert replayed(books, msgspec.structs.replace(REPLAY, is_whole=True))[1] == []


def test_a_line_in_two_plans_is_named(books: Books) -> None:
    books.receipts = [RECEIPT, SECOND]
    assert replayed(books, REPLAY, REPLAY)[1] == ["1 lines were replayed more than once", "1 quarantined, 2 replayed"]
