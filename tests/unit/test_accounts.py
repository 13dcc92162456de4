"""The auditor's arithmetic: what is accounted for, what waits, what contradicts, and what may be published."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from datavault.accounts import Account, judge, window
from datavault.audit import LedgerRow, ParquetRows
from datavault.receipt import Receipt

from .support import process, small_wire


def a_receipt(records: int = 100) -> Receipt:
    """A receipt of several chunks."""
    with small_wire():
        receipt = process(b"".join(b'{"id":%d}\n' % number for number in range(records))).receipt
    assert len(receipt.chunks) > 2
    return receipt


RECEIPT = a_receipt()
FILES = {chunk.id: ParquetRows(chunk.id, "k", chunk.records) for chunk in RECEIPT.chunks}
LOADS = {chunk.id: LedgerRow(chunk.id, "books", chunk.records, 0) for chunk in RECEIPT.chunks}
FIRST = RECEIPT.chunks[0]


def test_an_object_is_settled_when_every_chunk_is_in_parquet_and_ledger_with_its_records() -> None:
    standing = judge(RECEIPT, FILES, LOADS)
    assert (standing.waiting, standing.contradicting, standing.is_settled) == (0, 0, True)


def test_rows_that_a_merge_replaced_are_accounted_for() -> None:
    loads = LOADS | {FIRST.id: LedgerRow(FIRST.id, "books", FIRST.records, FIRST.records)}
    assert judge(RECEIPT, FILES, loads).is_settled


def test_before_the_ledger_was_asked_nothing_is_settled() -> None:
    standing = judge(RECEIPT, FILES, None)
    assert (standing.waiting, standing.findings, standing.is_settled) == (0, [], False)


@pytest.mark.parametrize("place", ["parquet", "ledger", "both"])
def test_records_of_a_chunk_that_is_not_there_yet_wait_and_contradict_nothing(place: str) -> None:
    files = {key: file for key, file in FILES.items() if key != FIRST.id or place == "ledger"}
    loads = {key: load for key, load in LOADS.items() if key != FIRST.id or place == "parquet"}
    standing = judge(RECEIPT, files, loads)
    assert (standing.waiting, standing.contradicting, standing.is_settled) == (FIRST.records, 0, False)


@pytest.mark.parametrize("rows", [0, FIRST.records - 1, FIRST.records + 5])
@pytest.mark.parametrize("place", ["parquet", "ledger"])
def test_another_number_of_rows_is_a_contradiction_of_that_many_records(place: str, rows: int) -> None:
    files = FILES | ({FIRST.id: ParquetRows(FIRST.id, "k", rows)} if place == "parquet" else {})
    loads = LOADS | ({FIRST.id: LedgerRow(FIRST.id, "books", rows, 0)} if place == "ledger" else {})
    standing = judge(RECEIPT, files, loads)
    assert standing.contradicting == abs(FIRST.records - rows)
    assert not standing.is_settled
    assert FIRST.id in standing.findings[0].message


def test_contradictions_that_cancel_each_other_are_still_one() -> None:
    second = RECEIPT.chunks[1]
    files = FILES | {
        FIRST.id: ParquetRows(FIRST.id, "k", FIRST.records + 1),
        second.id: ParquetRows(second.id, "k", second.records - 1),
    }
    assert judge(RECEIPT, files, LOADS).contradicting == 1


def test_a_receipt_that_contradicts_itself_is_found() -> None:
    assert judge(msgspec.structs.replace(RECEIPT, lines=110), FILES, LOADS).contradicting == 10


def test_what_waits_is_unaccounted_only_when_the_promise_is_broken() -> None:
    account = Account("books", 900)
    account.waits(timedelta(seconds=900), 5)
    assert (account.unaccounted, account.oldest_seconds) == (0, 900)
    account.waits(timedelta(seconds=901), 7)
    account.waits(timedelta(seconds=20), 1)
    assert (account.unaccounted, account.oldest_seconds) == (7, 901)


def test_records_of_several_objects_that_wait_too_long_add_up() -> None:
    account = Account("books", 900)
    account.waits(timedelta(seconds=901), 7)
    account.waits(timedelta(seconds=902), 5)
    assert (account.dataset, account.unaccounted) == ("books", 12)


def test_lines_in_quarantine_contradict_nothing() -> None:
    receipt = process(b'{"id":1}\nbad\nbad\nbad\n').receipt
    (chunk,) = receipt.chunks
    loads = {chunk.id: LedgerRow(chunk.id, "books", 1, 0)}
    assert judge(receipt, {chunk.id: ParquetRows(chunk.id, "k", 1)}, loads).is_settled
    assert judge(receipt, {chunk.id: ParquetRows(chunk.id, "k", 0)}, loads).contradicting == 1


def test_a_clock_behind_that_of_s3_gives_no_negative_age() -> None:
    account = Account("books", 900)
    account.waits(timedelta(seconds=-3), 5)
    assert account.oldest_seconds == 0


def test_all_is_well_is_published_only_by_who_has_seen_all() -> None:
    account = Account("books", 900)
    assert account.gauges == ({"RecordsUnaccounted": 0, "ObjectsSealed": 0}, {"OldestUnloadedSeconds": 0})
    account.is_complete = False
    assert account.gauges == ({"ObjectsSealed": 0}, {})
    account.waits(timedelta(seconds=1000), 7)
    assert account.gauges == ({"RecordsUnaccounted": 7, "ObjectsSealed": 0}, {"OldestUnloadedSeconds": 1000})


def test_a_log_line_carries_so_many_findings_and_the_number_of_all() -> None:
    account, findings = (
        Account("books", 900),
        judge(RECEIPT, dict.fromkeys(FILES, ParquetRows("", "", 0)), LOADS).findings,
    )
    for _ in range(30):
        account.contradicts(1, findings[:1])
    assert (len(account.findings), account.problems, account.unaccounted) == (20, 30, 30)


def test_the_window_ends_today_and_crosses_months() -> None:
    assert window(datetime(2026, 3, 2, 0, 0, 1, tzinfo=UTC), 3) == ["2026-02-28", "2026-03-01", "2026-03-02"]
