"""The function and the worker write the same bytes for the same objects: chunks, receipts, claims, quarantine."""

import gzip
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import boto3
import pytest

from datavault.edges import sqs
from datavault.edges.clients import client
from datavault.stages import breaker, claims
from datavault.worker import settings
from datavault.worker.__main__ import processor

from ..handlers.conftest import Context, created, failed, load, metrics, sqs_event
from ..support import small_wire
from .conftest import Bench

__all__ = ["load"]  # the fixture

LINES = b"".join(b'{"n": %d, "mail": "m%d"}\n' % (n, n) if n % 10 else b"bad\n" for n in range(1, 201))
OBJECTS = {
    "books/day one.ndjson": LINES,
    "books/day.ndjson.gz": gzip.compress(LINES, mtime=0),
    "books/list.json": b"[" + b",".join(b'{"n": %d}' % n for n in range(200)) + b', {"n": "x"}]',
    "books/table.csv": b"n,mail\n" + b"".join(b"%d,a@b\n" % n for n in range(100)) + b"1\n",
    "books/cut-off.ndjson.gz": gzip.compress(LINES, mtime=0)[:-50],
    "books/empty.ndjson": b"",
    "nobody/knows.ndjson": LINES,
}

Written = dict[str, tuple[bytes, dict[str, str]]]


def put(key: str, data: bytes) -> str:
    """Put an object; the message that tells of it."""
    version = boto3.client("s3").put_object(Bucket="raw", Key=key, Body=data)["VersionId"]
    return created("raw", key.replace(" ", "+"), str(version))


def taken() -> tuple[Written, list[tuple[str, bytes]]]:
    """Everything that was written, with its tags, and the stream; both are empty afterwards."""
    s3, kinesis = client("s3"), client("kinesis")
    written: Written = {}
    for bucket in ("processed", "quarantine"):
        for item in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            where = {"Bucket": bucket, "Key": item["Key"]}
            tags = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(**where)["TagSet"]}
            written[f"{bucket}/{item['Key']}"] = s3.get_object(**where)["Body"].read(), tags
            s3.delete_object(**where)
    (shard,) = kinesis.list_shards(StreamName="chunks")["Shards"]
    place = {"StreamName": "chunks", "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(**place)["ShardIterator"]
    records = kinesis.get_records(ShardIterator=iterator)["Records"]
    kinesis.delete_stream(StreamName="chunks")
    kinesis.create_stream(StreamName="chunks", ShardCount=1)
    breaker.forget()
    claims._archive.cache_clear()
    return written, [(record["PartitionKey"], record["Data"]) for record in records]


@pytest.fixture
def handler(s3: Any, load: Callable[[str], ModuleType]) -> ModuleType:
    client("kinesis").create_stream(StreamName="chunks", ShardCount=1)
    return load("processor")


@pytest.fixture
def work(bench: Bench, handler: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the worker empty its queue."""
    monkeypatch.setenv("DATAVAULT_WORKER_QUEUE_URL", bench.queue)
    return lambda: bench.run(processor(settings.read(), bench.metrics)) and None


def test_the_worker_writes_what_the_function_writes(
    handler: ModuleType, work: Callable[[], None], bench: Bench, capsys: Any
) -> None:
    messages = [put(key, data) for key, data in OBJECTS.items()]
    with small_wire(chunk=600):
        assert failed(handler.process_data(sqs_event(*messages), Context())) == []
        by_function, function_stream = taken()
        sqs.send_all(bench.queue, messages)
        work()
        by_worker, worker_stream = taken()

    assert len(function_stream) > 20
    assert len([key for key in by_function if key.startswith("processed/receipts/")]) == len(OBJECTS)
    assert len([key for key in by_function if key.startswith("quarantine/quarantine/")]) == len(OBJECTS) - 1
    assert by_worker == by_function
    # The queue has no order, the stream of an object has.
    assert sorted(worker_stream) == sorted(function_stream)
    assert bench.depth() == (0, 0)
    assert bench.value("datavault_objects_total", dataset="books", outcome="processed") == 6
    assert bench.value("datavault_objects_total", dataset="_unknown", outcome="processed") == 1
    assert "day one" not in capsys.readouterr().out


def test_an_attempt_that_was_cut_off_is_finished_by_another_worker_with_the_same_bytes(
    handler: ModuleType, work: Callable[[], None], bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = put("books/a.ndjson", LINES)
    with small_wire(chunk=600), monkeypatch.context() as patch:
        handler.process_data(sqs_event(message), Context())
        expected, stream = taken()
        sqs.send_all(bench.queue, [message])
        patch.setattr("datavault.stages.processor._finish", lambda *_: (_ for _ in ()).throw(MemoryError))
        work()
        patch.undo()
        assert bench.value("datavault_processing_errors_total", error="MemoryError") == 3
        client("sqs").purge_queue(QueueUrl=bench.queue)
        sqs.send_all(bench.queue, [message])
        work()
        written, again = taken()

    assert written == expected
    assert set(again) == set(stream)
    assert len(again) == 4 * len(stream)


def test_what_is_done_already_is_a_duplicate(handler: ModuleType, work: Callable[[], None], bench: Bench) -> None:
    message = put("books/a.ndjson", LINES)
    handler.process_data(sqs_event(message), Context())
    sqs.send_all(bench.queue, [message])

    work()

    assert bench.value("datavault_objects_total", dataset="books", outcome="duplicate") == 1
    assert bench.value("datavault_records_total", dataset="books", outcome="valid") is None


def test_a_paused_dataset_goes_to_the_held_queue(
    handler: ModuleType, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = client("sqs").create_queue(QueueName="held")["QueueUrl"]
    monkeypatch.setenv("DATAVAULT_HELD_QUEUE_URL", held)
    monkeypatch.setenv("DATAVAULT_WORKER_QUEUE_URL", bench.queue)
    client("s3").put_object(Bucket="quarantine", Key="paused/books.json", Body=b'{"dataset": "books"}')
    message = put("books/a.ndjson", LINES)
    sqs.send_all(bench.queue, [message])

    bench.run(processor(settings.read(), bench.metrics))

    (letter,) = client("sqs").receive_message(QueueUrl=held)["Messages"]
    assert letter["Body"] == message
    assert bench.value("datavault_objects_total", dataset="books", outcome="held") == 1


def large(message: str, size: int) -> str:
    body = json.loads(message)
    body["Records"][0]["s3"]["object"]["size"] = size
    return json.dumps(body)


@pytest.mark.parametrize(("size", "is_large"), [(999, False), (1000, True), (1001, True)])
def test_the_function_hands_over_an_object_of_the_threshold_or_more(  # noqa: PLR0917  fixtures
    size: int, is_large: bool, handler: ModuleType, bench: Bench, load: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch, capsys: Any,
) -> None:  # fmt: skip
    monkeypatch.setenv("DATAVAULT_WORKER_QUEUE_URL", bench.queue)
    monkeypatch.setenv("DATAVAULT_WORKER_THRESHOLD_BYTES", "1000")
    message = large(put("books/secret name.ndjson", LINES), size)

    assert failed(load("processor").process_data(sqs_event(message), Context())) == []

    written, stream = taken()
    output = capsys.readouterr().out
    assert bench.depth() == (int(is_large), 0)
    assert (bool(written), bool(stream)) == (not is_large, not is_large)
    assert metrics(output).get("ObjectsHandedOver") == ([1] if is_large else None)
    assert "secret name" not in output


def test_a_message_that_cannot_be_handed_over_goes_back(
    handler: ModuleType, bench: Bench, load: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAVAULT_WORKER_QUEUE_URL", bench.queue + "-gone")
    monkeypatch.setenv("DATAVAULT_WORKER_THRESHOLD_BYTES", "1000")
    messages = [large(put("books/a.ndjson", LINES), 1000), put("books/b.ndjson", LINES)]

    assert failed(load("processor").process_data(sqs_event(*messages), Context())) == ["message0"]
