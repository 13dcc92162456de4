"""`make scaling`: the tables of docs/scaling.md, shown, as JSON, or written there."""

from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table as Shown

from ..tables import replace_generated, table
from . import service
from .report import Table, tables


def main(
    write: Annotated[bool, typer.Option("--write", help="Write them into docs/scaling.md.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """Say how far a stack reaches, by arithmetic and by simulation."""
    found = tables(service.load())
    if as_json:
        print(msgspec.json.encode(found).decode())
    elif write:
        replace_generated("scaling", "scaling", "\n\n".join(map(_markdown, found)))
    else:
        console = Console()
        for each in found:
            console.print(_shown(each))


def _markdown(of: Table) -> str:
    return f"### {of.title}\n\n{of.about}\n\n{table(of.head, of.rows)}"


def _shown(of: Table) -> Shown:
    shown = Shown(*of.head, title=of.title, caption=of.about.replace("`", ""), title_justify="left")
    for row in of.rows:
        shown.add_row(*row)
    return shown


if __name__ == "__main__":
    typer.run(main)
