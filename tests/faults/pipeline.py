"""Deliveries as S3, SQS, Kinesis and Lambda make them, from the real queues and the real stream of a deployed stack.

The stack's event source mappings are off; this harness stands in for Lambda's pollers. What it emulates, because no
emulator has all of it: a failed message is visible again at once instead of after its visibility timeout; a failed
batch of the stream comes back from its lowest failed record, halved, a bounded number of times.
"""

import base64
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from datavault.cli.context import Stack
from datavault.edges.events import EventError, created_objects
from datavault.identity import RawObject

from .functions import Functions
from .injector import Killed, Turns

# A healthy object is through in three deliveries; a stuck one must not hang the run.
SETTLE_SECONDS = 30.0


class StuckError(Exception):
    """The pipeline does not come to rest."""


@dataclass
class Delivered:
    """What the harness did: invocations per function, and what was given up."""

    invocations: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    given_up: list[dict[str, Any]] = field(default_factory=list)  # batches for the failure store


class Queue:
    """One SQS queue and the function behind it."""

    def __init__(self, sqs: Any, url: str, dlq_url: str, stage: str, batch_size: int) -> None:
        self.sqs, self.url, self.dlq_url, self.stage, self.batch_size = sqs, url, dlq_url, stage, batch_size

    def receive(self, limit: int) -> list[dict[str, Any]]:
        found = self.sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=min(limit, 10),
            WaitTimeSeconds=0,
            AttributeNames=["ApproximateReceiveCount"],
        )
        return list(found.get("Messages", []))

    def event(self, messages: Iterable[dict[str, Any]]) -> dict[str, Any]:
        return {
            "Records": [
                {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "attributes": message.get("Attributes", {}),
                    "messageAttributes": {},
                    "eventSource": "aws:sqs",
                    "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:queue",
                    "awsRegion": "us-east-1",
                }
                for message in messages
            ]
        }

    def finish(self, messages: Iterable[dict[str, Any]], failed: Iterable[str]) -> None:
        """As Lambda does with a batch's answer: acknowledge, or let it come back."""
        failed = set(failed)
        for message in messages:
            given = {"QueueUrl": self.url, "ReceiptHandle": message["ReceiptHandle"]}
            if message["MessageId"] in failed:
                self.sqs.change_message_visibility(**given, VisibilityTimeout=0)
            else:
                self.sqs.delete_message(**given)

    def depth(self, url: str = "") -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=url or self.url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def drain(self, url: str) -> list[dict[str, Any]]:
        """Take everything out of a queue that nobody works on."""
        taken = []
        while messages := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0).get(
            "Messages", []
        ):
            for message in messages:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            taken += messages
        return taken


class Chunks:
    """The stream, from the moment that this is made; `waiting` are records that no batch has finished yet."""

    def __init__(self, kinesis: Any, stream: str) -> None:
        self._kinesis = kinesis
        self.waiting: list[dict[str, Any]] = []
        self._iterators = {
            shard["ShardId"]: kinesis.get_shard_iterator(
                StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="LATEST"
            )["ShardIterator"]
            for shard in kinesis.list_shards(StreamName=stream)["Shards"]
        }

    def read(self) -> None:
        for shard, iterator in self._iterators.items():
            found = self._kinesis.get_records(ShardIterator=iterator)
            self._iterators[shard] = found["NextShardIterator"]
            self.waiting += [record | {"ShardId": shard} for record in found["Records"]]


def kinesis_event(records: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": record["PartitionKey"],
                    "sequenceNumber": record["SequenceNumber"],
                    "data": base64.b64encode(record["Data"]).decode(),
                    "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"].timestamp(),
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{record['ShardId']}:{record['SequenceNumber']}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": "arn:aws:iam::000000000000:role/datavault-enrichment",
                "awsRegion": "us-east-1",
                "eventSourceARN": "arn:aws:kinesis:us-east-1:000000000000:stream/datavault-chunks",
            }
            for record in records
        ]
    }


type Cut = Callable[[list[dict[str, Any]], int], list[dict[str, Any]]]


def as_they_come(waiting: list[dict[str, Any]], _attempt: int) -> list[dict[str, Any]]:
    return waiting[:4]  # batch_size in infrastructure/enrichment.tf


class Pipeline:
    """Puts raw objects and delivers until everything is quiet."""

    def __init__(self, stack: Stack, aws: Callable[[str], Any], functions: Functions) -> None:
        self.stack, self.functions = stack, functions
        self.s3 = aws("s3")
        sqs = aws("sqs")
        self.raw = Queue(sqs, stack.raw_queue_url, stack.raw_dlq_url, "processor", 1)
        self.parquet = Queue(sqs, stack.parquet_queue_url, stack.parquet_dlq_url, "loader", 1000)
        self.chunks = Chunks(aws("kinesis"), stack.stream_name)
        self.max_retries = 3  # functions.enrichment.maximum_retries of environments/local
        self.begin()

    def begin(self) -> None:
        """Begin a run: nothing is known of earlier ones."""
        self.delivered = Delivered()
        self.cut: Cut = as_they_come
        self.is_echoing = False  # every event comes twice
        self.is_reversed = False  # the newest event comes first
        self._echoed: set[str] = set()
        self.race: tuple[str, Turns] | None = None  # that function's first event goes to two processes at once
        self._tries: Counter[str] = Counter()
        self._raw_seen: set[tuple[str, str]] = set()
        self.raw_expected: set[tuple[str, str]] = set()
        self._parquet_seen: set[str] = set()

    def put(self, key: str, body: bytes) -> RawObject:
        version = self.s3.put_object(Bucket=self.stack.raw_bucket, Key=key, Body=body)["VersionId"]
        found = self.s3.head_object(Bucket=self.stack.raw_bucket, Key=key, VersionId=version)
        self.raw_expected.add((key, version))
        return RawObject(self.stack.raw_bucket, key, version, found["LastModified"], found["ContentLength"])

    def parquet_keys(self, raws: Iterable[RawObject]) -> set[str]:
        """The Parquet objects that exist of raw objects."""
        found: set[str] = set()
        for raw in raws:
            prefix = f"data/{raw.dataset}/dt={raw.date}/{raw.id}"
            listed = self.s3.list_objects_v2(Bucket=self.stack.processed_bucket, Prefix=prefix)
            found.update(item["Key"] for item in listed.get("Contents", []))
        return found

    def settle(self, raws: Iterable[RawObject]) -> None:
        """Deliver until every event has come and nothing waits.

        Raises
        ------
        StuckError
            It does not end.
        """
        raws = list(raws)
        end = time.monotonic() + SETTLE_SECONDS
        while True:
            before = self.delivered.invocations.total()
            self.run_processor()
            self.run_enrichment()
            self.run_loader(self.parquet_keys(raws))
            if self.raw_expected <= self._raw_seen and not self.chunks.waiting and self._is_quiet(raws):
                return
            if time.monotonic() > end:
                break
            if self.delivered.invocations.total() == before:
                time.sleep(0.1)
        raise StuckError(
            f"not at rest: raw queue {self.raw.depth()}, chunks {len(self.chunks.waiting)}, "
            f"Parquet queue {self.parquet.depth()}; {self.functions.output.text[-1500:]}"
        )

    def _is_quiet(self, raws: list[RawObject]) -> bool:
        self.chunks.read()
        return (
            not self.chunks.waiting
            and self.parquet_keys(raws) <= self._parquet_seen
            and self.raw.depth() == 0
            and self.parquet.depth() == 0
        )

    def _invoke(self, stage: str, event: dict[str, Any]) -> list[str] | None:
        """The failed items; None when all have (the function was killed, timed out, or raised)."""
        if self.race and self.race[0] == stage:
            (_, turns), self.race = self.race, None
            return self._invoke_twice(stage, event, turns)
        self.delivered.invocations[stage] += 1
        try:
            failed = self.functions.invoke(stage, event)
        except (Killed, Exception) as error:
            self.functions.output.write(f"\n{stage}: {type(error).__name__}: {error}\n")
            failed = None
        if failed != []:
            self.delivered.failed[stage] += 1
        return failed

    def _invoke_twice(self, stage: str, event: dict[str, Any], turns: Turns) -> list[str] | None:
        """What failed in both; the others are acknowledged by the one that did them."""
        answers = self.functions.invoke_twice(stage, event, turns)
        self.delivered.invocations[stage] += 2
        self.delivered.failed[stage] += sum(answer != [] for answer in answers)
        for answer in answers:
            if isinstance(answer, BaseException):
                self.functions.output.write(f"\n{stage}: {type(answer).__name__}: {answer}\n")
        lists = [answer for answer in answers if isinstance(answer, list)]
        return [item for item in lists[0] if all(item in other for other in lists)] if lists else None

    def _wait_for(self, ready: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not ready() and time.monotonic() < end:
            time.sleep(0.01)

    def _received(self, queue: Queue) -> list[dict[str, Any]]:
        """Up to ten messages of a queue."""
        messages = queue.receive(10)
        if self.is_echoing:
            for body in {message["Body"] for message in messages} - self._echoed:
                self._echoed.add(body)
                queue.sqs.send_message(QueueUrl=queue.url, MessageBody=body)
        return messages[::-1] if self.is_reversed else messages

    def run_processor(self) -> None:
        """Deliver every raw event that has come, one at a time."""
        missing = len(self.raw_expected - self._raw_seen)
        self._wait_for(lambda: self.raw.depth() >= missing, 5.0)
        while messages := self._received(self.raw):
            for message in messages:
                self._note([message], lambda key, version: self._raw_seen.add((key, version)))
                failed = self._invoke("processor", self.raw.event([message]))
                self.raw.finish([message], [message["MessageId"]] if failed is None else failed)

    def run_enrichment(self) -> None:
        """Deliver what is in the stream, batch after batch, as Lambda does with `bisect` and reported failures."""
        self.chunks.read()
        size = 4
        while self.chunks.waiting:
            first = self.chunks.waiting[0]["SequenceNumber"]
            batch = self.cut(self.chunks.waiting, self._tries[first])[:size]
            failed = self._invoke("enrichment", kinesis_event(batch))
            numbers = [record["SequenceNumber"] for record in batch]
            done = len(batch)
            if failed != []:
                # An identifier that is not one of the batch's fails it whole, and so does an error.
                places = [numbers.index(item) for item in failed or [] if item in numbers]
                done = min(places, default=0)
                self._tries[numbers[done]] += 1
                size = max(1, (len(batch) - done) // 2)
                if self._tries[numbers[done]] > self.max_retries and size == 1:
                    self.delivered.given_up.append(batch[done])
                    batch = [*batch[:done], batch[done]]
                    done += 1
            else:
                size = 4
            finished = set(numbers[:done])
            self.chunks.waiting = [r for r in self.chunks.waiting if r["SequenceNumber"] not in finished]
            if not self.chunks.waiting:
                self.chunks.read()

    def run_loader(self, expected: set[str]) -> None:
        """Gather the events of all Parquet objects that are there, as the window does; deliver them as one batch."""
        missing = len(expected - self._parquet_seen)
        self._wait_for(lambda: self.parquet.depth() >= missing, 5.0)
        messages: list[dict[str, Any]] = []
        while len(messages) < self.parquet.batch_size and (more := self._received(self.parquet)):
            messages += more
        if not messages:
            return
        self._note(messages, lambda key, _version: self._parquet_seen.add(key))
        failed = self._invoke("loader", self.parquet.event(messages))
        self.parquet.finish(messages, [m["MessageId"] for m in messages] if failed is None else failed)

    @staticmethod
    def _note(messages: Iterable[dict[str, Any]], seen: Callable[[str, str], None]) -> None:
        for message in messages:
            try:
                for created in created_objects(message["Body"]):
                    seen(created.key, created.version_id)
            except (EventError, msgspec.DecodeError):
                continue
