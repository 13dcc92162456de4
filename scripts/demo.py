"""The demo: real flights and made-up orders through every hop, then the books, and a report to open in a browser.

`make demo` sets everything up and runs this. Run again, it sends nothing twice: what is in the raw bucket stays.
"""

import hashlib
import sys
import time
from collections import Counter
from pathlib import Path

import demo_data
import demo_report
import worker
from boto3.s3.transfer import S3Transfer
from botocore.exceptions import ClientError
from rich.console import Console

from datavault import inventory, quarantine
from datavault.audit import Audit
from datavault.cli.audit import take
from datavault.cli.context import Context, Failure
from datavault.cli.progress import Loaded, wait_until_loaded
from datavault.edges.clients import client
from datavault.identity import RawObject

ROOT = Path(__file__).resolve().parent.parent
FLIGHTS = ROOT / ".local/data/flights.csv"
REPORT = ROOT / ".local/demo/report.html"
_TIMEOUT_SECONDS = 300.0

console = Console(stderr=True, highlight=False)


def main() -> int:
    run = Context("local", as_json=False)
    large, large_file = demo_data.write_large(ROOT / ".local/demo")
    files = {"flights/flights.csv": FLIGHTS, **demo_data.write(ROOT / ".local/demo"), large: large_file}
    with worker.running(run, ROOT / ".local/demo/worker.log") as process:
        console.print(
            f"Sending {len(files)} files: 336,776 flights, {len(files) - 1} files of orders, most of them bad, "
            "one for the worker …"
        )
        started = time.monotonic()
        # The changed orders go last: what replaces an order must be the later object.
        sent = [put_new(run, key, file) for key, file in files.items()]
        flights = next(raw for raw, _ in sent if raw.key == "flights/flights.csv")
        (flights_loaded,) = wait_until_loaded(run, [flights], started, _TIMEOUT_SECONDS)
        loaded = wait_until_loaded(run, [raw for raw, _ in sent], started, _TIMEOUT_SECONDS)
        console.print("Everything has arrived. Counting …")
        process.tell_to_stop()
        audit = take(run)
        reasons = quarantined(run)
        worker_code = process.exit_code()
    seconds = flights_loaded.seconds if all(is_new for _, is_new in sent) else None
    print_summary(run, loaded, audit, reasons, seconds)
    demo_report.write(REPORT, run, seconds)
    run.out.print(f"report: {REPORT.as_uri()}", highlight=False, soft_wrap=True)
    run.out.print("`make console` serves the same page live, with a query box: http://127.0.0.1:8090/", highlight=False)
    missing = sorted(demo_data.REASONS - {entry.reason for _, entry in reasons})
    if missing:
        console.print(f"[red]no record in quarantine for: {', '.join(missing)}[/red]")
    if worker_code:
        console.print(f"[red]the worker ended with exit code {worker_code}; its log: .local/demo/worker.log[/red]")
    return 0 if audit.is_balanced and not missing and not worker_code else 1


def put_new(run: Context, key: str, file: Path) -> tuple[RawObject, bool]:
    """Put a file, unless the same bytes are the key's latest version; whether it was put."""
    bucket, s3 = run.stack.raw_bucket, client("s3")
    with file.open("rb") as body:
        digest = hashlib.file_digest(body, "sha256").hexdigest()
    is_new = digest != latest_digest(bucket, key)
    if is_new:
        S3Transfer(s3).upload_file(str(file), bucket, key, extra_args={"Metadata": {"sha256": digest}})
    found = s3.head_object(Bucket=bucket, Key=key)
    console.print(f"  {key}: {'sent' if is_new else 'there already, not sent again'}")
    return RawObject(bucket, key, found["VersionId"], found["LastModified"], found["ContentLength"]), is_new


def latest_digest(bucket: str, key: str) -> str:
    try:
        metadata: dict[str, str] = client("s3").head_object(Bucket=bucket, Key=key)["Metadata"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "404":
            return ""
        raise
    return metadata.get("sha256", "")


def quarantined(run: Context) -> list[tuple[quarantine.QuarantineHeader, quarantine.QuarantineEntry]]:
    bucket = run.stack.quarantine_bucket
    found = []
    for item in inventory.keys(bucket, "quarantine/"):
        header, entries = quarantine.read(inventory.read(bucket, item["Key"]))
        found += [(header, entry) for entry in entries]
    return found


def print_summary(
    run: Context,
    loaded: list[Loaded],
    audit: Audit,
    reasons: list[tuple[quarantine.QuarantineHeader, quarantine.QuarantineEntry]],
    seconds: float | None,
) -> None:
    counts = Counter(entry.reason.value for _, entry in reasons)
    run.print_table("What became of the bad records", ["reason", "records"], sorted(counts.items()))
    columns = ["object", "in", "valid", "bad", "chunks", "rows"]
    rows = [[load.key, load.lines, load.valid, load.quarantined, load.chunks, load.rows] for load in loaded]
    run.print_table("Objects", columns, rows)
    parquet_objects = len(inventory.parquet_rows(run.stack.processed_bucket))
    out = run.out
    out.print(f"records in        {sum(load.lines for load in loaded):>10,}", highlight=False)
    out.print(f"valid             {sum(load.valid for load in loaded):>10,}", highlight=False)
    out.print(f"quarantined       {sum(load.quarantined for load in loaded):>10,}", highlight=False)
    out.print(f"chunks            {sum(load.chunks for load in loaded):>10,}", highlight=False)
    out.print(f"Parquet objects   {parquet_objects:>10,}", highlight=False)
    in_table = sum(entry.in_table for entry in audit.objects)
    superseded = sum(entry.superseded for entry in audit.objects)
    out.print(f"warehouse rows    {in_table:>10,}   ({superseded:,} replaced by a later version)", highlight=False)
    took = "sent by an earlier run" if seconds is None else f"{seconds:.1f} s from the first put to the last row"
    out.print(f"flights           {took}", highlight=False)
    for finding in audit.findings:
        out.print(f"{finding.hop} {finding.key}: {finding.message}", highlight=False)
    out.print(f"audit: {'balanced' if audit.is_balanced else 'NOT BALANCED'}", highlight=False)
    print_next_steps(run)


def print_next_steps(run: Context) -> None:
    for line in (
        "",
        "Look around:",
        "  .venv/bin/datavault query 'select carrier_name, count(*) from flights group by 1 order by 2 desc'",
        "  .venv/bin/datavault quarantine list",
        f"  psql postgresql://datavault:datavault@127.0.0.1:{run.stack.warehouse_port}/{run.stack.database}",
    ):
        run.out.print(line, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"demo: {failure}")
