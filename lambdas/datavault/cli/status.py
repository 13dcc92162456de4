"""`datavault status`: what is deployed, what waits, what was given up, what is loaded."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from .. import inventory
from ..audit import LedgerRow, RawVersion
from ..edges.sqs import depth
from ..edges.warehouse import StatementError
from ..identity import UNKNOWN_DATASET
from ..receipt import Receipt
from .breaker import paused
from .context import Context, Failure, aws_failure
from .redrive import Place, there


def status(context: typer.Context) -> None:
    """Show queues, failures and datasets. Exit code 1 when something was given up and waits for a person."""
    run: Context = context.obj
    try:
        found = take(run)
    except (ClientError, BotoCoreError) as error:
        raise aws_failure(error) from error
    except StatementError as error:
        raise Failure(f"Redshift: {error}") from error
    given_up = sum(found["given_up"].values())
    if run.as_json:
        run.print_json(found)
    else:
        run.print_table(
            "Waiting", ["queue", "waiting", "in work"], [[name, *counts] for name, counts in found["waiting"].items()]
        )
        run.print_table("Given up", ["place", "count"], list(found["given_up"].items()))
        if found["paused"]:
            rows = [
                [entry["dataset"], f"{entry['since']:%Y-%m-%d %H:%M}", entry["reason"]] for entry in found["paused"]
            ]
            run.print_table("Paused", ["dataset", "since (UTC)", "why"], rows)
        columns = ["dataset", "raw objects", "processed", "records", "quarantined", "rows loaded"]
        run.print_table("Datasets", columns, [[name, *counts.values()] for name, counts in found["datasets"].items()])
        if port := run.stack.warehouse_port:
            run.out.print(
                f"SQL clients: postgresql://datavault:datavault@127.0.0.1:{port}/{run.stack.database}", highlight=False
            )
    if found["paused"] and not run.as_json:
        run.out.print("paused: `datavault resume DATASET` lets it go on", highlight=False)
    if given_up:
        if not run.as_json:
            run.out.print("given up: `datavault redrive` shows how to send it once more", highlight=False)
        raise typer.Exit(1)


def take(run: Context) -> dict[str, Any]:
    stack = run.stack
    raws = inventory.raw_versions(stack.raw_bucket)
    return count(run, raws, inventory.receipts(stack.processed_bucket), inventory.ledger(run.warehouse))


def count(
    run: Context, raw_versions: Iterable[RawVersion], receipts: Sequence[Receipt], ledger: Iterable[LedgerRow]
) -> dict[str, Any]:
    """What `take` says, of what was read already; what waits and what was given up is looked at now."""
    stack = run.stack
    known = {*stack.datasets, *(receipt.dataset for receipt in receipts)}
    # As their receipts are filed: what no contract knows is one dataset, whatever its folder is called.
    folders = (raw.dataset for raw in raw_versions)
    raws = Counter(folder if folder in known else UNKNOWN_DATASET for folder in folders)
    loaded: Counter[str] = Counter()
    for row in ledger:
        loaded[row.dataset] += row.rows
    datasets = {}
    for dataset in sorted(known | raws.keys()):
        of_dataset = [receipt for receipt in receipts if receipt.dataset == dataset]
        datasets[dataset] = {
            "raw_objects": raws[dataset],
            "processed": len(of_dataset),
            "records": sum(receipt.lines for receipt in of_dataset),
            "quarantined": sum(receipt.quarantined for receipt in of_dataset),
            "rows_loaded": loaded[dataset],
        }
    large = {"large objects": depth(stack.worker.queue_url)} if stack.worker else {}
    large_given_up = {"large objects (DLQ)": there(run, Place.LARGE)} if stack.worker else {}
    return {
        "environment": run.env,
        "waiting": {
            "raw events": depth(stack.raw_queue_url),
            **large,
            "Parquet events": depth(stack.parquet_queue_url),
            "held events": depth(stack.held_queue_url),
        },
        "paused": paused(run),
        "given_up": {
            "raw events (DLQ)": there(run, Place.RAW),
            **large_given_up,
            "Parquet events (DLQ)": there(run, Place.PARQUET),
            "enrichment batches": there(run, Place.BATCHES),
            "failed chunks": there(run, Place.CHUNKS),
            "failed loads": there(run, Place.LOADS),
        },
        "datasets": datasets,
    }
