"""Kinesis: only what failed is put again, and never past the time that is left."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from datavault.chunk import Chunk, seal
from datavault.edges import kinesis as edge
from datavault.edges.kinesis import StreamError, put_chunks

from ..support import raw_object

Answer = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


def chunks(count: int) -> list[Chunk]:
    sealed = [next(seal(raw_object(), "1.0.0", b"{}\n", [(line, 1)])) for line in range(1, count + 1)]
    return [chunk for chunk in sealed if isinstance(chunk, Chunk)]


class Stream:
    """Answers PutRecords with one list of error codes after the other ("" is success), then with success."""

    def __init__(self, *rounds: list[str], failed_count: int = 0) -> None:
        self.rounds = list(rounds)
        self.failed_count = failed_count
        self.puts: list[list[str]] = []

    def put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803  boto3's names
        assert StreamName == "chunks"
        self.puts.append([record["PartitionKey"][-1] for record in Records])
        codes = self.rounds.pop(0) if self.rounds else [""] * len(Records)
        answers = [{"ErrorCode": code, "ErrorMessage": "s3cr3t"} if code else {"SequenceNumber": "1"} for code in codes]
        return {"FailedRecordCount": self.failed_count, "Records": answers}


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were asked for; none is taken."""
    taken: list[float] = []
    monkeypatch.setattr(edge.time, "sleep", taken.append)
    return taken


def use(monkeypatch: pytest.MonkeyPatch, stream: Stream) -> Stream:
    monkeypatch.setattr(edge, "client", lambda _: stream)
    return stream


def test_only_what_failed_is_put_again(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> None:
    throttled = "ProvisionedThroughputExceededException"
    stream = use(monkeypatch, Stream(["", throttled, "", "InternalFailure"], [throttled, ""]))
    assert put_chunks("chunks", chunks(4), lambda: 60) == 3
    assert stream.puts == [["1", "2", "3", "4"], ["2", "4"], ["2"]]
    assert len(pauses) == 2


def test_the_count_of_failures_is_not_believed(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> None:
    stream = use(monkeypatch, Stream(["InternalFailure"] * 2, failed_count=1))
    assert put_chunks("chunks", chunks(2), lambda: 60) == 2
    assert stream.puts[1] == ["1", "2"]
    assert len(pauses) == 1


def test_pauses_grow_with_jitter_to_a_limit(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> None:
    use(monkeypatch, Stream(*([["InternalFailure"]] * 12)))
    put_chunks("chunks", chunks(1), lambda: 600)
    longest = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5, 5, 5, 5]
    assert all(limit / 2 <= pause <= limit for pause, limit in zip(pauses, longest, strict=True))
    assert len(set(pauses)) == 12


def test_when_the_time_is_over_it_is_an_error_that_names_the_codes_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    left = iter([60.0, 0.01])
    stream = use(monkeypatch, Stream(["A", "B"], ["", "B"], ["B"]))
    with pytest.raises(StreamError, match=r"^1 chunks not taken: B$"):
        put_chunks("chunks", chunks(2), lambda: next(left))
    assert len(stream.puts) == 2
    assert len(pauses) == 1


@pytest.mark.usefixtures("aws")
def test_chunks_arrive_as_they_were_sealed_under_their_id() -> None:
    client = boto3.client("kinesis")
    client.create_stream(StreamName="chunks", ShardCount=1)
    sent = chunks(3)
    assert put_chunks("chunks", sent, lambda: 60) == 0
    shard = client.list_shards(StreamName="chunks")["Shards"][0]["ShardId"]
    iterator = client.get_shard_iterator(StreamName="chunks", ShardId=shard, ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]
    got = client.get_records(ShardIterator=iterator)["Records"]
    assert [(record["PartitionKey"], record["Data"]) for record in got] == [
        (chunk.header.id, chunk.data) for chunk in sent
    ]
