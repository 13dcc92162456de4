"""The worker's demo: an object over the threshold goes to the worker, into the warehouse, and the books balance.

`make worker-demo` brings the stack up and runs this. Exit code 1 when anything is off.
"""

import sys
import time

import demo_data
import worker
from demo import put_new
from rich.console import Console

from datavault.cli.audit import take
from datavault.cli.context import ROOT, Context, Failure
from datavault.cli.progress import wait_until_loaded

_TIMEOUT_SECONDS = 300.0
_FOLDER = ROOT / ".local/demo"

console = Console(stderr=True, highlight=False)


def main() -> int:
    run = Context("local", as_json=False)
    key, file = demo_data.write_large(_FOLDER)
    with worker.running(run, _FOLDER / "worker.log") as process:
        console.print(f"The worker runs (pid {process.process.pid}). Sending {file.stat().st_size / 1e6:.1f} MB …")
        started = time.monotonic()
        raw, is_new = put_new(run, key, file)
        (loaded,) = wait_until_loaded(run, [raw], started, _TIMEOUT_SECONDS)
        metrics = process.ask("/metrics")[1]
        health = process.ask("/healthz")
        process.tell_to_stop()
        audit = take(run)
        code = process.exit_code()
    ours = [line for line in metrics.splitlines() if line.startswith("datavault_") and "_bucket{" not in line]
    for line in ours:
        run.out.print(line, highlight=False, soft_wrap=True)
    run.out.print(
        f"{loaded.key}: {loaded.lines:,} records in, {loaded.rows:,} rows in {loaded.seconds} s", highlight=False
    )
    for finding in audit.findings:
        run.out.print(f"{finding.hop} {finding.key}: {finding.message}", highlight=False)
    run.out.print(f"audit: {'balanced' if audit.is_balanced else 'NOT BALANCED'}", highlight=False)
    run.out.print(f"worker: stopped by SIGTERM, exit code {code}", highlight=False)
    by_worker = f'datavault_records_total{{dataset="orders",outcome="valid"}} {loaded.valid:.1f}'
    wrong = {
        "the worker did not answer /healthz with ok": health != (200, "ok\n"),
        "the worker did not count the object's records": is_new and by_worker not in ours,
        "the books do not balance": not audit.is_balanced,
        "the worker did not end with exit code 0": code != 0,
    }
    for words in (words for words, is_wrong in wrong.items() if is_wrong):
        console.print(f"[red]{words}[/red]")
    return int(any(wrong.values()))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"worker-demo: {failure}")
