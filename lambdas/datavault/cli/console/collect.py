"""The edges of the page: read what `status`, `audit`, `quarantine` and `query` read, and count the AWS calls."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ...cost.prices import load_prices
from ...edges.clients import client
from ...edges.warehouse import StatementError, StatementTimeoutError, deadline
from ...warehouse_sql import LEDGER
from .. import audit, status
from ..context import ROOT, Context, aws_failure
from ..quarantine.forms import form_of
from ..quarantine.selection import quarantine_keys, read_all
from .snapshot import Answer, BadRecord, Snapshot, build
from .spent import spent
from .statement import RefusedError, reading

PRICES = ROOT / "infrastructure/prices/us-east-1.yaml"
QUERY_SECONDS = 30.0
QUERY_ROWS = 200
RECORDS = 100
_LEDGER_SECONDS = 60.0
_KEYS_SECONDS = 50 * 60.0


def renewing[**P, R](ask: Callable[P, R]) -> Callable[P, R]:
    """Make the clients anew in time: the keys of a role are good for an hour, and a page may stay open for days."""
    made = time.monotonic()

    def asked(*arguments: P.args, **options: P.kwargs) -> R:
        nonlocal made
        if time.monotonic() - made > _KEYS_SECONDS:
            client.cache_clear()
            made = time.monotonic()
        return ask(*arguments, **options)

    return asked


def look(run: Context) -> Snapshot:
    """Read everything once. Raises as the commands `status` and `audit` do."""
    started = time.monotonic()
    with _counted(run) as calls:
        books = audit.read(run)
        found_status = status.count(run, books.raws, books.receipts, books.ledger)
        loaded_at = _loaded_at(run)
    return build(
        environment=run.env,
        region=run.stack.region,
        taken_at=datetime.now(UTC),
        calls=calls[0],
        seconds=time.monotonic() - started,
        status=found_status,
        audit=audit.compare(books),
        receipts=books.receipts,
        loaded_at=loaded_at,
        spent=spent(books.receipts, load_prices(PRICES), run.env),
    )


def records(run: Context, object_id: str, limit: int = RECORDS) -> list[BadRecord]:
    """The bad records of one raw object, masked. Raises `Failure` if none begins with the id."""
    found: list[BadRecord] = []
    for key, _, entries in read_all(run, quarantine_keys(run, [object_id])):
        form = form_of(run, key)
        found += [
            BadRecord(entry.line, entry.rest, entry.reason.value, entry.field, form.show(entry))
            for entry in entries[: limit - len(found)]
        ]
    return found


def answer(run: Context, sql: str) -> Answer:
    """Run a statement as the role that sees what is public and internal; errors in the words of `datavault query`."""
    try:
        statement = reading(sql)
        names, rows = run.warehouse_as("reader").query(statement, deadline(QUERY_SECONDS), QUERY_ROWS + 1)
    except RefusedError as error:
        return Answer(sql, error=str(error))
    except StatementError as error:
        return Answer(sql, error=f"Redshift: {error}")
    except StatementTimeoutError:
        return Answer(sql, error=f"cancelled after {QUERY_SECONDS:g} s")
    except (ClientError, BotoCoreError) as error:
        return Answer(sql, error=str(aws_failure(error)))
    return Answer(sql, names, [list(row) for row in rows[:QUERY_ROWS]], is_cut=len(rows) > QUERY_ROWS)


def _loaded_at(run: Context) -> dict[str, datetime]:
    _, rows = run.warehouse.query(
        f"SELECT object_id, extract(epoch FROM max(loaded_at)) FROM {LEDGER} GROUP BY object_id",  # noqa: S608  ours
        deadline(_LEDGER_SECONDS),
    )
    return {str(row[0]): datetime.fromtimestamp(float(row[1]), UTC) for row in rows if row[1] is not None}


@contextmanager
def _counted(run: Context) -> Iterator[list[int]]:
    """How many requests the clients send meanwhile, repeated ones included."""
    calls = [0]

    def count(**_: Any) -> None:
        calls[0] += 1

    # The first use of the stack sets the endpoint that clients are made with.
    role = run.stack.warehouse_roles["analyst"]
    clients = [client("s3"), client("sqs"), client("redshift-data", role) if role else client("redshift-data")]
    for one in clients:
        one.meta.events.register("before-send", count)
    try:
        yield calls
    finally:
        for one in clients:
            one.meta.events.unregister("before-send", count)
