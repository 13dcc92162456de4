"""`datavault contract test`: what a changed contract would make of data that is stored already."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.progress import Progress

from .. import inventory
from ..authoring.check import sql_problems, write_references
from ..edges.s3 import ObjectGoneError
from ..identity import UNKNOWN_DATASET
from ..stages.replay import Buckets, ReplayError, prepare, read_source
from ..stages.whatif import Bench, Trial
from ..whatif import Group
from .context import ROOT, Context, Failure, aws_failure, printable
from .local_contracts import local_contract
from .quarantine.forms import form_of_receipt
from .quarantine.selection import quarantine_keys
from .when import moment


class Against(StrEnum):
    RAW = "raw"
    QUARANTINE = "quarantine"


class Change(msgspec.Struct):
    """Records that change: by reason code (the new one of those that fail) and field."""

    reason: str
    field: str
    records: int = 0
    objects: int = 0
    example: str = ""


class Report(msgspec.Struct):
    """What `contract test` says. Counts are of records, unless they say objects."""

    dataset: str
    version: str
    objects: int = 0
    objects_gone: int = 0
    records: int = 0
    newly_fail: list[Change] = []
    newly_pass: list[Change] = []
    sql_errors: Counter[str] = msgspec.field(default_factory=Counter)


def try_contract(  # noqa: PLR0913, PLR0917  a command's options are its parameters
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(help="A folder under contracts/.")],
    against: Annotated[Against, typer.Option(help="Over whole raw objects, or over what is in quarantine.")],
    since: Annotated[
        str | None, typer.Option(help="Only raw objects of this day (UTC) or later: 7d, 2026-11-01.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="At most this many objects, the newest first.")] = None,
    contracts: Annotated[Path, typer.Option("--contracts", help="The folder with one folder per dataset.")] = ROOT
    / "contracts",
    reveal: Annotated[bool, typer.Option(help="Show examples with their values: they may hold personal data.")] = False,
) -> None:
    """Run a contract over stored data without writing, and compare. Exit code 1: something would newly fail."""
    run: Context = context.obj
    contract = local_contract(dataset, contracts)
    if contract is None:
        raise Failure(f"no contract for {dataset} in {contracts}", "`datavault contract check` lists what is there")
    if problems := sql_problems(contract, contracts / dataset):
        raise Failure("\n".join(map(str, problems)), "enrich.sql has to run before it can be tried on data", 1)
    report = Report(dataset, contract.version)
    stack = run.stack
    buckets = Buckets(stack.raw_bucket, stack.processed_bucket, stack.quarantine_bucket)
    fails: dict[Group, Change] = {}
    passes: dict[Group, Change] = {}
    try:
        with tempfile.TemporaryDirectory(prefix="datavault-test-") as folder:
            references, work = Path(folder) / "references", Path(folder) / "work"
            references.mkdir()
            work.mkdir()
            write_references(contract, contracts / dataset / "reference", references)
            bench = Bench(contract, references, work)
            for trial in _trials(run, buckets, bench, against, moment(since), limit, report):
                _add(fails, passes, trial, reveal)
                report.objects += 1
                report.records += trial.records
                report.sql_errors.update(trial.sql_errors)
    except (ClientError, BotoCoreError) as error:
        raise aws_failure(error) from error
    report.newly_fail, report.newly_pass = list(fails.values()), list(passes.values())
    if run.as_json:
        run.print_json(report)
    else:
        _print(run, report)
    if report.newly_fail or report.sql_errors:
        raise typer.Exit(1)


def _trials(  # noqa: PLR0913, PLR0917  what is read, and how much of it
    run: Context, buckets: Buckets, bench: Bench, against: Against, since: datetime | None, limit: int | None,
    report: Report,
) -> Iterator[Trial]:  # fmt: skip
    dataset = bench.contract.dataset
    with Progress(console=run.err, disable=run.as_json, transient=True) as progress:
        if against is Against.RAW:
            receipts = inventory.receipts(buckets.processed, f"receipts/{dataset}/")
            wanted = [receipt for receipt in receipts if since is None or receipt.last_modified >= since]
            wanted.sort(key=lambda receipt: receipt.last_modified, reverse=True)
            for receipt in progress.track(wanted[:limit], description="running"):
                try:
                    yield bench.run_raw(buckets, receipt)
                except ObjectGoneError:
                    report.objects_gone += 1
            return
        names = quarantine_keys(run, (), dataset, since) + quarantine_keys(run, (), UNKNOWN_DATASET, since)
        names.sort(key=lambda name: name.split("/")[2], reverse=True)
        tried = 0
        for name in progress.track(names, description="running"):
            if limit is not None and tried >= limit:
                break
            try:
                source = read_source(buckets, name)
            except ReplayError:
                continue  # it is not done yet
            if source.header.dataset != dataset:
                continue  # some other folder without a contract
            tried += 1
            yield bench.run_quarantine(prepare(source, bench.contract, lambda _: True))


def _add(fails: dict[Group, Change], passes: dict[Group, Change], trial: Trial, reveal: bool) -> None:
    found = trial.difference
    for changes, counts, examples in ((fails, found.fails, found.failing), (passes, found.passes, found.passing)):
        for group, count in counts.items():
            if group not in changes:
                entry = examples.get(group)
                example = form_of_receipt(trial.receipt).show(entry, reveal=reveal) if entry else ""
                changes[group] = Change(*group, example=printable(example))
            changes[group].records += count
            changes[group].objects += 1


def _print(run: Context, report: Report) -> None:
    for title, changes in (("Newly fails", report.newly_fail), ("Newly passes", report.newly_pass)):
        if changes:
            columns = ["reason", "field", "records", "objects", "for example"]
            rows = [[c.reason, c.field, c.records, c.objects, c.example] for c in changes]
            run.print_table(title, columns, rows)
    for message, count in report.sql_errors.items():
        run.out.print(f"enrich.sql fails on {count:,} chunks: {printable(message)}", highlight=False, markup=False)
    gone = f" ({report.objects_gone:,} objects are gone)" if report.objects_gone else ""
    fails, passes = (sum(change.records for change in part) for part in (report.newly_fail, report.newly_pass))
    run.out.print(
        f"{report.dataset} {report.version} over {report.records:,} records of {report.objects:,} objects{gone}: "
        f"{fails:,} newly fail, {passes:,} newly pass",
        highlight=False,
    )
