"""`datavault audit`: does every record of every raw object add up, hop by hop?"""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape

from .. import inventory
from ..audit import Audit, LedgerRow, ParquetRows, RawVersion, Replay, WarehouseRows, reconcile
from ..authoring.odcs import CONTRACT_FILE, compile_contract
from ..edges.warehouse import StatementError
from ..receipt import Receipt
from .context import ROOT, Context, Failure, aws_failure, printable


def audit(
    context: typer.Context,
    dataset: Annotated[str | None, typer.Option(help="Only this dataset.")] = None,
) -> None:
    """Account for every record of every raw object. Exit code 0: balanced; 1: not, with each object and hop."""
    run: Context = context.obj
    try:
        with run.err.status("Reading receipts, Parquet footers and the warehouse …"):
            result = take(run, dataset)
    except (ClientError, BotoCoreError) as error:
        raise aws_failure(error) from error
    except StatementError as error:
        raise Failure(f"Redshift: {error}", "has the migration run? `terraform apply` invokes it") from error
    if run.as_json:
        run.print_json({"balanced": result.is_balanced, "objects": result.objects, "findings": result.findings})
    else:
        _print(run, result)
    if not result.is_balanced:
        raise typer.Exit(1)


class Books(msgspec.Struct, frozen=True):
    """Everything that is there, of one dataset or of all."""

    replays: list[Replay]
    raws: list[RawVersion]
    receipts: list[Receipt]
    parquet: list[ParquetRows]
    ledger: list[LedgerRow]
    table: list[WarehouseRows]
    set_aside: dict[str, str]


def take(run: Context, dataset: str | None = None) -> Audit:
    """Read everything that is there, and compare."""
    return compare(read(run, dataset))


def read(run: Context, dataset: str | None = None) -> Books:
    stack, warehouse = run.stack, run.warehouse
    # Plans first: each is written before its raw object.
    replays = inventory.replays(stack.quarantine_bucket, f"replays/{dataset}/" if dataset else "replays/")
    raws = inventory.raw_versions(stack.raw_bucket, f"{dataset}/" if dataset else "")
    receipts = inventory.receipts(stack.processed_bucket, f"receipts/{dataset}/" if dataset else "receipts/")
    parquet = inventory.parquet_rows(stack.processed_bucket, f"data/{dataset}/" if dataset else "data/")
    ledger = [row for row in inventory.ledger(warehouse) if dataset in (None, row.dataset)]
    table = [
        row for name in stack.datasets if dataset in (None, name) for row in inventory.warehouse_rows(warehouse, name)
    ]
    aside = inventory.set_aside(stack.quarantine_bucket, dataset or "")
    return Books(replays, raws, receipts, parquet, ledger, table, aside)


def compare(books: Books) -> Audit:
    return reconcile(
        books.raws,
        books.receipts,
        books.parquet,
        books.ledger,
        books.table,
        _expired(books.receipts),
        books.replays,
        books.set_aside,
    )


def _expired(receipts: list[Receipt]) -> set[str]:
    """The objects whose Parquet objects the bucket's lifecycle may have deleted, by the contracts' retention."""
    contracts = ROOT / "contracts"
    datasets = {receipt.dataset for receipt in receipts if (contracts / receipt.dataset / CONTRACT_FILE).exists()}
    days = {dataset: compile_contract(contracts / dataset).retention_days for dataset in datasets}
    now = datetime.now(UTC)
    return {
        receipt.object_id
        for receipt in receipts
        if (kept := days.get(receipt.dataset)) is not None and receipt.last_modified + timedelta(days=kept) < now
    }


def _print(run: Context, result: Audit) -> None:
    columns = ["object", "lines", "quarantined", "replayed", "valid", "Parquet", "loaded", "superseded", "in table", ""]
    rows = [
        [entry.key, entry.lines, entry.quarantined, entry.replayed, entry.valid, entry.parquet, entry.loaded,
         entry.superseded, entry.in_table, "ok" if entry.is_balanced else "NOT BALANCED"]
        for entry in result.objects
    ]  # fmt: skip
    run.print_table("", columns, rows)
    for entry in result.objects:
        if entry.replayed:
            run.out.print(
                f"{printable(entry.key)}: of {entry.quarantined:,} quarantined records {entry.replayed:,} were "
                f"replayed: {entry.replayed_valid:,} valid, {entry.replayed_quarantined:,} quarantined again",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
    for finding in result.findings:
        place = f"{printable(finding.key)} ({finding.object_id})"
        run.out.print(f"[red]{finding.hop}[/red] {escape(f'{place}: {finding.message}')}", highlight=False)
    run.out.print(f"audit: {'balanced' if result.is_balanced else f'{len(result.findings)} findings'}")
