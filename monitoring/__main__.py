"""`python -m monitoring generate` writes what comes from the contracts; `--check` fails where a file is stale."""

from pathlib import Path
from typing import Annotated

import typer

from datavault.authoring.problems import ContractError

from .generated import generate

ROOT = Path(__file__).parents[1]

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Rules, dashboards and the exporter's settings."""


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
    folder = ROOT / "monitoring"
    stale = [name for name, text in texts.items() if not _is(folder / name, text)]
    # A dataset that is gone leaves a dashboard.
    gone = sorted(
        str(path.relative_to(folder))
        for path in folder.glob("dashboards/*.json")
        if str(path.relative_to(folder)) not in texts
    )
    if check:
        for name in [*stale, *gone]:
            typer.echo(f"monitoring/{name} is not what the contracts say; run `make monitoring`", err=True)
        raise typer.Exit(1 if stale or gone else 0)
    for name in stale:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(texts[name])
    for name in gone:
        (folder / name).unlink()
    typer.echo(f"monitoring: {len(stale)} written, {len(gone)} deleted, {len(texts) - len(stale)} up to date")


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text() == text


app()
