"""`datavault backfill`: process objects that lie in the raw bucket already and were never processed."""

from pathlib import PurePosixPath
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.progress import Progress

from ..backfill import chosen, created_message
from ..edges.listing import keys, raw_objects
from ..edges.sqs import QueueError, send_all
from .context import Context, Failure, aws_failure
from .when import moment


def backfill(  # noqa: PLR0913, PLR0917  a command's options are its parameters
    context: typer.Context,
    place: Annotated[str, typer.Argument(metavar="S3://BUCKET/PREFIX", help="In the environment's raw bucket.")],
    since: Annotated[
        str | None, typer.Option(help="Only objects that came then or later: 7d, 2026-11-01, 2026-11-01T06:00:00Z.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Only objects that came before.")] = None,
    all_objects: Annotated[
        bool, typer.Option("--all", help="Objects that have a receipt, too; they are not processed twice.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, and send nothing.")] = False,
) -> None:
    """Send the events of objects that are there, as S3 would: those without a receipt, unless --all."""
    run: Context = context.obj
    bucket, slash, prefix = place.removeprefix("s3://").partition("/")
    if not place.startswith("s3://") or not slash:
        raise Failure(f"{place!r} is no place in S3", f"for example s3://{run.stack.raw_bucket}/orders/")
    if bucket != run.stack.raw_bucket:
        hint = (
            f"copy them: `aws s3 cp --recursive {place} s3://{run.stack.raw_bucket}/DATASET/`; S3 tells the processor "
            "of every copy by itself"
        )
        raise Failure(f"{bucket} is not the raw bucket of {run.env}", hint)
    first, last = moment(since), moment(until)
    dataset, folder, _ = prefix.partition("/")
    try:
        with run.err.status("Listing objects and receipts …"):
            done = set() if all_objects else _receipts(run, dataset if folder else "")
            found = list(chosen(raw_objects(bucket, prefix), done, first, last))
        sent = 0
        if found and not dry_run:
            with Progress(console=run.err, disable=run.as_json, transient=True) as progress:
                task = progress.add_task("sending", total=len(found))
                bodies = (created_message(raw, run.stack.region) for raw in found)
                sent = send_all(run.stack.raw_queue_url, bodies, lambda count: progress.advance(task, count))
    except QueueError as error:
        hint = "run the same command again: what was processed meanwhile is left out"
        raise Failure(f"{error}; {error.taken:,} of {len(found):,} were sent", hint, 1) from error
    except (ClientError, BotoCoreError) as error:
        raise aws_failure(error) from error
    size = sum(raw.size for raw in found)
    if run.as_json:
        run.print_json({"objects": len(found), "bytes": size, "sent": sent})
        return
    kind = "objects" if all_objects else "objects without a receipt"
    run.out.print(
        f"{len(found):,} {kind} ({size / 1e6:,.1f} MB); {f'{sent:,} events sent' if sent else 'nothing sent'}",
        highlight=False,
    )
    if sent:
        run.out.print("`datavault status` shows the queue, `datavault audit` what became of them", highlight=False)


def _receipts(run: Context, dataset: str) -> set[str]:
    """The ids of the objects that are done, by the names of their receipts."""
    prefixes = [f"receipts/{dataset}/", "receipts/_unknown/"] if dataset else ["receipts/"]
    return {PurePosixPath(item["Key"]).stem for prefix in prefixes for item in keys(run.stack.processed_bucket, prefix)}
