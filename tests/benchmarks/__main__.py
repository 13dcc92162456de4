"""usage: python -m tests.benchmarks run [--no-cloud] | report | check."""

import shutil
import sys
from typing import Annotated

import msgspec
import typer

from . import suite
from .cloud import run_cloud
from .cold_start import cold_starts
from .contenders.bento_build import build
from .datasets import FOLDER
from .report import Run, committed, machine, versions, write
from .runner import run_cases

_TOLERANCE = 1.2
_LAST = FOLDER.parent / "last-run.json"
app = typer.Typer(add_completion=False, help="DataVault beside what people would use instead.")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@app.command()
def run(
    cloud: Annotated[bool, typer.Option(help="Measure the local cloud, too (three minutes).")] = True,
    rounds: Annotated[int, typer.Option(help="At most so many rounds of each contender.")] = 7,
) -> None:
    """Measure everything and write docs/benchmarks.md and docs/benchmarks.json."""
    shutil.rmtree(FOLDER / "chunks", ignore_errors=True)
    _say("making the data …")
    cases = [*suite.CASES, suite.BENTO] if build(_say) else suite.CASES
    results = run_cases([msgspec.structs.replace(case, rounds=min(case.rounds, rounds)) for case in cases], _say)
    _say("cold starts …")
    starts = cold_starts()
    measured = None
    if cloud:
        _say("the local cloud …")
        measured = run_cloud()
    _LAST.write_bytes(msgspec.json.encode(Run(results, starts, measured, machine(), versions())))
    report()


@app.command()
def report() -> None:
    """Write the page again from the last run."""
    last = msgspec.json.decode(_LAST.read_bytes(), type=Run)
    write(last)
    missed = [measure for measure in suite.MEASURES if measure.of(last.results) > measure.required]
    for measure in suite.MEASURES:
        print(f"{measure.name}: {measure.text(measure.of(last.results))} (required ≤ {measure.text(measure.required)})")
    for start in last.starts:
        print(f"cold start of the {start.function}: {start.seconds:.2f} s")
    print(f"docs/benchmarks.md is written; {len(missed)} of {len(suite.MEASURES)} ratios miss what is required")


@app.command()
def check() -> None:
    """Measure the ratios that code changes move, and fail where one is more than 20 % over the committed one."""
    results = run_cases(suite.CHECK_CASES, _say)
    before = committed()
    worse = []
    for measure in suite.CHECKED:
        now, then = measure.of(results), before[measure.name]
        print(f"{measure.name}: {measure.text(now)}, committed {measure.text(then)}")
        if now > then * _TOLERANCE:
            worse.append(measure.name)
    if worse:
        print(f"more than {_TOLERANCE - 1:.0%} worse than docs/benchmarks.json: {'; '.join(worse)}", file=sys.stderr)
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
