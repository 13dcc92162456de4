"""Kinesis inside the LocalStack process: moto's streams, with a data plane that holds under load.

LocalStack's own engine is a Scala program compiled to JavaScript: it needs Node and npm, listens on every interface,
loses the tags given at creation, and takes 0.3 s for a record of 1 MiB on the way in and as much on the way out. Moto's
streams are in LocalStack already, but two puts at a time can take one sequence number, and a request is held to 5 MiB.
So the control plane is moto's, and putting and getting records is here. Limits and messages are those of the API
reference (PutRecords, GetRecords; 1 MiB a record is a stream's default).
"""

import base64
import hashlib
import itertools
import threading
import time
from datetime import UTC, datetime
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext, handler
from localstack.aws.api.kinesis import InvalidArgumentException, ResourceNotFoundException
from localstack.services.kinesis.provider import KinesisProvider
from localstack.services.moto import MotoFallbackDispatcher, call_moto
from localstack.services.plugins import Service, aws_provider
from moto.kinesis.models import KinesisBackend, Record, Shard, Stream, kinesis_backends

MAX_RECORDS = 500
MAX_RECORD_BYTES = 1024 * 1024  # data and partition key
MAX_REQUEST_BYTES = 10 * 1024 * 1024
MAX_ANSWER_BYTES = 10 * 1024 * 1024
MAX_ANSWER_RECORDS = 10_000
# AWS's are numbers of 56 digits; code that takes them for small integers, or sorts them as text, must fail here too.
FIRST_SEQUENCE_NUMBER = 496 * 10**53

_numbers = itertools.count(FIRST_SEQUENCE_NUMBER)
# Held while a shard's records are looked at or changed: requests come in many threads.
_lock = threading.Lock()


@aws_provider(api="kinesis", name="localcloud")
def service() -> Service:
    """Make the service. PROVIDER_OVERRIDE_KINESIS=localcloud chooses it."""
    return Service.for_provider(Provider(), dispatch_table_factory=MotoFallbackDispatcher)


class Provider(KinesisProvider):
    """Putting and getting records here; LocalStack's consumers and policies; the rest is moto's."""

    @handler("CreateStream", expand=False)
    def create_stream(self, context: RequestContext, request: dict[str, Any]) -> None:
        call_moto(context)
        if tags := request.get("Tags"):  # moto takes none here
            _backend(context).add_tags_to_stream(stream_arn=None, stream_name=request["StreamName"], tags=tags)

    @handler("PutRecord", expand=False)
    def put_record(self, context: RequestContext, request: dict[str, Any]) -> dict[str, Any]:
        stream = _stream(context, request)
        _check_size(_size(request), "data")
        return {**_put(stream, request), "EncryptionType": stream.encryption_type}

    @handler("PutRecords", expand=False)
    def put_records(self, context: RequestContext, request: dict[str, Any]) -> dict[str, Any]:
        stream = _stream(context, request)
        records = request["Records"]
        if not 1 <= len(records) <= MAX_RECORDS:
            raise _validation(
                f"1 validation error detected: Value at 'records' failed to satisfy constraint: Member must have "
                f"length between 1 and {MAX_RECORDS}"
            )
        sizes = [_size(record) for record in records]
        for position, size in enumerate(sizes, start=1):
            _check_size(size, f"records.{position}.member.data")
        if sum(sizes) > MAX_REQUEST_BYTES:
            raise InvalidArgumentException(f"Records size exceeds {MAX_REQUEST_BYTES // 1024 // 1024} MB limit")
        return {
            "FailedRecordCount": 0,
            "Records": [_put(stream, record) for record in records],
            "EncryptionType": stream.encryption_type,
        }

    @handler("GetShardIterator", expand=False)
    def get_shard_iterator(self, context: RequestContext, request: dict[str, Any]) -> dict[str, Any]:
        stream = _stream(context, request)
        shard = _shard(stream, request["ShardId"])
        with _lock:
            match request["ShardIteratorType"]:
                case "TRIM_HORIZON":
                    after = 0
                case "LATEST":
                    after = next(reversed(shard.records), 0)
                case "AT_SEQUENCE_NUMBER":
                    after = int(request["StartingSequenceNumber"]) - 1
                case "AFTER_SEQUENCE_NUMBER":
                    after = int(request["StartingSequenceNumber"])
                case "AT_TIMESTAMP":
                    after = _last_before(shard, request["Timestamp"].timestamp())
                case unknown:
                    raise InvalidArgumentException(f"Invalid ShardIteratorType: {unknown}")
        return {"ShardIterator": _iterator(stream, shard, after)}

    @handler("GetRecords", expand=False)
    def get_records(self, context: RequestContext, request: dict[str, Any]) -> dict[str, Any]:
        stream, shard, after = _read_iterator(context, request["ShardIterator"])
        limit = request.get("Limit") or MAX_ANSWER_RECORDS
        found: list[Record] = []
        with _lock:
            # From the newest back: a reader that keeps up looks at what is new, not at all that is kept.
            for record in reversed(shard.records.values()):
                if record.sequence_number <= after:
                    break
                found.append(record)
        found.reverse()
        answer: list[Record] = []
        size = 0
        for record in found[:limit]:
            size += len(record.data)
            if size > MAX_ANSWER_BYTES and answer:
                break
            answer.append(record)
        at_end = len(answer) == len(found)
        if answer:
            after = answer[-1].sequence_number
        behind = 0.0 if at_end else time.time() - answer[-1].created_at
        return {
            "Records": [
                {
                    "SequenceNumber": str(record.sequence_number),
                    "ApproximateArrivalTimestamp": datetime.fromtimestamp(record.created_at, UTC),
                    "Data": record.data,
                    "PartitionKey": record.partition_key,
                    "EncryptionType": stream.encryption_type,
                }
                for record in answer
            ],
            # A shard that was split or merged ends; its reader is told so by the missing iterator.
            "NextShardIterator": _iterator(stream, shard, after) if shard.is_open or not at_end else None,
            "MillisBehindLatest": int(behind * 1000),
        }


def _backend(context: RequestContext) -> KinesisBackend:
    return kinesis_backends[context.account_id][context.region]


def _stream(context: RequestContext, request: dict[str, Any]) -> Stream:
    name = request.get("StreamName") or str(request.get("StreamARN", "")).partition("/")[2]
    stream = _backend(context).streams.get(name)
    if stream is None:
        raise ResourceNotFoundException(f"Stream {name} under account {context.account_id} not found.")
    return stream


def _shard(stream: Stream, shard_id: str) -> Shard:
    shard = stream.shards.get(shard_id)
    if shard is None:
        raise ResourceNotFoundException(
            f"Shard {shard_id} in stream {stream.stream_name} under account {stream.account_id} does not exist"
        )
    return shard


def _put(stream: Stream, request: dict[str, Any]) -> dict[str, Any]:
    key, explicit = request["PartitionKey"], request.get("ExplicitHashKey")
    position = int(explicit) if explicit else int(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(), 16)
    with _lock:
        shard = next(
            shard
            for shard in stream.shards.values()
            if shard.is_open and shard.starting_hash <= position <= shard.ending_hash
        )
        number = next(_numbers)
        shard.records[number] = Record(key, request["Data"], number, explicit)
        _forget_expired(stream, shard)
    return {"SequenceNumber": str(number), "ShardId": shard.shard_id}


def _forget_expired(stream: Stream, shard: Shard) -> None:
    """Drop what is older than the retention, as nobody may read it any more and it would fill the memory."""
    oldest = time.time() - stream.retention_period_hours * 3600
    while (first := next(iter(shard.records.values()))).created_at < oldest:
        del shard.records[first.sequence_number]


def _last_before(shard: Shard, moment: float) -> int:
    """Find the last sequence number from before a Unix time; 0 if there is none."""
    for record in reversed(shard.records.values()):
        if record.created_at < moment:
            return int(record.sequence_number)
    return 0


def _iterator(stream: Stream, shard: Shard, after: int) -> str:
    return base64.urlsafe_b64encode(f"{stream.stream_name}/{shard.shard_id}/{after}".encode()).decode()


def _read_iterator(context: RequestContext, iterator: str) -> tuple[Stream, Shard, int]:
    try:
        name, shard_id, after = base64.urlsafe_b64decode(iterator).decode().split("/")
        position = int(after)
    except ValueError as error:
        raise InvalidArgumentException("Invalid ShardIterator.") from error
    stream = _stream(context, {"StreamName": name})
    return stream, _shard(stream, shard_id), position


def _size(record: dict[str, Any]) -> int:
    return len(record["Data"]) + len(record["PartitionKey"].encode())


def _check_size(size: int, member: str) -> None:
    if size > MAX_RECORD_BYTES:
        raise _validation(
            f"1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have length "
            f"less than or equal to {MAX_RECORD_BYTES}"
        )


def _validation(message: str) -> CommonServiceException:
    return CommonServiceException("ValidationException", message)
