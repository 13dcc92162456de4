"""`datavault pause` and `datavault resume`: stop taking a dataset's new objects, and go on."""

from collections.abc import Callable
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.progress import Progress

from ..breaker import Pause, decode
from ..edges import s3, sqs
from ..edges.clients import client
from ..edges.events import EventError, created_objects
from ..edges.listing import keys
from ..identity import pause_key
from .context import Context, Failure, aws_failure

_PREFIX = "paused/"

_DATASET = typer.Argument(help="A dataset that has a contract.")


def pause(
    context: typer.Context,
    dataset: Annotated[str, _DATASET],
    reason: Annotated[str, typer.Option(help="For whoever wonders why; no personal data.")] = "",
) -> None:
    """Take no new object of a dataset: their events wait in the held queue (14 days) until `datavault resume`."""
    run: Context = context.obj
    _check(run, dataset)
    bucket, body = run.stack.quarantine_bucket, Pause(dataset, reason=reason).encode()
    try:
        put = s3.put_once(bucket, pause_key(dataset), body, tags={"dataset": dataset})
    except (ClientError, BotoCoreError) as error:
        raise aws_failure(error) from error
    is_new = put is s3.Put.WRITTEN
    if run.as_json:
        run.print_json({"dataset": dataset, "paused": True, "was_paused": not is_new})
    else:
        run.out.print(f"{dataset} {'is paused' if is_new else 'was paused already'}", highlight=False)


def resume(context: typer.Context, dataset: Annotated[str, _DATASET]) -> None:
    """Take new objects of a dataset again, and those that were held. Cut off, or run twice, it does no harm."""
    run: Context = context.obj
    _check(run, dataset)
    try:
        was_paused = s3.exists(run.stack.quarantine_bucket, pause_key(dataset))
        client("s3").delete_object(Bucket=run.stack.quarantine_bucket, Key=pause_key(dataset))
        with Progress(console=run.err, disable=run.as_json, transient=True) as progress:
            task = progress.add_task("held events", total=None)
            released, kept = release(run, dataset, lambda count: progress.advance(task, count))
    except sqs.QueueError as error:
        raise Failure(str(error), "what was not taken is still held: run the same command again", 1) from error
    except (ClientError, BotoCoreError) as error:
        raise aws_failure(error) from error
    if run.as_json:
        run.print_json({"dataset": dataset, "was_paused": was_paused, "released": released, "kept": kept})
        return
    said = "takes objects again" if was_paused else "was not paused"
    others = f"; {kept} of other datasets stay held" if kept else ""
    run.out.print(f"{dataset} {said}: {released} held events are on their way{others}", highlight=False)


def release(run: Context, dataset: str, moved: Callable[[int], None]) -> tuple[int, int]:
    """Move a dataset's held events back to the raw queue: how many, and how many of others stay."""
    stack = run.stack
    return sqs.move_some(stack.held_queue_url, stack.raw_queue_url, lambda body: dataset in _datasets(body), moved)


def paused(run: Context) -> list[dict[str, Any]]:
    """The datasets that are paused, since when, and why."""
    bucket = run.stack.quarantine_bucket
    found = []
    for item in keys(bucket, _PREFIX):
        why = decode(s3.read(bucket, item["Key"]))
        share = f"{why.quarantined} of {why.lines} records of {why.object_id} are bad" if why.object_id else why.reason
        found.append({"dataset": why.dataset, "since": item["LastModified"], "reason": share})
    return found


def _datasets(body: str) -> set[str]:
    try:
        return {created.key.partition("/")[0] for created in created_objects(body)}
    except EventError:
        return set()  # nobody's: it stays


def _check(run: Context, dataset: str) -> None:
    if dataset not in run.stack.datasets:
        raise Failure(f"no contract for {dataset}", f"there are: {', '.join(run.stack.datasets)}")
