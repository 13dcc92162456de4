"""`datavault quarantine`: the bad records, with their reason, their place and their original bytes."""

from collections.abc import Iterator
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from .. import inventory
from ..quarantine import QuarantineEntry, QuarantineHeader, read
from .context import Context, Failure, aws_failure

app = typer.Typer(help="Look at the records that were not accepted.", no_args_is_help=True)

_MASK = "•"


@app.command("list")
def list_objects(
    context: typer.Context,
    dataset: Annotated[str | None, typer.Option(help="Only this dataset.")] = None,
) -> None:
    """List the raw objects that have bad records, with their reasons."""
    run: Context = context.obj
    try:
        receipts = inventory.receipts(run.stack.processed_bucket, f"receipts/{dataset}/" if dataset else "receipts/")
    except (ClientError, BotoCoreError) as error:
        raise aws_failure(error) from error
    found = [receipt for receipt in receipts if receipt.quarantined]
    if run.as_json:
        run.print_json(
            [
                {
                    "object_id": receipt.object_id,
                    "key": receipt.key,
                    "dataset": receipt.dataset,
                    "reasons": receipt.reasons,
                }
                for receipt in found
            ]
        )
        return
    rows = [
        [receipt.object_id, receipt.key, reason, count]
        for receipt in found
        for reason, count in receipt.reasons.items()
    ]
    run.print_table("", ["object id", "object", "reason", "records"], rows)


@app.command("show")
def show(
    context: typer.Context,
    object_id: Annotated[str, typer.Argument(help="An object id, or its beginning, from `quarantine list`.")],
    reason: Annotated[str | None, typer.Option(help="Only records with this reason code.")] = None,
    limit: Annotated[int, typer.Option(help="At most this many records.")] = 50,
    reveal: Annotated[bool, typer.Option(help="Show the original bytes: they may hold personal data.")] = False,
) -> None:
    """Show bad records: line, reason, field and (with --reveal) the original bytes."""
    run: Context = context.obj
    try:
        objects = list(_find(run, object_id))
    except (ClientError, BotoCoreError) as error:
        raise aws_failure(error) from error
    if not objects:
        raise Failure(f"no quarantined object begins with {object_id!r}", "`datavault quarantine list` shows them", 1)
    entries = [(header, entry) for header, found in objects for entry in found if reason in (None, entry.reason.value)][
        :limit
    ]
    if run.as_json:
        run.print_json([_as_json(header, entry, reveal) for header, entry in entries])
        return
    rows = [
        [
            header.source,
            f"{entry.line}{' to the end' if entry.rest else ''}",
            entry.reason.value,
            entry.field,
            _original(entry, reveal),
        ]
        for header, entry in entries
    ]
    run.print_table("", ["object", "line", "reason", "field", "original"], rows)


def _find(run: Context, object_id: str) -> Iterator[tuple[QuarantineHeader, list[QuarantineEntry]]]:
    bucket = run.stack.quarantine_bucket
    for item in inventory.keys(bucket, "quarantine/"):
        if item["Key"].rpartition("/")[2].startswith(object_id):
            yield read(inventory.read(bucket, item["Key"]))


def _original(entry: QuarantineEntry, reveal: bool) -> str:
    if not reveal:
        return f"{_MASK * 8} ({len(entry.original_bytes)} bytes)"
    text = entry.original or repr(entry.original_bytes)
    # A terminal obeys control characters; data must not command it.
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def _as_json(header: QuarantineHeader, entry: QuarantineEntry, reveal: bool) -> dict[str, object]:
    shown: dict[str, object] = {
        "object_id": header.object_id,
        "source": header.source,
        "line": entry.line,
        "reason": entry.reason.value,
        "field": entry.field,
        "rest": entry.rest,
    }
    if reveal:
        shown |= {"original": entry.original, "original_base64": entry.original_base64}
    return shown
