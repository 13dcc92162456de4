"""`datavault cost`: what an environment costs a month, from its plan and a dated list of prices."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from ..cost.bill import Line
from ..cost.estimate import Estimate, estimate
from ..cost.plan import Facts, PlanError, read_plan
from ..cost.prices import PriceError, Prices, load_prices
from ..cost.workload import PARQUET_RATIO, RECORD_BYTES, STREAM_RATIO, Workload
from .context import ROOT, Context, Failure

# The one Region with a list; others cost up to a third more.
_PRICES = ROOT / "infrastructure/prices/us-east-1.yaml"
_ERROR_LINES = 20
_WHOLE = 100  # quantities above it are shown without decimals


def cost(  # noqa: PLR0913, PLR0917  options
    context: typer.Context,
    gb_per_day: Annotated[
        float, typer.Option(help="GB of data a day, as NDJSON without compression; a GB is 2^30 bytes.")
    ],
    record_bytes: Annotated[float, typer.Option(help="Bytes of a record as NDJSON.")] = RECORD_BYTES,
    object_mb: Annotated[float, typer.Option(help="MB of a raw object, before producers compress it.")] = 64,
    raw_ratio: Annotated[float, typer.Option(help="How many times smaller producers' compression makes objects.")] = 1,
    stream_ratio: Annotated[float, typer.Option(help="Bytes of NDJSON to bytes of chunks.")] = STREAM_RATIO,
    parquet_ratio: Annotated[float, typer.Option(help="Bytes of NDJSON to bytes of Parquet.")] = PARQUET_RATIO,
    peak: Annotated[float, typer.Option(help="How many times the average the busiest second may be.")] = 3,
    months: Annotated[float, typer.Option(help="Months that this has been flowing: storage grows.")] = 12,
    plan: Annotated[
        Path | None,
        typer.Option(help="Output of `terraform show -json` of a plan; default: plans --env offline, a minute."),
    ] = None,
) -> None:
    """Estimate a month's bill, by service and line, and what Firehose would take for the same. No account is asked."""
    run: Context = context.obj
    if run.env == "local" and plan is None:
        _print_local(run)
        return
    try:
        work = Workload(
            gb_per_day, record_bytes, object_mb, raw_ratio, stream_ratio, parquet_ratio, peak=peak, months=months
        )
        prices = load_prices(_PRICES)
    except ValueError as error:
        raise Failure(f"--{str(error).replace('_', '-', 2)}", "see `datavault cost --help`") from error
    except PriceError as error:
        raise Failure(str(error), "docs/operations/cost.md says how the file of prices is written") from error
    found = estimate(prices, _facts(run, plan), work, datetime.now(UTC).date())
    if run.as_json:
        about = {"environment": run.env, "prices": {"date": prices.date, "region": prices.region}, "workload": work}
        run.print_json(about | msgspec.structs.asdict(found))
    else:
        _print(run, prices, work, found)


def _facts(run: Context, plan: Path | None) -> Facts:
    if plan is not None:
        try:
            text, place = plan.read_bytes(), str(plan)
        except OSError as error:
            raise Failure(f"cannot read {plan}: {error.strerror}", "terraform show -json PLAN >FILE") from error
    else:
        text, place = _planned(run), f"the plan of {run.env}"
    try:
        return read_plan(text)
    except PlanError as error:
        raise Failure(f"{place} is no plan of DataVault: {error}", "terraform show -json PLAN >FILE") from error


def _planned(run: Context) -> bytes:
    environments = ROOT / "environments"
    known = sorted(folder.parent.name for folder in environments.glob("*/main.tf"))
    if run.env not in known:
        raise Failure(f"no environment {run.env!r}", f"one of: {', '.join(known)}")
    with run.err.status(f"Planning {run.env} offline …"):
        command = [str(ROOT / "scripts/emulated-plan"), "--json", run.env]
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  our own words
    if done.returncode:
        said = "\n".join(done.stderr.decode(errors="replace").strip().splitlines()[-_ERROR_LINES:])
        raise Failure(f"cannot plan {run.env}:\n{said}", f"`make cost ENV={run.env}` makes what a plan needs")
    return done.stdout


def _print_local(run: Context) -> None:
    if run.as_json:
        run.print_json({"environment": run.env, "lines": [], "rates": {"usd_per_month": 0}})
    else:
        run.out.print(
            "local runs on this machine and costs nothing; `datavault cost --env prod …` looks at an account's"
        )


def _print(run: Context, prices: Prices, work: Workload, found: Estimate) -> None:
    rows: list[list[str]] = []
    for service, usd in found.services.items():
        rows.append([f"[bold]{service}", "", "", "", "", f"[bold]{usd:,.2f}"])
        rows += [_row(line) for line in found.lines if line.service == service]
    title = f"{run.env}, {work.gb_per_day:,g} GB a day: US dollars a month"
    _print_table(run, title, ["service", "what", "quantity", "unit", "each", "cost"], rows, numbers={2, 4, 5})
    _print_rates(run, found)
    if work.gb:
        _print_firehose(run, work, found)
    for warning in found.warnings:
        run.out.print(f"[yellow]warning:[/yellow] {warning}", highlight=False, soft_wrap=True)
    run.out.print(
        f"List prices of {prices.date}, {prices.region}. Records of {work.record_bytes:g} bytes, objects of "
        f"{work.object_mb:g} MB, stream {work.stream_ratio:g}:1, Parquet {work.parquet_ratio:g}:1, storage after "
        f"{work.months:g} months.\nNot counted: {found.not_counted}.",
        highlight=False,
        soft_wrap=True,
    )


def _row(line: Line) -> list[str]:
    quantity = f"{line.quantity:,.0f}" if line.quantity >= _WHOLE else f"{line.quantity:,.2f}"
    each = f"{line.unit_usd:.10f}".rstrip("0").rstrip(".")
    return ["", line.what, quantity, line.unit, each, f"{line.usd:,.2f}"]


def _print_rates(run: Context, found: Estimate) -> None:
    rates = found.rates
    words = [f"${rates.usd_per_month:,.2f} a month", f"${rates.usd_per_day:,.2f} a day"]
    if rates.usd_per_tb is not None and rates.usd_per_million_records is not None:
        words += [f"${rates.usd_per_tb:,.2f} per TB", f"${rates.usd_per_million_records:,.4f} per million records"]
    run.out.print(", ".join(words), style="bold", highlight=False)


def _print_firehose(run: Context, work: Workload, found: Estimate) -> None:
    other, tb = found.firehose, work.gb / 1024
    kinds = {
        "datavault": (other.datavault_pipeline, None),
        "Firehose, one record a put": (other.one_record_each, other.one_record_each_transformed),
        "Firehose, records packed to 5 KB": (other.packed, other.packed_transformed),
    }
    rows = [
        [kind, f"{plain:,.2f}", f"{plain / tb:,.2f}", "included" if masked is None else f"{masked:,.2f}"]
        for kind, (plain, masked) in kinds.items()
    ]
    columns = ["from producer to Parquet, raw objects kept", "a month", "a TB", "a month, masked by a Lambda"]
    _print_table(run, "The same by Firehose with format conversion: US dollars", columns, rows, numbers={1, 2, 3})
    run.out.print(f"Firehose: {other.not_done}.", highlight=False, soft_wrap=True)


def _print_table(run: Context, title: str, columns: list[str], rows: list[list[str]], numbers: set[int]) -> None:
    table = Table(title=title, title_justify="left", header_style="bold")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index in numbers else "left")
    for row in rows:
        table.add_row(*row)
    run.out.print(table)
