"""The processor's handler: captured SQS events in, batch item failures out."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import boto3
import msgspec
import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError

from .conftest import CONTRACT, EVENTS, Context, created, failed, metrics, sqs_event


@pytest.fixture
def handler(s3: Any, load: Callable[[str], ModuleType]) -> ModuleType:
    boto3.client("kinesis").create_stream(StreamName="chunks", ShardCount=1)
    return load("processor")


def put(key: str, data: bytes) -> str:
    return str(boto3.client("s3").put_object(Bucket="raw", Key=key, Body=data)["VersionId"])


def receipts() -> list[dict[str, Any]]:
    s3 = boto3.client("s3")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket="processed", Prefix="receipts/").get("Contents", [])]
    return [json.loads(s3.get_object(Bucket="processed", Key=key)["Body"].read()) for key in keys]


def test_a_batch_is_processed_counted_and_logged_without_its_values(handler: ModuleType, capsys: Any) -> None:
    version = put("books/day one.ndjson", b'{"n": 1, "mail": "s3cr3t"}\n{"n": "s3cr3t"}\n')
    event = sqs_event(created("raw", "books/day+one.ndjson", version), (EVENTS / "s3_test_event.json").read_text())
    assert failed(handler.process_data(event, Context())) == []
    (receipt,) = receipts()
    assert (receipt["valid"], receipt["quarantined"], receipt["key"]) == (1, 1, "books/day one.ndjson")
    output = capsys.readouterr().out
    found = metrics(output)
    assert (found["books.RecordsValid"], found["books.RecordsQuarantined"], found["books.ChunksSent"]) == (
        [1],
        [1],
        [1],
    )
    assert found["WriteOnceConflict"] == [0]
    assert "s3cr3t" not in output
    assert "day one" not in output
    log = next(json.loads(line) for line in output.splitlines() if '"processed"' in line and '"level"' in line)
    assert log["correlation_id"] == receipt["object_id"]


def test_the_same_event_twice_does_its_work_once(handler: ModuleType, capsys: Any) -> None:
    event = sqs_event(*[created("raw", "books/a.ndjson", put("books/a.ndjson", b'{"n": 1}'))] * 2)
    assert failed(handler.process_data(event, Context())) == []
    assert len(receipts()) == 1
    assert metrics(capsys.readouterr().out)["books.ObjectsProcessed"] == [1]


def test_a_message_that_fails_fails_alone(handler: ModuleType) -> None:
    good = created("raw", "books/a.ndjson", put("books/a.ndjson", b'{"n": 1}'))
    event = sqs_event("no event", good, created("nowhere", "books/a.ndjson", "v"))
    assert failed(handler.process_data(event, Context())) == ["message0", "message2"]
    assert len(receipts()) == 1


def test_when_all_fail_the_whole_batch_is_an_error(handler: ModuleType) -> None:
    with pytest.raises(BatchProcessingError):
        handler.process_data(sqs_event("no event"), Context())


def test_a_conflict_is_counted(handler: ModuleType, capsys: Any) -> None:
    version = put("books/a.ndjson", b"bad")
    event = sqs_event(created("raw", "books/a.ndjson", version))
    handler.process_data(event, Context())
    (receipt,) = receipts()
    s3 = boto3.client("s3")
    s3.put_object(Bucket="quarantine", Key=receipt["quarantine_key"], Body=b"other")
    for item in s3.list_objects_v2(Bucket="processed", Prefix="receipts/")["Contents"]:
        s3.delete_object(Bucket="processed", Key=item["Key"])
    capsys.readouterr()
    assert failed(handler.process_data(event, Context())) == []
    assert metrics(capsys.readouterr().out)["WriteOnceConflict"] == [1]


def test_a_message_of_a_paused_dataset_is_held_unchanged_and_done(
    handler: ModuleType, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, list[str]]] = []
    monkeypatch.setattr("datavault.stages.messages.sqs.send_all", lambda url, bodies: sent.append((url, bodies)))
    boto3.client("s3").put_object(Bucket="quarantine", Key="paused/books.json", Body=b'{"dataset": "books"}')
    body = created("raw", "books/a.ndjson", put("books/a.ndjson", b'{"n": 1}'))
    assert failed(handler.process_data(sqs_event(body), Context())) == []
    assert (sent, receipts()) == ([("held", [body])], [])
    assert "held: the dataset is paused" in capsys.readouterr().out


def test_a_message_that_cannot_be_held_goes_back(handler: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(url: str, bodies: list[str]) -> None:
        raise ConnectionError

    monkeypatch.setattr("datavault.stages.messages.sqs.send_all", refuse)
    boto3.client("s3").put_object(Bucket="quarantine", Key="paused/books.json", Body=b'{"dataset": "books"}')
    held = created("raw", "books/a.ndjson", put("books/a.ndjson", b'{"n": 1}'))
    event = sqs_event(held, (EVENTS / "s3_test_event.json").read_text())
    assert failed(handler.process_data(event, Context())) == ["message0"]


def test_a_pause_is_counted_and_logged(handler: ModuleType, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    contract = msgspec.structs.replace(CONTRACT, max_bad_share=0.1, on_bad_share="pause")
    monkeypatch.setattr(handler.contracts, "get", lambda _: contract)
    body = created("raw", "books/a.ndjson", put("books/a.ndjson", b"bad\n" * 100))
    handler.process_data(sqs_event(body), Context())
    output = capsys.readouterr().out
    assert metrics(output)["books.DatasetPaused"] == [1]
    log = next(json.loads(line) for line in output.splitlines() if '"paused: too many bad records"' in line)
    assert (log["level"], log["pause"]["lines"], log["pause"]["quarantined"]) == ("WARNING", 100, 100)
