"""`python -m scripts.scan` (`make scan`): run every tool, write the reports, fail with a reason."""

import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from . import exceptions, page, runner, sarif
from .findings import Result, Status
from .machine import ROOT, Machine

EXCEPTIONS = ROOT / "scan-exceptions.toml"
OUT = ROOT / "build/reports/scan"
NAMES = tuple(tool.name for tool in runner.TOOLS)

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def scan(
    only: Annotated[list[str] | None, typer.Option(help="Run this tool alone; may be given again.")] = None,
    image: Annotated[str, typer.Option(help="The worker's image, in docker or buildah.")] = "datavault-processor:dev",
) -> None:
    """Scan dependencies, secrets, misconfiguration, the image, licences and our own rules.

    SCAN_OFFLINE=1 says that what is NOT RUN is known. SCAN_DATABASES is a folder that keeps databases.
    """
    if unknown := sorted(set(only or ()) - set(NAMES)):
        _end(2, f"scan: no tool {', '.join(unknown)}\n  hint: there are {', '.join(NAMES)}")
    today = datetime.now(UTC).date()
    try:
        entries = exceptions.read(EXCEPTIONS, NAMES, today)
    except exceptions.ExceptionsError as error:
        _end(2, f"scan: {error}\n  hint: docs/operations/scanning.md says how an exception is written")
    databases = Path(os.environ.get("SCAN_DATABASES") or ROOT / ".local/scan").resolve()
    machine = Machine(ROOT / "build/scan", databases, image)
    results = []
    for result in runner.run((tool for tool in runner.TOOLS if not only or tool.name in only), machine):
        typer.echo(_line(result))
        results.append(result)
    _end(*report(results, entries, machine, today))


def report(results: list[Result], entries: list[exceptions.Accepted], machine: Machine, today: date) -> tuple[int, str]:
    """Write the reports; the exit code and the last words."""
    offline = os.environ.get("SCAN_OFFLINE") == "1"
    verdict = exceptions.judge(results, entries, today)
    still_open = [(tool, finding) for tool, found in verdict.open.items() for finding in found]
    outdated = [("expired", entry) for entry in verdict.expired] + [("unused", entry) for entry in verdict.unused]
    failures = runner.judge(results, len(still_open), len(outdated), offline=offline)
    OUT.mkdir(parents=True, exist_ok=True)
    document = msgspec.json.format(msgspec.json.encode(sarif.write(results, verdict, entries)), indent=1)
    (OUT / "scan.sarif").write_bytes(document)
    revision = machine.run("git", "describe", "--always", "--dirty", "--abbrev=12").output.strip()
    facts = page.Facts(revision, datetime.now(UTC), failures, offline)
    (OUT / "scan.html").write_text(page.render(results, verdict, entries, facts), encoding="utf-8")

    lines = [f"open: {tool} {finding.rule} at {finding.place}: {finding.message}" for tool, finding in still_open]
    lines += [f"{kind}: {entry.tool} {entry.rule} at {entry.place}, until {entry.expires}" for kind, entry in outdated]
    not_run = [result.tool for result in results if result.status == Status.NOT_RUN]
    if not_run and offline:
        lines.append(
            f"NOT RUN, which SCAN_OFFLINE=1 accepts: {', '.join(not_run)}. It proves nothing about what they look for."
        )
    lines.append(f"reports: {OUT.relative_to(ROOT, walk_up=True)}/scan.html, scan.sarif")
    lines.append(f"scan failed: {'; '.join(failures)}" if failures else "scan passed")
    return bool(failures), "\n".join(lines)


def _line(result: Result) -> str:
    answer = result.answer
    count = f"{len(answer.findings)} " if answer.findings else ""
    said = "; ".join(
        part for part in (result.reason or answer.note, answer.database and f"database of {answer.database}") if part
    )
    return f"{result.tool:<19} {answer.version:<8} {count + result.status:<13} {result.seconds:>4.0f} s  {said}"


def _end(code: int, text: str) -> None:
    typer.echo(text, err=code == 2)
    sys.exit(code)


if __name__ == "__main__":
    app()
