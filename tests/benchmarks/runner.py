"""Run contenders in processes of their own, in turns, so that a slow minute of the machine meets all of them."""

import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence

import msgspec

from .datasets import ROOT, Input, make
from .measured import Measured, warm_up

_TIMEOUT_SECONDS = 900.0


class Case(msgspec.Struct, frozen=True):
    """One row of the results: who works on what, and how often."""

    name: str
    contender: str
    input: Input
    rounds: int = 3


class Result(msgspec.Struct, frozen=True):
    """What a case took in each round."""

    case: Case
    runs: list[Measured]

    def cpu_per_record(self, place: int) -> float:
        """Seconds of CPU for each record, valid or not, in the n-th round; the last one's if there were fewer."""
        run = self.runs[min(place, len(self.runs) - 1)]
        return run.cpu / (run.outcome.records + run.outcome.rejects)

    @property
    def microseconds(self) -> float:
        """The median CPU time of one record."""
        return statistics.median(self.cpu_per_record(place) for place in range(len(self.runs))) * 1e6

    @property
    def spread(self) -> float:
        """How far the slowest round is from the fastest, as a share of the median."""
        times = [self.cpu_per_record(place) for place in range(len(self.runs))]
        return (max(times) - min(times)) / statistics.median(times)

    @property
    def peak(self) -> int:
        return max(run.peak for run in self.runs)


class ContenderError(Exception):
    """A contender ended badly; with its last words."""


def run_cases(cases: Sequence[Case], say: Callable[[str], None]) -> dict[str, Result]:
    """Every case, in turns: first round of all, second round of all …"""
    for case in cases:
        for wanted in (case.input, warm_up(case.input)):
            make(wanted)
    runs: dict[str, list[Measured]] = {case.name: [] for case in cases}
    rounds = max(case.rounds for case in cases)
    for number in range(rounds):
        for case in cases:
            if number < case.rounds:
                measured = run_once(case)
                runs[case.name].append(measured)
                say(f"round {number + 1}/{rounds}  {case.name}: {measured.cpu:.2f} s CPU")
    return {case.name: Result(case, runs[case.name]) for case in cases}


def run_once(case: Case) -> Measured:
    command = [sys.executable, "-m", "tests.benchmarks.measured", case.contender]
    command.append(msgspec.json.encode(case.input).decode())
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=_TIMEOUT_SECONDS)
    if done.returncode:
        raise ContenderError(f"{case.name}: {done.stderr[-2000:]}")
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Measured)


def ratio(one: Result, other: Result) -> float:
    """CPU of `one` for each second of `other`, per record: the median over all rounds (see `cpu_per_record`)."""
    rounds = range(max(len(one.runs), len(other.runs)))
    return statistics.median(one.cpu_per_record(place) / other.cpu_per_record(place) for place in rounds)
