"""The command `localcloud`."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from localcloud import cloud
from localcloud.errors import LocalCloudError
from localcloud.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="AWS on this machine, as plain processes: LocalStack, Lambda functions, a warehouse.\n\n"
    "Settings: LOCALCLOUD_PORT (4566), LOCALCLOUD_WAREHOUSE_PORT (5439), LOCALCLOUD_STATE (.local/cloud).",
)
# What a person reads goes to stderr; stdout is for `status`, `status --json` and `logs`.
console = Console(stderr=True)

NOT_RUNNING = 3  # the exit code of `systemctl status` for the same


@app.command()
def start() -> None:
    """Start the local cloud and return when it is ready. Does nothing if it is."""
    with _errors():
        settings = Settings.read()
        # Interrupted (Ctrl-C, a cancelled CI job), what has been started so far is ended first. Also for SIGINT, which
        # a process that a script starts with & would ignore.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda received, _: sys.exit(128 + received))
        begun = time.monotonic()
        with console.status("starting") as spinner:
            instance = cloud.start(settings, lambda step: spinner.update(f"{step} …"))
        console.print(
            f"[green]ready[/green] in {time.monotonic() - begun:.1f} s: {settings.endpoint}, "
            f"warehouse on 127.0.0.1:{settings.warehouse_port} (instance {instance.id[:8]})",
            highlight=False,
        )


@app.command()
def stop() -> None:
    """End every process of it. The warehouse's tables stay; all other resources are gone."""
    with _errors():
        with console.status("stopping") as spinner:
            cloud.stop(Settings.read(), lambda step: spinner.update(f"{step} …"))
        console.print("stopped")


@app.command()
def reset() -> None:
    """Stop, and delete everything that it keeps, the warehouse's tables too."""
    with _errors():
        with console.status("stopping") as spinner:
            cloud.reset(Settings.read(), lambda step: spinner.update(f"{step} …"))
        console.print("stopped, and its state deleted")


@app.command()
def status(*, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Show what runs. Exit code 3 when it is not running."""
    with _errors():
        found = cloud.status(Settings.read())
        if as_json:
            typer.echo(json.dumps(asdict(found), indent=2))
        else:
            _show(found)
        if not found.running:
            raise typer.Exit(NOT_RUNNING)


@app.command()
def logs(*, follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines.")] = False) -> None:
    """Print LocalStack's log (functions' own logs are in CloudWatch Logs)."""
    with _errors():
        log = Settings.read().log
        if not log.exists():
            raise LocalCloudError(f"there is no log: {log}", hint="`localcloud start` makes one")
        command = ["tail", "-n", "+1", *(["-F"] if follow else []), str(log)]
        os.execvp(command[0], command)  # noqa: S606  # no shell


def _show(found: cloud.Status) -> None:
    table = Table(show_header=False, box=None)
    table.add_row("running", "[green]yes[/green]" if found.running else "[red]no[/red]")
    table.add_row("instance", found.instance_id or "none")
    table.add_row("endpoint", f"{found.endpoint} (region {found.region}, account {found.account})")
    table.add_row("warehouse", found.warehouse_dsn or "not running")
    table.add_row("processes", ", ".join(f"{name} {pid}" for name, pid in found.pids.items()) or "none")
    table.add_row("services", ", ".join(name for name, state in found.services.items() if state == "running") or "none")
    table.add_row("state", found.state)
    table.add_row("log", found.log)
    Console().print(table, highlight=False)


@contextmanager
def _errors() -> Iterator[None]:
    """Show our own errors as message and hint; anything else is a bug and keeps its traceback."""
    try:
        yield
    except LocalCloudError as error:
        console.print(f"[red]error:[/red] {error}", highlight=False, soft_wrap=True)
        console.print(f"[yellow]hint:[/yellow] {error.hint}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error
