"""The circuit breaker at work: a bad object pauses its dataset, and only that; what is begun is finished."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from datavault.breaker import Pause, decode
from datavault.contract import Contracts, Field
from datavault.edges import kinesis
from datavault.edges import s3 as s3_edge
from datavault.edges.events import S3ObjectEvent
from datavault.identity import pause_key
from datavault.stages import breaker
from datavault.stages.processor import Outcome, Targets, process_object

from ..support import RECEIVED_AT, make_contract

TARGETS = Targets("processed", "quarantine", "chunks")
BAD = b'{"n": 1}\n' * 50 + b"bad\n" * 50
GOOD = b'{"n": 1}\n' * 200


@pytest.fixture(autouse=True)
def stream(monkeypatch: pytest.MonkeyPatch) -> None:
    def put_chunks(name: str, chunks: Any, remaining_seconds: Any) -> None:
        assert remaining_seconds() > 0

    monkeypatch.setattr(kinesis, "put_chunks", put_chunks)


@pytest.fixture
def contracts(tmp_path: Path) -> Contracts:
    contract = make_contract((Field("n", "integer", required=True),), max_bad_share=0.2, on_bad_share="pause")
    for dataset in ("books", "films"):
        (tmp_path / f"{dataset}.json").write_bytes(
            msgspec.json.encode(msgspec.structs.replace(contract, dataset=dataset))
        )
    return Contracts(tmp_path)


def put(s3: Any, key: str, data: bytes) -> S3ObjectEvent:
    version = s3.put_object(Bucket="raw", Key=key, Body=data)["VersionId"]
    return S3ObjectEvent("raw", key, version, len(data), RECEIVED_AT)


def run(event: S3ObjectEvent, contracts: Contracts) -> Outcome:
    return process_object(event, contracts, TARGETS, lambda: 60, lambda _: None)


def names(s3: Any, bucket: str, prefix: str) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]


def test_a_bad_object_is_processed_and_pauses_its_dataset(s3: Any, contracts: Contracts) -> None:
    outcome = run(put(s3, "books/a.ndjson", BAD), contracts)
    assert outcome.receipt is not None
    assert (outcome.receipt.lines, outcome.counts["DatasetPaused"]) == (100, 1)
    body = s3.get_object(Bucket="quarantine", Key=pause_key("books"))["Body"].read()
    assert decode(body) == outcome.pause == Pause("books", outcome.object_id, 100, 50, 0.2)


def test_a_paused_dataset_takes_no_new_object_and_others_go_on(s3: Any, contracts: Contracts) -> None:
    run(put(s3, "books/a.ndjson", BAD), contracts)
    before = names(s3, "processed", "")
    held = run(put(s3, "books/b.ndjson", GOOD), contracts)
    assert (held.is_held, held.receipt, held.counts) == (True, None, {})
    assert names(s3, "processed", "") == before
    assert run(put(s3, "films/a.ndjson", GOOD), contracts).receipt is not None


def test_what_was_held_is_processed_at_once_when_the_pause_is_gone(s3: Any, contracts: Contracts) -> None:
    run(put(s3, "books/a.ndjson", BAD), contracts)
    event = put(s3, "books/b.ndjson", GOOD)
    assert run(event, contracts).is_held
    s3.delete_object(Bucket="quarantine", Key=pause_key("books"))
    outcome = run(event, contracts)
    assert outcome.receipt is not None
    assert outcome.receipt.valid == 200


def test_what_was_begun_is_finished(s3: Any, contracts: Contracts, monkeypatch: pytest.MonkeyPatch) -> None:
    event = put(s3, "books/a.ndjson", GOOD)
    with monkeypatch.context() as patch:
        patch.setattr(kinesis, "put_chunks", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(event, contracts)
    breaker.open_breaker(Pause("books"), "quarantine", {})
    assert run(event, contracts).receipt is not None


def test_an_object_that_was_processed_is_not_held(s3: Any, contracts: Contracts) -> None:
    event = put(s3, "books/a.ndjson", BAD)
    run(event, contracts)
    again = run(event, contracts)
    assert (again.receipt, again.is_held) == (None, False)


def test_a_crash_between_the_pause_and_the_receipt_loses_neither(
    s3: Any, contracts: Contracts, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = put(s3, "books/a.ndjson", BAD)
    with monkeypatch.context() as patch:
        patch.setattr("datavault.receipt.Receipt.encode", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(event, contracts)
    assert names(s3, "quarantine", "paused/") == [pause_key("books")]
    outcome = run(event, contracts)
    assert outcome.receipt is not None
    assert outcome.conflicts == []


def test_the_first_of_several_bad_objects_is_named(s3: Any, contracts: Contracts) -> None:
    first = run(put(s3, "books/a.ndjson", BAD), contracts)
    breaker.open_breaker(Pause("books", "another"), "quarantine", {})
    body = s3.get_object(Bucket="quarantine", Key=pause_key("books"))["Body"].read()
    assert decode(body).object_id == first.object_id


def test_an_open_dataset_is_looked_at_once_in_fifteen_seconds(
    s3: Any, contracts: Contracts, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = 1000.0
    monkeypatch.setattr(breaker.time, "monotonic", lambda: clock)
    looks: list[str] = []
    exists = s3_edge.exists
    monkeypatch.setattr(
        s3_edge,
        "exists",
        lambda bucket, key: looks.append(key) or exists(bucket, key),  # type: ignore[func-returns-value]
    )
    for number in range(5):
        run(put(s3, f"books/{number}.ndjson", GOOD), contracts)
    assert looks.count(pause_key("books")) == 1
    s3.put_object(Bucket="quarantine", Key=pause_key("books"), Body=Pause("books").encode())
    assert not run(put(s3, "books/5.ndjson", GOOD), contracts).is_held
    clock += breaker.LOOK_SECONDS
    assert run(put(s3, "books/6.ndjson", GOOD), contracts).is_held
    assert looks.count(pause_key("books")) == 2


def test_not_knowing_is_an_error_and_no_answer(s3: Any, contracts: Contracts, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(bucket: str, key: str) -> bool:
        raise PermissionError(key)

    event = put(s3, "books/a.ndjson", GOOD)
    monkeypatch.setattr(s3_edge, "exists", refuse)
    with pytest.raises(PermissionError):
        run(event, contracts)
    assert names(s3, "processed", "") == []
