"""`datavault query`: SQL through the Redshift Data API."""

import csv
import sys
from enum import StrEnum
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from ..edges.warehouse import StatementError, StatementTimeoutError, deadline
from .context import Context, Failure, aws_failure


class Role(StrEnum):
    ANALYST = "analyst"
    READER = "reader"


class Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def query(  # noqa: PLR0913, PLR0917  a command's options are its parameters
    context: typer.Context,
    sql: Annotated[str, typer.Argument(help="One statement in Redshift's dialect.")],
    output: Annotated[Format, typer.Option("--format", "-f", help="How to print the rows.")] = Format.TABLE,
    role: Annotated[
        Role, typer.Option("--as", help="Read everything, or only what the contracts call public or internal.")
    ] = Role.ANALYST,
    header: Annotated[bool, typer.Option(help="With --format csv: a line of column names first.")] = False,
    timeout_seconds: Annotated[float, typer.Option(help="Cancel the statement after this time.")] = 300.0,
) -> None:
    """Run one SQL statement in the warehouse and print its rows."""
    run: Context = context.obj
    try:
        names, rows = run.warehouse_as(role).query(sql, deadline(timeout_seconds))
    except StatementError as error:
        raise Failure(f"Redshift: {error}", code=1) from error
    except StatementTimeoutError as error:
        raise Failure(f"cancelled after {timeout_seconds:g} s", "give it more with --timeout-seconds", 1) from error
    except (ClientError, BotoCoreError) as error:
        raise aws_failure(error) from error
    if run.as_json or output is Format.JSON:
        run.print_json([dict(zip(names, row, strict=True)) for row in rows])
    elif output is Format.CSV:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows([names, *rows] if header else rows)
    else:
        run.print_table("", names, rows)
