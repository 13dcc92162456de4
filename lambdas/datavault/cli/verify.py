"""`datavault verify`: was anything sealed taken away or changed? Asks the buckets, or a copy of them, alone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.text import Text

from ..authoring.odcs import CONTRACT_FILE
from ..seal import UNREADABLE, Head
from ..verify import Proof, Retention, Store, verify
from .context import ROOT, Context, Failure, aws_failure, printable
from .local_contracts import local_contract
from .stores import Buckets, Folder

# infrastructure/'s default of raw_retention_days, for a copy that has no stack to ask.
_RAW_RETENTION_DAYS = 365

type Heads = dict[str, Head]


def command(
    context: typer.Context,
    deep: Annotated[
        bool, typer.Option("--deep", help="Download every sealed object and hash it, instead of asking S3.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option(help="A copy of the processed and the quarantine bucket in one folder; no AWS is asked."),
    ] = None,
    heads: Annotated[
        Path | None,
        typer.Option(help="File with the chains' ends: written at first, later proven to be part of the chains still."),
    ] = None,
    raw_retention_days: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Days that quarantine is kept where no contract says; default: the stack's, 365 with --folder.",
        ),
    ] = None,
) -> None:
    """Prove that nothing sealed was removed or changed. Exit code 0: proven; 1: not, with each object and why."""
    run: Context = context.obj
    saved = _saved(heads)
    today = datetime.now(UTC).date()
    try:
        store, kept = _store(run, folder, deep=deep)
        retention = _retention(kept if raw_retention_days is None else raw_retention_days)
        with run.err.status("Reading …") as status:
            proof = verify(store, retention, today, saved, status.update)
    except (ClientError, BotoCoreError) as error:
        raise aws_failure(error) from error
    if run.as_json:
        run.print_json({"proven": proof.is_proven, **msgspec.to_builtins(proof)})
    else:
        _print(run, proof)
    if not proof.is_proven:
        raise typer.Exit(1)
    if heads:
        heads.write_bytes(msgspec.json.format(msgspec.json.encode(proof.heads, order="deterministic")) + b"\n")


def _store(run: Context, folder: Path | None, *, deep: bool) -> tuple[Store, int]:
    if folder is None:
        stack = run.stack
        return Buckets(stack.processed_bucket, stack.quarantine_bucket, is_deep=deep), stack.raw_retention_days
    if not (folder / "receipts").is_dir():
        raise Failure(
            f"{folder} is no copy of a processed bucket: it has no receipts/",
            f"aws s3 sync s3://<processed bucket> {folder}; aws s3 sync s3://<quarantine bucket> {folder}",
        )
    return Folder(folder), _RAW_RETENTION_DAYS


def _saved(heads: Path | None) -> Heads:
    if heads is None or not heads.exists():
        return {}
    try:
        found: Heads = msgspec.json.decode(heads.read_bytes(), type=dict[str, Head])
    except UNREADABLE as error:
        raise Failure(f"{heads} holds no heads of chains: {error}", "name another file to begin anew") from error
    return found


def _retention(quarantine_days: int) -> Retention:
    names = sorted(path.parent.name for path in (ROOT / "contracts").glob(f"*/{CONTRACT_FILE}"))
    contracts = [contract for name in names if (contract := local_contract(name))]
    return Retention(
        {contract.dataset: contract.retention_days for contract in contracts},
        quarantine_days,
        {contract.dataset: days for contract in contracts if (days := contract.raw_retention_days) is not None},
    )


def _print(run: Context, proof: Proof) -> None:
    for problem in proof.problems:
        run.out.print(Text.assemble((printable(problem.key), "red"), f": {printable(problem.message)}"))
    run.print_table(
        "",
        ["seals", "receipts", "Parquet objects", "quarantine objects", "gone by retention", "not sealed yet"],
        [[proof.seals, proof.receipts, proof.parquet, proof.quarantine, proof.expired, len(proof.unsealed)]],
    )
    run.out.print(f"verify: {'proven' if proof.is_proven else f'{len(proof.problems)} findings'}")
