"""The `datavault` command: what a person and a script do with a deployed pipeline."""

import sys
from typing import Annotated

import typer

from ..edges.warehouse import StatementError, StatementTimeoutError
from . import (
    audit,
    backfill,
    breaker,
    console,
    contract,
    cost,
    ingest,
    masking,
    quarantine,
    query,
    redrive,
    rollout,
    status,
    verify,
)
from .context import Context, Failure

app = typer.Typer(
    help="DataVault: a data pipeline that accounts for every record.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    context: typer.Context,
    env: Annotated[
        str, typer.Option(envvar="DATAVAULT_ENV", help="Environment: a folder under environments/.")
    ] = "local",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    context.obj = Context(env, as_json)


app.command("ingest")(ingest.ingest)
app.command("status")(status.status)
app.command("audit")(audit.audit)
app.command("verify")(verify.command)
app.command("query")(query.query)
app.command("backfill")(backfill.backfill)
app.command("pause")(breaker.pause)
app.command("resume")(breaker.resume)
app.command("redrive")(redrive.redrive)
app.command("cost")(cost.cost)
app.command("console")(console.console)
app.command("rollout")(rollout.rollout)
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(masking.app, name="masking")
app.add_typer(contract.app, name="contract")


def main() -> None:
    """The console script: a failure that a person can mend is a sentence, not a traceback."""
    try:
        app(_with_global_options_first(sys.argv[1:]))
    except Failure as failure:
        typer.secho(str(failure), err=True, fg="red")
        raise SystemExit(failure.code) from None
    except (StatementError, StatementTimeoutError) as error:
        typer.secho(f"Redshift: {type(error).__name__}: {error}", err=True, fg="red")
        raise SystemExit(2) from None


def _with_global_options_first(arguments: list[str]) -> list[str]:
    """`--env` and `--json` may stand anywhere, as in `datavault audit --json`; the parser wants them in front."""
    front: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word == "--json" or word.startswith("--env="):
            front.append(word)
        elif word == "--env":
            front += [word, *(value for value in [next(words, None)] if value is not None)]
        else:
            rest.append(word)
    return front + rest
