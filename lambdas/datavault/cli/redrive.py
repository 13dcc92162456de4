"""`datavault redrive`: send what was given up once more, when its cause is mended."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import batched
from typing import Annotated

import msgspec
import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.progress import Progress

from ..backfill import created_message
from ..edges import kinesis, sqs
from ..edges.clients import client
from ..edges.listing import keys
from ..edges.s3 import read
from ..edges.warehouse import deadline
from ..failures import FailureError, records
from ..identity import RawObject
from .context import Context, Failure, aws_failure, printable

BATCHES_PREFIX = "aws/lambda/"  # Lambda chooses the rest of the name: <mapping>/<shard>/…
CHUNKS_PREFIX, LOADS_PREFIX = "failed-chunks/", "failed-loads/"
# In front of the key of an object that is being sent.
PARKED_PREFIX = "redrive/"
# How long the stream may refuse one object's records.
_STREAM_SECONDS = 60.0


type _Send = Callable[[], object]


class Place(StrEnum):
    RAW = "raw"
    LARGE = "large"
    PARQUET = "parquet"
    BATCHES = "batches"
    CHUNKS = "chunks"
    LOADS = "loads"
    ALL = "all"


MEANING = {
    Place.RAW: "events that the processor gave up: back to its queue",
    Place.LARGE: "events of large objects that the worker gave up: back to its queue",
    Place.PARQUET: "events that the loader gave up: back to its queue",
    Place.BATCHES: "batches that Lambda gave up: their chunks back to the stream",
    Place.CHUNKS: "chunks that cannot be enriched: back to the stream",
    Place.LOADS: "chunks that Redshift did not take: as events back to the loader's queue",
}


class Outcome(msgspec.Struct):
    """What a place held, and what was sent from it. `kept` says why something stays where it is."""

    place: str
    there: int
    sent: int = 0
    kept: list[str] = []


class _FailedLoad(msgspec.Struct):
    bucket: str
    key: str


def redrive(
    context: typer.Context,
    place: Annotated[Place | None, typer.Argument(help="Without it: show what lies where.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, and send nothing.")] = False,
) -> None:
    """Send what was given up once more. What was done is not done twice: names, receipts and ledger see to it."""
    run: Context = context.obj
    wanted = [name for name in MEANING if place in (None, Place.ALL, name)]
    is_dry = dry_run or place is None
    try:
        outcomes = [Outcome(name.value, there(run, name)) for name in wanted]
        if not is_dry:
            with Progress(console=run.err, disable=run.as_json, transient=True) as progress:
                for name, outcome in zip(wanted, outcomes, strict=True):
                    task = progress.add_task(name.value, total=outcome.there)
                    _send(run, name, outcome, lambda count, task=task: progress.advance(task, count))  # type: ignore[misc]
    except (sqs.QueueError, kinesis.StreamError) as error:
        raise Failure(str(error), "what was not taken is still there: run the same command again", 1) from error
    except (ClientError, BotoCoreError) as error:
        raise aws_failure(error) from error
    if run.as_json:
        run.print_json({"sent": not is_dry, "places": outcomes})
    else:
        _print(run, outcomes, is_dry)
    if any(outcome.kept for outcome in outcomes):
        raise typer.Exit(1)


def there(run: Context, place: Place) -> int:
    """How many messages or objects lie in a place; of a queue, approximately."""
    stack = run.stack
    match place:
        case Place.RAW:
            return sum(sqs.depth(stack.raw_dlq_url))
        case Place.LARGE:
            return sum(sqs.depth(stack.worker.dlq_url)) if stack.worker else 0
        case Place.PARQUET:
            return sum(sqs.depth(stack.parquet_dlq_url))
    prefixes = {Place.BATCHES: BATCHES_PREFIX, Place.CHUNKS: CHUNKS_PREFIX, Place.LOADS: LOADS_PREFIX}
    names = (start + prefixes[place] for start in ("", PARKED_PREFIX))
    return sum(1 for name in names for _ in keys(stack.quarantine_bucket, name))


def _send(run: Context, place: Place, outcome: Outcome, advance: Callable[[int], None]) -> None:
    stack = run.stack
    match place:
        case Place.RAW:
            outcome.sent = sqs.move_all(stack.raw_dlq_url, stack.raw_queue_url, advance)
        case Place.LARGE:
            if stack.worker:
                outcome.sent = sqs.move_all(stack.worker.dlq_url, stack.worker.queue_url, advance)
        case Place.PARQUET:
            outcome.sent = sqs.move_all(stack.parquet_dlq_url, stack.parquet_queue_url, advance)
        case Place.BATCHES:
            _each(run, BATCHES_PREFIX, outcome, advance, _load_batch)
        case Place.CHUNKS:
            _each(run, CHUNKS_PREFIX, outcome, advance, _load_chunk)
        case Place.LOADS:
            _each(run, LOADS_PREFIX, outcome, advance, _load_load)


def _each(
    run: Context, prefix: str, outcome: Outcome, advance: Callable[[int], None], load: Callable[[Context, str], _Send]
) -> None:
    """Send each object under a prefix, and delete it once its content was accepted (the bucket keeps the version).

    It is parked under another name meanwhile: what fails again within moments comes back under its first name, and
    must not be deleted there. What a run that was cut off left parked is sent first.
    """
    bucket, s3 = run.stack.quarantine_bucket, client("s3")
    # The lists are taken first: what fails again would be sent for ever.
    parked, fresh = ([str(item["Key"]) for item in keys(bucket, start + prefix)] for start in (PARKED_PREFIX, ""))
    for key in [*parked, *fresh]:
        advance(1)
        try:
            send = load(run, key)
        except FailureError as error:
            outcome.kept.append(f"{key}: {error}")
            continue
        aside = key
        if not key.startswith(PARKED_PREFIX):
            aside = PARKED_PREFIX + key
            s3.copy_object(Bucket=bucket, Key=aside, CopySource={"Bucket": bucket, "Key": key})
            s3.delete_object(Bucket=bucket, Key=key)
        send()
        s3.delete_object(Bucket=bucket, Key=aside)
        outcome.sent += 1


def _load_batch(run: Context, key: str) -> _Send:
    found = records(read(run.stack.quarantine_bucket, key))
    return lambda: _put(run, found)


def _load_chunk(run: Context, key: str) -> _Send:
    found = client("s3").get_object(Bucket=run.stack.quarantine_bucket, Key=key)
    partition_key, data = found["Metadata"].get("partition-key"), found["Body"].read()
    if not partition_key:
        raise FailureError("its metadata names no partition key")
    return lambda: _put(run, [(partition_key, data)])


def _put(run: Context, found: list[tuple[str, bytes]]) -> None:
    for some in batched(found, kinesis.MAX_CHUNKS, strict=False):
        kinesis.put_records(run.stack.stream_name, some, deadline(_STREAM_SECONDS))


def _load_load(run: Context, key: str) -> _Send:
    try:
        load = msgspec.json.decode(read(run.stack.quarantine_bucket, key), type=_FailedLoad)
    except msgspec.DecodeError:
        raise FailureError("it does not say which object was not loaded") from None
    parquet = _parquet(load)
    if parquet is None:
        raise FailureError("its Parquet object is gone")
    message = created_message(parquet, run.stack.region)
    return lambda: sqs.send_all(run.stack.parquet_queue_url, [message])


def _parquet(load: _FailedLoad) -> RawObject | None:
    try:
        found = client("s3").head_object(Bucket=load.bucket, Key=load.key)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
            return None
        raise
    version = found.get("VersionId", "null")
    return RawObject(load.bucket, load.key, version, found["LastModified"], found["ContentLength"])


def _print(run: Context, outcomes: list[Outcome], is_dry: bool) -> None:
    columns = ["place", "there", *([] if is_dry else ["sent"]), "what it is, and where it goes"]
    rows = [
        [outcome.place, outcome.there, *([] if is_dry else [outcome.sent]), MEANING[Place(outcome.place)]]
        for outcome in outcomes
    ]
    run.print_table("", columns, rows)
    for line in _kept(outcomes):
        run.out.print(line, highlight=False, markup=False, soft_wrap=True)
    if is_dry and any(outcome.there for outcome in outcomes):
        run.out.print(
            "nothing was sent. Mend the cause first, else it comes back; then `datavault redrive PLACE` or `… all`.",
            highlight=False,
        )
    elif not is_dry:
        run.out.print("`datavault audit` must balance when the queues are empty", highlight=False)


def _kept(outcomes: list[Outcome]) -> Iterator[str]:
    for outcome in outcomes:
        for kept in outcome.kept:
            yield f"stays: {printable(kept)}"
