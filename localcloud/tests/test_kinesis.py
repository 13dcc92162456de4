"""The streams inside the local cloud, by the limits and rules of the API reference."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Cloud

pytestmark = pytest.mark.integration

MIB = 1024 * 1024


@pytest.fixture
def stream(cloud: Cloud) -> str:
    name = f"stream-{uuid.uuid4().hex[:8]}"
    cloud.client("kinesis").create_stream(StreamName=name, ShardCount=1)
    return name


@pytest.fixture
def kinesis(cloud: Cloud) -> Any:
    return cloud.client("kinesis", retries={"total_max_attempts": 1})


def put(kinesis: Any, stream: str, *data: bytes) -> list[str]:
    records = [{"Data": item, "PartitionKey": "k"} for item in data]
    return [record["SequenceNumber"] for record in kinesis.put_records(StreamName=stream, Records=records)["Records"]]


def iterator(kinesis: Any, stream: str, kind: str = "TRIM_HORIZON", **settings: Any) -> str:
    shard = kinesis.list_shards(StreamName=stream)["Shards"][0]["ShardId"]
    answer = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType=kind, **settings)
    return str(answer["ShardIterator"])


def read(kinesis: Any, at: str, **settings: Any) -> list[bytes]:
    return [record["Data"] for record in kinesis.get_records(ShardIterator=at, **settings)["Records"]]


def test_records_come_back_in_order_with_long_sequence_numbers(kinesis: Any, stream: str) -> None:
    numbers = put(kinesis, stream, b"a", bytes(range(256)), b"c")
    assert read(kinesis, iterator(kinesis, stream)) == [b"a", bytes(range(256)), b"c"]
    assert all(len(number) == 56 for number in numbers)
    assert sorted(numbers) == numbers


def test_reading_begins_where_the_iterator_says(kinesis: Any, stream: str) -> None:
    first, second = put(kinesis, stream, b"a", b"b")
    latest = iterator(kinesis, stream, "LATEST")
    put(kinesis, stream, b"c")
    assert read(kinesis, latest) == [b"c"]
    assert read(kinesis, iterator(kinesis, stream, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=second)) == [b"b", b"c"]
    after = iterator(kinesis, stream, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=first)
    assert read(kinesis, after) == [b"b", b"c"]
    # boto sends whole seconds
    assert len(read(kinesis, iterator(kinesis, stream, "AT_TIMESTAMP", Timestamp=time.time() - 60))) == 3
    assert read(kinesis, iterator(kinesis, stream, "AT_TIMESTAMP", Timestamp=time.time() + 60)) == []


def test_a_reader_goes_on_with_the_next_iterator(kinesis: Any, stream: str) -> None:
    put(kinesis, stream, b"a", b"b", b"c")
    page = kinesis.get_records(ShardIterator=iterator(kinesis, stream), Limit=2)
    assert [record["Data"] for record in page["Records"]] == [b"a", b"b"]
    assert page["MillisBehindLatest"] >= 0
    assert read(kinesis, page["NextShardIterator"]) == [b"c"]


def test_many_writers_at_once_lose_nothing(cloud: Cloud, kinesis: Any, stream: str) -> None:
    def write(writer: int) -> list[str]:
        return put(cloud.client("kinesis"), stream, *(f"{writer}-{n}".encode() for n in range(50)))

    with ThreadPoolExecutor(8) as pool:
        numbers = [number for numbers in pool.map(write, range(8)) for number in numbers]
    assert len(set(numbers)) == 400
    found = read(kinesis, iterator(kinesis, stream))
    assert len(set(found)) == len(found) == 400
    assert [item for item in found if item.startswith(b"3-")] == [f"3-{n}".encode() for n in range(50)]


def test_the_limits_of_a_request_are_awss(kinesis: Any, stream: str) -> None:
    put(kinesis, stream, b"x" * (MIB - 1))  # and one byte of partition key
    with pytest.raises(ClientError, match=r"records\.2\.member\.data"):
        put(kinesis, stream, b"fine", b"x" * MIB)
    put(kinesis, stream, *[b"x" * (MIB - 1)] * 10)
    with pytest.raises(ClientError, match="exceeds 10 MB limit"):
        put(kinesis, stream, *[b"x" * (MIB - 1)] * 10, b"x")
    put(kinesis, stream, *[b"x"] * 500)
    with pytest.raises(ClientError, match="length between 1 and 500"):
        put(kinesis, stream, *[b"x"] * 501)


def test_one_answer_has_ten_megabytes_at_most(kinesis: Any, stream: str) -> None:
    put(kinesis, stream, *[b"x" * (MIB - 1)] * 8)
    put(kinesis, stream, *[b"y" * (MIB - 1)] * 8)
    first = kinesis.get_records(ShardIterator=iterator(kinesis, stream))
    second = kinesis.get_records(ShardIterator=first["NextShardIterator"])
    assert (len(first["Records"]), len(second["Records"])) == (10, 6)


def test_a_stream_that_is_not_there_is_not_found(kinesis: Any) -> None:
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException, match="Stream nowhere under account"):
        put(kinesis, "nowhere", b"x")


def test_records_spread_over_the_open_shards_after_a_split(kinesis: Any, stream: str) -> None:
    shard = kinesis.list_shards(StreamName=stream)["Shards"][0]["ShardId"]
    kinesis.split_shard(StreamName=stream, ShardToSplit=shard, NewStartingHashKey=str(2**127))
    records = [{"Data": b"x", "PartitionKey": str(n)} for n in range(20)]
    used = {record["ShardId"] for record in kinesis.put_records(StreamName=stream, Records=records)["Records"]}
    assert used == {"shardId-000000000001", "shardId-000000000002"}


def test_the_stream_is_described_with_mode_encryption_and_retention(cloud: Cloud, kinesis: Any, stream: str) -> None:
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    kinesis.start_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=key)
    kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=48)
    summary = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    assert (summary["StreamStatus"], summary["EncryptionType"], summary["KeyId"]) == ("ACTIVE", "KMS", key)
    assert (summary["RetentionPeriodHours"], summary["OpenShardCount"]) == (48, 1)
    assert summary["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    assert kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="k")["EncryptionType"] == "KMS"
