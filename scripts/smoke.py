"""`make smoke`: a canary through a deployed pipeline. Three records, one of them bad; each hop must show its part.

The canary has a dataset of its own, so that nobody's tables hold made-up rows, and CI's role `…-ci-smoke` may touch
that dataset alone (docs/decisions/0045-deploying.md). The last hop is the auditor's: it seals what adds up.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from scripts.deploy import guarded

from datavault import quarantine
from datavault.cli.context import Context, Failure
from datavault.edges import s3
from datavault.edges.clients import client
from datavault.edges.warehouse import StatementError, deadline
from datavault.identity import CANARY_DATASET, RawObject, receipt_key
from datavault.receipt import Receipt
from datavault.receipt import decode as decode_receipt
from datavault.seal import parquet_keys
from datavault.stages.chains import read_chain

ROOT = Path(__file__).resolve().parents[1]
BAD_LINE, BAD_REASON = 3, "wrong_type"
_POLL_SECONDS = 2.0
_AUDIT_AGAIN_SECONDS = 30.0  # an auditor that was asked too early does not look twice

RUNBOOKS = {
    "raw": "may this role put objects into the raw bucket, with its key?",
    "receipt": "the processor: its log, the raw events' queue and dead-letter queue",
    "quarantine": "the processor: the reasons of the contract canary",
    "parquet": "the enrichment: its log, the stream's iterator age, failed-chunks/ in quarantine",
    "rows": "the loader: its log, the Parquet events' queue, failed-loads/ in quarantine",
    "audit": "the auditor: its log says what does not add up",
}


def main(
    env: Annotated[str, typer.Argument(help="A folder under environments/.")],
    timeout_seconds: Annotated[float, typer.Option(help="For all hops; the contract promises 15 minutes.")] = 900.0,
) -> None:
    """Send the canary and wait until every hop has shown its part. Exit code 1, and the hop, where one has not."""
    run = Context(env, as_json=False)
    build = f"{commit()}-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    end = time.monotonic() + timeout_seconds
    started = time.monotonic()
    for hop, seen in Canary(run, build).hops():
        while not (found := seen()):
            if time.monotonic() > end:
                raise Failure(
                    f"smoke: the canary {build} stopped before '{hop}'", f"{RUNBOOKS[hop]}; docs/troubleshooting.md", 1
                )
            time.sleep(_POLL_SECONDS)
        typer.echo(f"{time.monotonic() - started:6.1f} s  {hop:<10} {found}")
    typer.echo(f"smoke: {env} passed with {build}")


def commit() -> str:
    command = ["git", "rev-parse", "--short=12", "HEAD"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  our own words
    return done.stdout.strip() or "no-commit"


def body(build: str) -> bytes:
    records = [{"build": build, "number": 1}, {"build": build, "number": 2}, {"build": build, "number": "three"}]
    return "".join(json.dumps(record) + "\n" for record in records).encode()


class Canary:
    """One attempt; each method answers with what it saw, or with nothing while there is nothing to see."""

    def __init__(self, run: Context, build: str) -> None:
        self._stack = run.stack
        self._reader = run.warehouse_as("reader")
        self._body, self._key = body(build), f"{CANARY_DATASET}/{build}.ndjson"
        self._raw: RawObject
        self._receipt: Receipt
        self._asked_auditor = float("-inf")

    def hops(self) -> Iterator[tuple[str, Callable[[], str]]]:
        yield "raw", self.raw
        yield "receipt", self.receipt
        yield "quarantine", self.quarantine
        yield "parquet", self.parquet
        yield "rows", self.rows
        yield "audit", self.audit

    def raw(self) -> str:
        s3_client, bucket = client("s3"), self._stack.raw_bucket
        version = s3_client.put_object(Bucket=bucket, Key=self._key, Body=self._body)["VersionId"]
        found = s3_client.head_object(Bucket=bucket, Key=self._key, VersionId=version)
        self._raw = RawObject(bucket, self._key, version, found["LastModified"], found["ContentLength"])
        return self._raw.source

    def receipt(self) -> str:
        key = receipt_key(CANARY_DATASET, self._raw.date, self._raw.id)
        if not s3.exists(self._stack.processed_bucket, key):
            return ""
        self._receipt = found = decode_receipt(s3.read(self._stack.processed_bucket, key))
        counts = (found.lines, found.valid, found.quarantined, dict(found.reasons))
        if counts != (3, 2, 1, {BAD_REASON: 1}):
            raise Failure(f"smoke: the receipt of {self._key} counts {counts}", RUNBOOKS["quarantine"], 1)
        return f"{found.lines} lines, {found.valid} valid, {found.quarantined} quarantined"

    def quarantine(self) -> str:
        _, entries = quarantine.read(s3.read(self._stack.quarantine_bucket, self._receipt.quarantine_key))
        bad = self._body.splitlines()[BAD_LINE - 1]
        if [(entry.line, entry.reason, entry.original_bytes.rstrip(b"\n")) for entry in entries] != [
            (BAD_LINE, BAD_REASON, bad)
        ]:
            raise Failure(f"smoke: {self._receipt.quarantine_key} holds something else", RUNBOOKS["quarantine"], 1)
        return f"line {BAD_LINE}, {BAD_REASON}, its bytes unchanged"

    def parquet(self) -> str:
        keys = parquet_keys(self._receipt)
        return keys[0] if all(s3.exists(self._stack.processed_bucket, key) for key in keys) else ""

    def rows(self) -> str:
        try:
            _, rows = self._reader.query(
                f"SELECT number FROM {CANARY_DATASET} WHERE _object_id = '{self._raw.id}' ORDER BY 1",  # noqa: S608  our hash
                deadline(60),
            )
        except StatementError as error:
            raise Failure(
                f"smoke: Redshift: {error}", "has the migration run? `terraform apply` invokes it", 1
            ) from error
        numbers = [int(number or 0) for (number,) in rows]
        if numbers not in ([], [1, 2]):
            raise Failure(
                f"smoke: the table has the numbers {numbers} of {self._key}, not 1 and 2", RUNBOOKS["rows"], 1
            )
        return f"{len(numbers)} in the table, as a reader sees it" if numbers else ""

    def audit(self) -> str:
        chain = read_chain(self._stack.processed_bucket, CANARY_DATASET, self._raw.date)
        if chain.findings:
            raise Failure(f"smoke: the chain of seals is broken: {chain.findings[0].message}", "datavault verify", 1)
        if self._raw.id in chain.sealed:
            return f"adds up; seal {chain.head.number} of {CANARY_DATASET}, {self._raw.date}"
        if time.monotonic() - self._asked_auditor > _AUDIT_AGAIN_SECONDS:
            self._asked_auditor = time.monotonic()
            client("lambda").invoke(
                FunctionName=self._stack.functions["auditor"], Qualifier="live", InvocationType="Event"
            )
        return ""


if __name__ == "__main__":
    guarded(lambda: typer.run(main))
    sys.exit()
