"""`datavault redrive`: everything that was given up goes back to where it came from, and none of it is lost."""

import json
from base64 import b64encode
from typing import Any

import pytest

from datavault.cli import redrive
from datavault.cli.context import Stack
from datavault.edges import kinesis, sqs
from datavault.edges.clients import client
from datavault.edges.events import created_objects

from .conftest import Pipeline, Run, chunks_in_stream

CHUNK = "failed-chunks/orders/dt=2026-03-14/c1.zst"
LOAD = "failed-loads/orders/dt=2026-03-14/c1.json"
BATCH = "aws/lambda/uuid/shard/2026/03/14/x"
PARQUET = "data/orders/dt=2026-03-14/c1.parquet"


@pytest.fixture
def given_up(pipeline: Pipeline, stack: Stack, s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One thing in each place."""
    real = client("sqs").receive_message
    # moto waits for real.
    monkeypatch.setattr(client("sqs"), "receive_message", lambda **words: real(**(words | {"WaitTimeSeconds": 0})))
    client("sqs").send_message(QueueUrl=stack.raw_dlq_url, MessageBody="raw letter")
    client("sqs").send_message(QueueUrl=stack.worker.dlq_url, MessageBody="large letter")  # type: ignore[union-attr]
    client("sqs").send_message(QueueUrl=stack.parquet_dlq_url, MessageBody="parquet letter")
    record = {"kinesis": {"partitionKey": "k1", "data": b64encode(b"batch").decode()}}
    s3.put_object(Bucket="quarantine", Key=BATCH, Body=json.dumps({"payload": {"Records": [record]}}))
    s3.put_object(Bucket="quarantine", Key=CHUNK, Body=b"chunk", Metadata={"partition-key": "k2", "error": "no"})
    s3.put_object(Bucket="processed", Key=PARQUET, Body=b"PAR1")
    load = {"chunk_id": "c1", "dataset": "orders", "bucket": "processed", "key": PARQUET, "error": "no"}
    s3.put_object(Bucket="quarantine", Key=LOAD, Body=json.dumps(load))


def messages(url: str) -> list[str]:
    found = client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [message["Body"] for message in found]


def left() -> list[str]:
    return [item["Key"] for item in client("s3").list_objects_v2(Bucket="quarantine").get("Contents", [])]


def test_without_a_place_it_shows_what_lies_where_and_sends_nothing(run: Run, given_up: None, stack: Stack) -> None:
    code, out, _ = run("redrive", "--json")

    found = json.loads(out)
    assert (code, found["sent"]) == (0, False)
    assert {place["place"]: (place["there"], place["sent"]) for place in found["places"]} == dict.fromkeys(
        ("raw", "large", "parquet", "batches", "chunks", "loads"), (1, 0)
    )
    assert "nothing was sent. Mend the cause first" in run("redrive")[1]
    assert run("redrive", "all", "--dry-run")[1] == run("redrive")[1]
    assert messages(stack.raw_queue_url) == []
    assert sorted(left()) == sorted([BATCH, CHUNK, LOAD])


def test_all_goes_back_to_where_it_came_from(run: Run, given_up: None, stack: Stack) -> None:
    code, out, _ = run("redrive", "all", "--json")

    assert code == 0
    assert [place["sent"] for place in json.loads(out)["places"]] == [1, 1, 1, 1, 1, 1]
    assert messages(stack.raw_queue_url) == ["raw letter"]
    assert stack.worker is not None
    assert messages(stack.worker.queue_url) == ["large letter"]
    load, letter = sorted(messages(stack.parquet_queue_url), reverse=True)
    assert letter == "parquet letter"
    (event,) = created_objects(load)
    assert (event.bucket, event.key, event.size) == ("processed", PARQUET, 4)
    assert [(one["PartitionKey"], one["Data"]) for one in chunks_in_stream()] == [("k1", b"batch"), ("k2", b"chunk")]
    assert left() == []
    assert json.loads(run("status", "--json")[1])["given_up"] == dict.fromkeys(
        (
            "raw events (DLQ)",
            "large objects (DLQ)",
            "Parquet events (DLQ)",
            "enrichment batches",
            "failed chunks",
            "failed loads",
        ),
        0,
    )


@pytest.mark.parametrize(("place", "key"), [("batches", BATCH), ("chunks", CHUNK), ("loads", LOAD)])
def test_one_place_leaves_the_others(run: Run, given_up: None, place: str, key: str) -> None:
    assert "`datavault audit` must balance" in run("redrive", place)[1]

    assert sorted(left()) == sorted({BATCH, CHUNK, LOAD} - {key})


def test_status_shows_what_was_given_up(run: Run, given_up: None) -> None:
    code, out, _ = run("status")

    assert code == 1
    assert "failed chunks" in out
    assert "`datavault redrive` shows how to send it once more" in out


def test_what_cannot_be_sent_stays_and_is_said(run: Run, pipeline: Pipeline, s3: Any) -> None:
    s3.put_object(Bucket="quarantine", Key=BATCH, Body=b'{"KinesisBatchInfo": {}}')
    s3.put_object(Bucket="quarantine", Key=CHUNK, Body=b"chunk")
    s3.put_object(Bucket="quarantine", Key=LOAD, Body=b'{"bucket": "processed", "key": "gone"}')
    s3.put_object(Bucket="quarantine", Key=LOAD + "x", Body=b"nonsense")

    results = [run("redrive", place) for place in ("batches", "chunks", "loads")]

    assert [code for code, *_ in results] == [1, 1, 1]
    text = "".join(out for _, out, _ in results)
    for problem in ("holds no records", "names no partition key", "its Parquet object is gone", "does not say which"):
        assert problem in text
    assert sorted(left()) == sorted([BATCH, CHUNK, LOAD, LOAD + "x"])


def test_a_chunk_that_fails_again_at_once_is_kept(
    run: Run, given_up: None, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes back under its first name before the command has deleted what it sent."""
    real = kinesis.put_records

    def put(stream: str, records: Any, remaining_seconds: Any) -> int:
        sent = real(stream, records, remaining_seconds)
        s3.put_object(Bucket="quarantine", Key=CHUNK, Body=b"again", IfNoneMatch="*")
        return sent

    monkeypatch.setattr(kinesis, "put_records", put)

    assert run("redrive", "chunks")[0] == 0

    assert CHUNK in left()
    assert "redrive/" not in "".join(left())


def test_a_run_that_is_cut_off_loses_nothing(
    run: Run, given_up: None, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> int:
        raise kinesis.StreamError("1 chunks not taken: Throttled")

    with monkeypatch.context() as patch:
        patch.setattr(kinesis, "put_records", refuse)
        code, _, err = run("redrive", "chunks")
    assert code == 1
    assert "run the same command again" in err
    assert redrive.PARKED_PREFIX + CHUNK in left()
    assert json.loads(run("status", "--json")[1])["given_up"]["failed chunks"] == 1

    assert run("redrive", "chunks")[0] == 0

    assert [(one["PartitionKey"], one["Data"]) for one in chunks_in_stream()] == [("k2", b"chunk")]
    assert sorted(left()) == sorted([BATCH, LOAD])


def test_a_queue_that_refuses_is_a_sentence(run: Run, given_up: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqs, "_send", lambda url, bodies: {"0": "InternalError"})

    code, _, err = run("redrive", "raw")

    assert code == 1
    assert "refused 1 messages: InternalError" in err
