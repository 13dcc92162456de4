"""Errors as Redshift words them, and PostgreSQL's errors put into those words.

In: psycopg errors, or a rule of ours that was broken. Out: `WarehouseError`, whose `text()` is what the Data API
answers in `Error`. The sources of the wordings are listed in this package's README.
"""

import re
import uuid
from dataclasses import dataclass

import psycopg

NOT_SUPPORTED = "0A000"
SYNTAX_ERROR = "42601"
INTERNAL = "XX000"

_RULE = "-" * 47

# The suffix of the constraints that count bytes (see catalog.sql); a violation is a value too long, nothing else.
BYTES_CONSTRAINT_SUFFIX = "__bytes"


@dataclass
class WarehouseError(Exception):
    """What a statement failed with.

    Attributes
    ----------
    message
        The first line, without the leading `ERROR:`.
    sqlstate
        Five characters; Redshift uses XX000 for whatever its own engine (not PostgreSQL's heritage) raises.
    detail
        The block below it that load errors have, or "".
    """

    message: str
    sqlstate: str = INTERNAL
    detail: str = ""

    def __str__(self) -> str:
        return self.text()

    def text(self) -> str:
        """Return the whole text as the Data API shows it in `Error`."""
        if not self.detail:
            return f"ERROR: {self.message}"
        error_id = uuid.uuid4().hex
        return f"ERROR: {self.message}\n  Detail: \n{self.detail} [ErrorId: 1-{error_id[:8]}-{error_id[8:]}]"


def not_supported(what: str) -> WarehouseError:
    """Redshift may run it, this stand-in does not: say so instead of guessing."""
    return WarehouseError(f"not supported by the local warehouse: {what}", NOT_SUPPORTED)


def syntax_error(near: str) -> WarehouseError:
    """Redshift itself would not parse it."""
    return WarehouseError(f'syntax error at or near "{near}"', SYNTAX_ERROR)


def detailed(message: str, code: int, context: str, location: str) -> WarehouseError:
    """An error of Redshift's own engine, with the block of details that it prints under the message."""
    detail = "\n".join(
        (
            f"  {_RULE}",
            f"  error:  {message}",
            f"  code:      {code}",
            f"  context:   {context}",
            "  query:     0",
            f"  location:  {location}",
            "  process:   local_warehouse [pid=0]",
            f"  {_RULE}",
        )
    )
    return WarehouseError(message, INTERNAL, detail)


def spectrum_error(context: str, code: int = 15007) -> WarehouseError:
    """COPY of Parquet runs in Redshift Spectrum; 15007 is its code for what is wrong with a file."""
    return detailed("Spectrum Scan Error", code, context, "dory_util.cpp:1777")


def from_postgres(error: psycopg.Error) -> WarehouseError:  # noqa: PLR0911  one return per state
    """Put an error of PostgreSQL into Redshift's words, where they differ."""
    diag = error.diag
    state = diag.sqlstate or INTERNAL
    message = diag.message_primary or str(error).strip() or type(error).__name__
    match state:
        case "22001":
            return WarehouseError("Value too long for character type", state)
        case "23514" if (diag.constraint_name or "").endswith(BYTES_CONSTRAINT_SUFFIX):
            return WarehouseError("Value too long for character type", "22001")
        case "23502":
            return WarehouseError(f"Cannot insert a NULL value into column {diag.column_name}", INTERNAL)
        case "22003" if "numeric" in message:
            return WarehouseError("Numeric data overflow", state)
        case "42501":
            return WarehouseError(
                re.sub(r"denied for (table|view|materialized view) ", "denied for relation ", message), state
            )
        case "42P07":
            return WarehouseError(re.sub(r"^relation ", "Relation ", message), state)
        case "57014":
            return WarehouseError("Query cancelled on user's request", state)
        case "23505" if (diag.constraint_name or "").startswith("pg_"):
            return WarehouseError(f"{diag.constraint_name}: it already exists", "42710")
        case "XX000" if "tuple concurrently" in message:
            # Two transactions changed one entry of the catalog, for example the grants of a table.
            return WarehouseError("1023", state, f"  Serializable isolation violation on table ({message})")
        case "40001":
            return WarehouseError("1023", state, f"  Serializable isolation violation on table ({message})")
    return WarehouseError(message, state)
