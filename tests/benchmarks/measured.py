"""Run one contender in this process, and print what it took.

usage: python -m tests.benchmarks.measured CONTENDER '<Input as JSON>'

`runner.py` calls it, and makes the files first.
"""

import importlib
import os
import resource
import sys
import time
from pathlib import Path

import msgspec

from .contenders import CONTENDERS
from .datasets import Input
from .outcome import Outcome

_WARM_UP_RECORDS = 2_000


def warm_up(wanted: Input) -> Input:
    """The small file that is run first."""
    return msgspec.structs.replace(wanted, records=_WARM_UP_RECORDS, repeat=1)


class Measured(msgspec.Struct, frozen=True):
    """`cpu` is the time of the process and its children, `wall` the clock's, both in seconds; `peak` in bytes."""

    cpu: float
    wall: float
    peak: int
    outcome: Outcome


def measure(contender: str, wanted: Input) -> Measured:
    module, _, function = CONTENDERS[contender].rpartition(".")
    run = getattr(importlib.import_module(f".contenders.{module}", __package__), function)
    # A function stays warm for hours: imports, compiled models and reference tables are not what is measured.
    run(warm_up(wanted))
    before, started = _cpu_seconds(), time.perf_counter()
    outcome = run(wanted)
    return Measured(_cpu_seconds() - before, time.perf_counter() - started, peak_bytes(), outcome)


def _cpu_seconds() -> float:
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak_bytes() -> int:
    """The most memory that the process ever held. (ru_maxrss would also count what the parent held at the fork.)"""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmHWM in /proc/self/status")


if __name__ == "__main__":
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # one core, whatever the contender's threads
    print(msgspec.json.encode(measure(sys.argv[1], msgspec.json.decode(sys.argv[2], type=Input))).decode())
