"""`datavault quarantine list` and `show`."""

from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from ... import inventory
from ...quarantine import QuarantineEntry, QuarantineHeader
from ..context import Context, aws_failure
from .forms import Form, form_of
from .selection import quarantine_keys, read_all


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


def show(
    context: typer.Context,
    object_id: Annotated[str, typer.Argument(help="An object id, or its beginning, from `quarantine list`.")],
    reason: Annotated[str | None, typer.Option(help="Only records with this reason code.")] = None,
    limit: Annotated[int, typer.Option(help="At most this many records.")] = 50,
    reveal: Annotated[bool, typer.Option(help="Show the original bytes: they may hold personal data.")] = False,
) -> None:
    """Show bad records: line, reason, field and the record's form; with --reveal its values, too."""
    run: Context = context.obj
    try:
        found = [
            (header, entry, form)
            for key, header, entries in read_all(run, quarantine_keys(run, [object_id]))
            for form in [form_of(run, key)]
            for entry in entries
            if reason in (None, entry.reason.value)
        ][:limit]
    except (ClientError, BotoCoreError) as error:
        raise aws_failure(error) from error
    if run.as_json:
        run.print_json([_as_json(header, entry, form, reveal) for header, entry, form in found])
        return
    rows = [
        [
            header.source,
            f"{entry.line}{' to the end' if entry.rest else ''}",
            entry.reason.value,
            entry.field,
            form.show(entry, reveal=reveal),
        ]
        for header, entry, form in found
    ]
    run.print_table("", ["object", "line", "reason", "field", "original" if reveal else "form"], rows)


def _as_json(header: QuarantineHeader, entry: QuarantineEntry, form: Form, reveal: bool) -> dict[str, object]:
    shown: dict[str, object] = {
        "object_id": header.object_id,
        "source": header.source,
        "line": entry.line,
        "reason": entry.reason.value,
        "field": entry.field,
        "rest": entry.rest,
        "form": form.show(entry),
    }
    if reveal:
        shown |= {"original": entry.original, "original_base64": entry.original_base64}
    return shown
