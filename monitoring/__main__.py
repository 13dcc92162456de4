"""`python -m monitoring`: write what comes from the contracts, or run a Prometheus on the laptop."""

import signal
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from datavault.authoring.problems import ContractError
from datavault.cli.context import Context, Failure

from .generated import FOLDER, generate
from .laptop import MonitorError, monitor

ROOT = Path(__file__).parents[1]

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Rules and dashboards from the contracts, and a Prometheus on the laptop."""


@app.command("generate")
def write(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if something would change.")] = False,
) -> None:
    """Write what comes from the contracts into monitoring/."""
    try:
        texts = generate(ROOT / "contracts")
    except ContractError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    stale = [name for name, text in texts.items() if not _is(FOLDER / name, text)]
    # A dataset that is gone leaves a dashboard.
    gone = sorted(
        str(path.relative_to(FOLDER))
        for path in FOLDER.glob("kubernetes/dashboards/*.json")
        if str(path.relative_to(FOLDER)) not in texts
    )
    if check:
        for name in [*stale, *gone]:
            typer.echo(f"monitoring/{name} is not what the contracts say; run `make monitoring`", err=True)
        raise typer.Exit(1 if stale or gone else 0)
    for name in stale:
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_text(texts[name])
    for name in gone:
        (FOLDER / name).unlink()
    typer.echo(f"monitoring: {len(stale)} written, {len(gone)} deleted, {len(texts) - len(stale)} up to date")


@app.command()
def laptop(
    worker: Annotated[str, typer.Option(help="host:port of a worker's metrics.")] = "127.0.0.1:8080",
) -> None:
    """Run Prometheus over the worker and the local cloud (`make monitor`)."""
    # Who ends us must end what we started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        stack = Context("local", as_json=False).stack
        with monitor(stack, ROOT / ".local/monitor", worker) as addresses:
            typer.echo(f"Prometheus  {addresses.prometheus}  (queries: docs/operations/monitoring.md)")
            typer.echo(f"alerts      {addresses.prometheus}/alerts")
            typer.echo(f"exporter    {addresses.exporter}/metrics")
            typer.echo(f"worker      http://{worker}/metrics, if one runs (make worker)")
            typer.echo("Ctrl-C ends them; what they have seen stays in .local/monitor")
            Event().wait()
    except (Failure, MonitorError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        typer.echo("ended")


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text() == text


app()
