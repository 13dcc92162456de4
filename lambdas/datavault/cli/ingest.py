"""`datavault ingest`: put files into the raw bucket, and wait for their rows if asked to."""

import time
from pathlib import Path
from typing import Annotated

import typer
from boto3.s3.transfer import S3Transfer
from botocore.exceptions import BotoCoreError, ClientError
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from ..edges.clients import client
from ..identity import RawObject
from .context import Context, Failure, aws_failure
from .progress import wait_until_loaded


def ingest(  # noqa: PLR0913, PLR0917  a command's options are its parameters
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(help="A dataset that has a contract.")],
    files: Annotated[list[Path], typer.Argument(help="NDJSON, JSON array or CSV; plain, gzip or zstd.")],
    key: Annotated[str | None, typer.Option(help="Name in the bucket, for a single file. Default: the file's.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait until every valid record is in the warehouse.")] = False,
    timeout_seconds: Annotated[float, typer.Option(help="With --wait: give up after this time.")] = 600.0,
) -> None:
    """Send files through the pipeline."""
    run: Context = context.obj
    if dataset not in run.stack.datasets:
        hint = f"datasets here: {', '.join(run.stack.datasets)}; docs/contracts.md says how to add one"
        raise Failure(f"no contract describes the dataset {dataset!r}", hint)
    if missing := [str(file) for file in files if not file.is_file()]:
        raise Failure(f"no such file: {', '.join(missing)}")
    if key and len(files) > 1:
        raise Failure("--key names one object, but there are several files")
    started = time.monotonic()
    try:
        sent = [_put(run, file, f"{dataset}/{key or file.name}") for file in files]
        loads = wait_until_loaded(run, sent, started, timeout_seconds) if wait else []
    except (ClientError, BotoCoreError) as error:
        raise aws_failure(error) from error
    if run.as_json:
        run.print_json({"sent": sent, "loaded": loads})
        return
    for raw in sent:
        run.out.print(
            f"sent {raw.source} (version {raw.version_id}, object id {raw.id})", highlight=False, soft_wrap=True
        )
    for load in loads:
        run.out.print(
            f"{load.key}: {load.lines:,} records in, {load.valid:,} valid, {load.quarantined:,} quarantined, "
            f"{load.chunks:,} chunks, {load.rows:,} rows in the warehouse after {load.seconds:.1f} s",
            highlight=False,
        )


def _put(run: Context, file: Path, key: str) -> RawObject:
    bucket, s3 = run.stack.raw_bucket, client("s3")
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=run.err, disable=run.as_json) as progress:
        task = progress.add_task(f"put {key}", total=file.stat().st_size)
        S3Transfer(s3).upload_file(str(file), bucket, key, callback=lambda size: progress.advance(task, size))
    # Not quite atomic: another put of this key in between would be the one that is named.
    found = s3.head_object(Bucket=bucket, Key=key)
    return RawObject(bucket, key, found.get("VersionId", "null"), found["LastModified"], found["ContentLength"])
