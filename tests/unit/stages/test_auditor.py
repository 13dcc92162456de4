"""The auditor's stage: what is settled is sealed once, what is missing is counted, the warehouse sleeps if it can."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from datavault.accounts import Account
from datavault.contract import Contracts
from datavault.edges import warehouse as warehouse_edge
from datavault.edges.warehouse import StatementError, Warehouse
from datavault.identity import UNKNOWN_DATASET, receipt_key, seal_key
from datavault.receipt import Receipt
from datavault.seal import Head, Seal, digest, follow, parquet_keys
from datavault.stages import auditor as stage
from datavault.stages.auditor import Auditor, Places

from ..settled import CONTRACT, Ledger, Pipeline, body

PLACES = Places("raw", "processed", "quarantine", Warehouse("w", "d", "secret"))
SOON, LATE = timedelta(seconds=10), timedelta(seconds=CONTRACT.freshness_seconds + 60)


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Ledger:
    fake = Ledger()
    monkeypatch.setattr(warehouse_edge, "client", lambda _: fake)
    monkeypatch.setattr(warehouse_edge.time, "sleep", fake.pauses.append)
    return fake


@pytest.fixture
def pipeline(s3: Any, ledger: Ledger) -> Pipeline:
    return Pipeline(s3, ledger)


@pytest.fixture
def audit(s3: Any, tmp_path: Path) -> Callable[..., dict[str, Account]]:
    """Run the auditor so long after now; what it found, by dataset."""

    def run(later: timedelta = SOON, seconds: Iterable[float] = (), **changes: Any) -> dict[str, Account]:
        contract = msgspec.structs.replace(CONTRACT, **changes)
        (tmp_path / "books.json").write_bytes(msgspec.json.encode(contract))
        left = iter(seconds)
        auditor = Auditor(PLACES, Contracts(tmp_path), 3, datetime.now(UTC) + later, lambda: next(left, 60.0))
        return {account.dataset: account for account in auditor.run()}

    return run


def seals(s3: Any, dataset: str = "books") -> list[Seal]:
    """The chain of the dataset's only day, which must be whole."""
    head, found = Head(), []
    for item in s3.list_objects_v2(Bucket="processed", Prefix=f"seals/{dataset}/").get("Contents", []):
        data = s3.get_object(Bucket="processed", Key=item["Key"])["Body"].read()
        date = item["Key"].split("/")[2].removeprefix("dt=")
        link = follow(head, dataset, date, item["Key"], data)
        assert link.problems == []
        assert link.seal is not None
        found.append(link.seal)
        head = link.head
    return found


def key_of(receipt: Receipt) -> str:
    return receipt_key(receipt.dataset, receipt.last_modified.date().isoformat(), receipt.object_id)


def totals(account: Account) -> tuple[int, int, bool]:
    return account.unaccounted, account.sealed, account.is_complete


def test_what_is_settled_is_sealed_with_the_hashes_of_all_that_holds_it(
    s3: Any, pipeline: Pipeline, audit: Callable[..., dict[str, Account]]
) -> None:
    receipt = pipeline.settle()
    assert totals(audit()["books"]) == (0, 1, True)
    (only,) = seals(s3)
    (entry,) = only.entries
    (parquet,) = entry.parquet
    data = {
        key: s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        for bucket, key in (
            ("processed", key_of(receipt)),
            ("processed", parquet_keys(receipt)[0]),
            ("quarantine", receipt.quarantine_key),
        )
    }
    assert (entry.receipt, entry.sha256) == (key_of(receipt), digest(data[entry.receipt]))
    assert (parquet.sha256, parquet.rows) == (digest(data[parquet.key]), 3)
    assert entry.quarantine is not None
    assert entry.quarantine.sha256 == digest(data[entry.quarantine.key])
    assert (entry.lines, entry.valid, entry.quarantined) == (4, 3, 1)


def test_what_is_sealed_is_not_looked_at_again_and_the_chain_goes_on(
    s3: Any, pipeline: Pipeline, audit: Callable[..., dict[str, Account]], ledger: Ledger
) -> None:
    first = pipeline.settle("books/a.ndjson")
    audit()
    second = pipeline.settle("books/b.ndjson")
    asked = len(ledger.started)
    assert totals(audit()["books"]) == (0, 1, True)
    assert [[entry.receipt for entry in seal.entries] for seal in seals(s3)] == [[key_of(first)], [key_of(second)]]
    assert first.object_id not in ledger.started[asked][0]
    before = len(ledger.started)
    assert totals(audit()["books"]) == (0, 0, True)
    assert len(ledger.started) == before


def test_the_warehouse_sleeps_while_nothing_can_be_in_it(
    pipeline: Pipeline, audit: Callable[..., dict[str, Account]], ledger: Ledger
) -> None:
    pipeline.put("books/no-receipt.ndjson")
    pipeline.process(pipeline.put("books/no-parquet.ndjson"))
    pipeline.process(pipeline.put("books/all-bad.ndjson", b"bad\n"))
    pipeline.process(pipeline.put("stranger/x.ndjson"), None)
    found = audit()
    assert ledger.started == []
    assert (found["books"].sealed, found[UNKNOWN_DATASET].sealed) == (1, 1)


def test_one_statement_asks_for_all_objects_of_a_batch(
    pipeline: Pipeline, audit: Callable[..., dict[str, Account]], ledger: Ledger
) -> None:
    for name in "abc":
        pipeline.settle(f"books/{name}.ndjson")
    assert audit()["books"].sealed == 3
    assert len(ledger.started) == 1


@pytest.mark.parametrize(
    ("stop", "records"), [("raw", 1), ("receipt", 3), ("parquet", 3)], ids=["no receipt", "no Parquet", "not in ledger"]
)
def test_what_is_on_its_way_is_news_only_when_the_promise_is_broken(
    s3: Any, pipeline: Pipeline, audit: Callable[..., dict[str, Account]], stop: str, records: int
) -> None:
    raw = pipeline.put()
    if stop != "raw":
        receipt = pipeline.process(raw)
        if stop == "parquet":
            pipeline.enrich(receipt)
    soon, late = audit(SOON)["books"], audit(LATE)["books"]
    assert totals(soon) == (0, 0, True)
    assert 10 <= soon.oldest_seconds < 100
    assert totals(late) == (records, 0, True)
    assert late.oldest_seconds >= LATE.total_seconds()
    assert seals(s3) == []


def test_the_promise_is_the_contracts(pipeline: Pipeline, audit: Callable[..., dict[str, Account]]) -> None:
    pipeline.put()
    assert audit(LATE, freshness_seconds=86_400)["books"].unaccounted == 0
    assert audit(SOON, freshness_seconds=5)["books"].unaccounted == 1


def test_an_object_that_nobody_knows_waits_until_its_receipt_is_there(
    s3: Any, pipeline: Pipeline, audit: Callable[..., dict[str, Account]]
) -> None:
    raw = pipeline.put("stranger/x.ndjson")
    assert totals(audit(LATE)[UNKNOWN_DATASET]) == (1, 0, True)
    pipeline.process(raw, None)
    assert totals(audit(LATE)[UNKNOWN_DATASET]) == (0, 1, True)
    assert audit(LATE)[UNKNOWN_DATASET].oldest_seconds == 0
    (only,) = seals(s3, UNKNOWN_DATASET)
    assert only.entries[0].parquet == ()


def test_an_object_filed_before_its_contract_came_is_not_missed(
    pipeline: Pipeline, audit: Callable[..., dict[str, Account]]
) -> None:
    pipeline.process(pipeline.put("books/early.ndjson"), None)  # the receipt lies under _unknown
    found = audit(LATE)
    assert (found["books"].unaccounted, found[UNKNOWN_DATASET].unaccounted) == (0, 0)


def test_a_dataset_whose_contract_is_gone_is_audited_still(
    s3: Any, pipeline: Pipeline, audit: Callable[..., dict[str, Account]]
) -> None:
    pipeline.process(pipeline.put("films/a.ndjson"), msgspec.structs.replace(CONTRACT, dataset="films"))
    assert totals(audit(LATE)["films"]) == (3, 0, True)


@pytest.mark.parametrize("metadata", [{"records": "2"}, {"records": ""}, {"records": "many"}])
def test_parquet_with_another_number_of_rows_contradicts_at_once(
    s3: Any, pipeline: Pipeline, audit: Callable[..., dict[str, Account]], ledger: Ledger, metadata: dict[str, str]
) -> None:
    receipt = pipeline.process(pipeline.put())
    pipeline.enrich(receipt, **metadata)
    pipeline.load(receipt)
    account = audit(SOON)["books"]
    assert totals(account) == (1 if metadata["records"] == "2" else 3, 0, True)
    assert receipt.object_id in {finding.object_id for finding in account.findings}
    assert seals(s3) == ledger.started == []


def test_parquet_that_somebody_else_put_is_not_sealed(
    s3: Any, pipeline: Pipeline, audit: Callable[..., dict[str, Account]]
) -> None:
    receipt = pipeline.settle()
    # boto3 adds a CRC, S3 then knows no SHA-256.
    s3.put_object(Bucket="processed", Key=parquet_keys(receipt)[0], Body=b"x", Metadata={"records": "3"})
    assert totals(audit(SOON)["books"]) == (3, 0, True)


def test_another_number_of_rows_in_the_ledger_contradicts_at_once(
    s3: Any, pipeline: Pipeline, audit: Callable[..., dict[str, Account]], ledger: Ledger
) -> None:
    receipt = pipeline.settle()
    ledger.rows[receipt.chunks[0].id][2] = 2
    assert totals(audit(SOON)["books"]) == (1, 0, True)
    assert seals(s3) == []


def test_bad_records_whose_quarantine_object_is_gone_are_unaccounted_at_once(
    s3: Any, pipeline: Pipeline, audit: Callable[..., dict[str, Account]]
) -> None:
    receipt = pipeline.settle("books/a.ndjson", body(3, 2))
    s3.delete_object(Bucket="quarantine", Key=receipt.quarantine_key)
    account = audit(SOON)["books"]
    assert totals(account) == (2, 0, True)
    assert receipt.quarantine_key in account.findings[0].message
    assert seals(s3) == []


@pytest.mark.parametrize("what", ["no JSON", "no text", "another's"])
def test_a_receipt_that_is_none_contradicts_and_stops_nothing(
    s3: Any, pipeline: Pipeline, audit: Callable[..., dict[str, Account]], what: str
) -> None:
    good = pipeline.settle()
    data = {"no JSON": b"?", "no text": b'{"key":"\xff"}', "another's": good.encode()}[what]
    s3.put_object(Bucket="processed", Key=key_of(good).replace(good.object_id, "0" * 32), Body=data)
    account = audit(SOON)["books"]
    assert totals(account) == (1, 1, True)
    assert "0" * 32 in account.findings[0].key


def test_objects_whose_parquet_may_have_expired_are_left_alone(
    pipeline: Pipeline, audit: Callable[..., dict[str, Account]]
) -> None:
    pipeline.process(pipeline.put())
    assert audit(timedelta(days=1), retention_days=2)["books"].unaccounted == 3
    assert audit(timedelta(days=1), retention_days=1)["books"].unaccounted == 0


def test_older_objects_are_not_looked_at(pipeline: Pipeline, audit: Callable[..., dict[str, Account]]) -> None:
    pipeline.put()
    assert audit(timedelta(days=2))["books"].unaccounted == 1
    assert audit(timedelta(days=3))["books"].unaccounted == 0


def test_a_number_that_is_taken_ends_the_day_and_the_same_bytes_do_not(
    s3: Any, pipeline: Pipeline, audit: Callable[..., dict[str, Account]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An auditor that read the chain before another one wrote to it."""
    for name in "ab":
        pipeline.settle(f"books/{name}.ndjson")
    blind = lambda bucket, dataset, day: stage.Chain(dataset, day)  # noqa: E731
    assert audit(SOON)["books"].sealed == 2
    monkeypatch.setattr(stage, "read_chain", blind)
    assert totals(audit(SOON)["books"]) == (0, 2, True)  # the same seal
    monkeypatch.setattr(stage, "_BATCH_RECEIPTS", 1)
    assert totals(audit(SOON)["books"]) == (0, 0, True)  # others
    assert [len(seal.entries) for seal in seals(s3)] == [2]


def test_a_broken_chain_is_told_and_never_built_upon(
    s3: Any, pipeline: Pipeline, audit: Callable[..., dict[str, Account]]
) -> None:
    first = pipeline.settle("books/a.ndjson")
    audit()
    date = first.last_modified.date().isoformat()
    s3.put_object(Bucket="processed", Key=seal_key("books", date, 0), Body=b"{}")
    pipeline.settle("books/b.ndjson")
    account = audit(SOON)["books"]
    assert (account.unaccounted, account.sealed) == (1, 0)
    assert account.findings[0].key == seal_key("books", date, 0)


@pytest.mark.parametrize("calls", range(1, 12))
def test_who_runs_out_of_time_says_so_wherever_it_happens(
    s3: Any, pipeline: Pipeline, audit: Callable[..., dict[str, Account]], calls: int
) -> None:
    pipeline.settle()
    account = audit(SOON, [60.0] * calls + [-1.0])["books"]
    assert account.is_complete is (account.sealed == 1)
    if not account.is_complete:
        assert account.gauges == ({"ObjectsSealed": 0}, {}) or account.oldest_seconds
        assert totals(audit(SOON)["books"]) == (0, 1, True)


def test_a_warehouse_that_does_not_answer_in_time_leaves_the_rest_unseen(
    pipeline: Pipeline, audit: Callable[..., dict[str, Account]], ledger: Ledger
) -> None:
    pipeline.settle()
    ledger.statuses = ["STARTED"] * 5
    account = audit(SOON, [60.0] * 16 + [0.0] * 5)["books"]
    assert ledger.cancelled == ["id1"]
    assert not account.is_complete


def test_a_warehouse_that_refuses_fails_the_run(
    pipeline: Pipeline, audit: Callable[..., dict[str, Account]], ledger: Ledger
) -> None:
    pipeline.settle()
    ledger.statuses, ledger.error = ["FAILED"], "ERROR: no"
    with pytest.raises(StatementError, match="ERROR: no"):
        audit()


def test_more_than_one_run_remembers_is_said_and_found_by_the_next(
    s3: Any, pipeline: Pipeline, audit: Callable[..., dict[str, Account]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "_MOST_UNSEALED", 2)
    for name in "abc":
        pipeline.settle(f"books/{name}.ndjson")
    assert totals(audit()["books"]) == (0, 2, False)
    assert totals(audit()["books"]) == (0, 1, True)


def test_a_batch_ends_with_so_many_receipts_or_chunks(
    s3: Any, pipeline: Pipeline, audit: Callable[..., dict[str, Account]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "_BATCH_CHUNKS", 2)
    for name in "abc":
        pipeline.settle(f"books/{name}.ndjson")
    assert audit()["books"].sealed == 3
    assert [len(seal.entries) for seal in seals(s3)] == [2, 1]
