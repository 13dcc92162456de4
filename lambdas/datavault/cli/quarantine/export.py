"""`datavault quarantine export`: originals to a file, so that a person can mend them."""

import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from botocore.exceptions import BotoCoreError, ClientError

from ...quarantine import QuarantineEntry, QuarantineHeader
from ...reread import is_cut
from ..context import Context, Failure, aws_failure
from ..when import moment
from .selection import quarantine_keys, read_all


def export(  # noqa: PLR0913, PLR0917  a command's options are its parameters
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Written with mode 0600; must not exist.")],
    object_ids: Annotated[list[str] | None, typer.Argument(help="Object ids, or their beginnings.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Only this dataset.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only records with this reason code.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only raw objects of this day (UTC) or later: 7d, 2026-11-01.")
    ] = None,
) -> None:
    """Write bad records with their original bytes to a file, as NDJSON. They may hold personal data."""
    run: Context = context.obj
    try:
        names = quarantine_keys(run, object_ids or [], dataset, moment(since))
        # O_EXCL: neither a file nor a link that somebody else made is ever written through.
        target = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Failure(
            f"{file} is there already", "name another file, or remove it: nothing is overwritten", 1
        ) from None
    except OSError as error:
        raise Failure(f"cannot write {file}: {error.strerror}") from error
    except (ClientError, BotoCoreError) as error:
        raise aws_failure(error) from error
    count = cut = 0
    try:
        with os.fdopen(target, "wb") as out:
            for _, header, entries in read_all(run, names):
                wanted = [entry for entry in entries if reason in (None, entry.reason.value)]
                out.write(msgspec.json.Encoder().encode_lines([exported(header, entry) for entry in wanted]))
                count += len(wanted)
                cut += sum(is_cut(entry) for entry in wanted)
    except (ClientError, BotoCoreError) as error:
        file.unlink()
        raise aws_failure(error) from error
    if run.as_json:
        run.print_json({"file": str(file), "records": count, "cut": cut})
        return
    run.out.print(f"{count:,} records written to {file} (only you may read it)", highlight=False, markup=False)
    if cut:
        run.out.print(f"of {cut:,} the file holds the first 4 KiB only; the rest is in the raw object", highlight=False)


def exported(header: QuarantineHeader, entry: QuarantineEntry) -> dict[str, object]:
    """One line of the file. `original_base64` stands for `original` where that is no UTF-8."""
    shown: dict[str, object] = {
        "object_id": header.object_id,
        "source": header.source,
        "line": entry.line,
        "reason": entry.reason.value,
        "field": entry.field,
        "rest": entry.rest,
    }
    is_text = not entry.original_base64
    return shown | ({"original": entry.original} if is_text else {"original_base64": entry.original_base64})
