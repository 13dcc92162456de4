"""The soak: random objects and random faults for a long time; then the books balance and no function has grown.

Run by `make soak`; SOAK_MINUTES (may be 0.5) and SOAK_SEED come from the environment. pytest collects it only when
named.
"""

import itertools
import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from datavault import inventory
from datavault.cli.audit import take
from datavault.cli.context import Context
from datavault.identity import RawObject

from ..integration.conftest import s3_event
from .chaos import Chaos, Memory
from .functions import STAGES
from .live import through_proxy
from .mappings import quick_queues, restarted_mappings
from .traffic import Parcel, Traffic

VISIBILITY_SECONDS = 15
MAX_WAITING = 10  # objects on their way at a time: a backlog would only hide how long things take
SAMPLE_SECONDS, PROGRESS_SECONDS = 1.0, 15.0
KILL_SECONDS = 12.0
DUPLICATES = 0.15
QUIET_SECONDS = 300.0


def say(text: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


class Soak:
    """What was sent, and how far it is."""

    def __init__(self, run: Context, aws: Callable[[str], Any], seed: int) -> None:
        self.run, self.aws, self.seed = run, aws, seed
        self.sent: dict[str, Parcel] = {}  # by object id
        self.redriven = 0
        self._chance = random.Random(seed)

    def put(self, parcel: Parcel) -> None:
        s3, bucket = self.aws("s3"), self.run.stack.raw_bucket
        version = s3.put_object(Bucket=bucket, Key=parcel.key, Body=parcel.body)["VersionId"]
        found = s3.head_object(Bucket=bucket, Key=parcel.key, VersionId=version)
        raw = RawObject(bucket, parcel.key, version, found["LastModified"], len(parcel.body))
        self.sent[raw.id] = parcel
        if self._chance.random() < DUPLICATES:
            self.aws("sqs").send_message(
                QueueUrl=self.run.stack.raw_queue_url, MessageBody=s3_event(bucket, parcel.key, version, raw.size)
            )

    def depth(self, url: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def waiting(self) -> int:
        return self.depth(self.run.stack.raw_queue_url) + self.depth(self.run.stack.parquet_queue_url)

    def redrive(self) -> None:
        """Send back what ended in a dead-letter queue."""
        sqs, stack = self.aws("sqs"), self.run.stack
        for dlq, queue in (
            (stack.raw_dlq_url, stack.raw_queue_url),
            (stack.parquet_dlq_url, stack.parquet_queue_url),
        ):
            while messages := sqs.receive_message(QueueUrl=dlq, MaxNumberOfMessages=10, WaitTimeSeconds=0).get(
                "Messages"
            ):
                for message in messages:
                    sqs.send_message(QueueUrl=queue, MessageBody=message["Body"])
                    sqs.delete_message(QueueUrl=dlq, ReceiptHandle=message["ReceiptHandle"])
                    self.redriven += 1

    def wait_until_quiet(self) -> list[str]:
        """Until the audit balances; what is wrong when the time is over."""
        end = time.monotonic() + QUIET_SECONDS
        while True:
            self.redrive()
            problems = self.problems() if self.waiting() == 0 else [f"{self.waiting()} messages wait"]
            if not problems or time.monotonic() > end:
                return problems
            time.sleep(2)

    def problems(self) -> list[str]:
        audit = take(self.run)
        found = [f"{finding.hop} {finding.object_id}: {finding.message}" for finding in audit.findings]
        lines = {entry.object_id: entry.lines for entry in audit.objects}
        found += [
            f"{parcel.key}: {parcel.records} records sent, {lines.get(object_id)} accounted for"
            for object_id, parcel in self.sent.items()
            if lines.get(object_id) != parcel.records
        ]
        folders = ("aws/lambda/", "failed-chunks/", "failed-loads/")
        found += [
            f"left: {item['Key']}"
            for folder in folders
            for item in inventory.keys(self.run.stack.quarantine_bucket, folder)
        ]
        return found


def test_soak(run: Context, aws: Callable[[str], Any]) -> None:
    minutes = float(os.environ.get("SOAK_MINUTES") or 60)
    seed = int(os.environ.get("SOAK_SEED") or random.SystemRandom().randrange(1_000_000))
    say(f"soak: {minutes:g} minutes, SOAK_SEED={seed} repeats what is sent and drawn")
    soak, parcels = Soak(run, aws, seed), iter(Traffic(seed))
    with (
        quick_queues(aws("sqs"), run.stack, VISIBILITY_SECONDS),
        through_proxy(aws, run.stack) as proxy,
        restarted_mappings(aws, run.stack),
    ):
        memory = Memory({proxy.url(stage): stage for stage in STAGES})
        chaos = Chaos(seed, KILL_SECONDS)
        proxy.use(chaos.rule)
        _send(soak, parcels, memory, chaos, minutes * 60)
        chaos.is_on = False
        say(f"{len(soak.sent)} objects sent, {proxy.requests} calls; waiting until everything is quiet")
        problems = soak.wait_until_quiet()
    _report(soak, memory, chaos, problems)
    assert proxy.errors == []
    assert problems == []
    assert [row for row in memory.judged() if not row[-1]] == []


def _send(soak: Soak, parcels: Any, memory: Memory, chaos: Chaos, seconds: float) -> None:
    """Send, sample and tell, until the time is over."""
    started = time.monotonic()
    next_sample = next_progress = started
    while (now := time.monotonic()) - started < seconds:
        if now - started > seconds / 3:
            # From here on one process of each function lives to the end, so that its memory can be followed.
            chaos.spared = memory.oldest
        if now >= next_sample:
            memory.sample()
            next_sample = now + SAMPLE_SECONDS
        waiting = soak.waiting()
        if now >= next_progress:
            records = sum(parcel.records for parcel in soak.sent.values())
            say(
                f"{(now - started) / 60:5.1f} min  {len(soak.sent)} objects, {records:,} records sent; {waiting} "
                f"messages wait; {chaos.counts.total()} faults; {soak.redriven} redriven"
            )
            next_progress = now + PROGRESS_SECONDS
        if waiting < MAX_WAITING:
            soak.put(next(itertools.islice(parcels, 1)))
        else:
            time.sleep(0.3)


def _report(soak: Soak, memory: Memory, chaos: Chaos, problems: list[str]) -> None:
    say(f"faults: {dict(sorted(chaos.counts.items()))}")
    say(f"redriven from dead-letter queues: {soak.redriven}")
    judged = memory.judged()
    for function, pid, samples, early, late, is_flat in judged:
        verdict = "flat" if is_flat else "GROWS"
        say(f"memory: {function} {pid}, {samples} samples: {early >> 20} MiB early, {late >> 20} MiB late: {verdict}")
    for stage in STAGES:
        if not any(row[0] == stage for row in judged):
            say(f"memory: no process of {stage} lived long enough to judge ({Memory.MIN_SAMPLES} samples)")
    for problem in problems[:20]:
        say(f"NOT BALANCED: {problem}")
    say(f"audit: {'balanced' if not problems else f'{len(problems)} problems'}")


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "-s", __file__]))
