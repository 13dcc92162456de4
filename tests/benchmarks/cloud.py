"""The local cloud by the clock: start, apply, flights and small objects from the first put to the last row."""

import json
import subprocess
import tempfile
import time
from itertools import islice
from pathlib import Path

import msgspec

from tests.processes import clean_environment, own_cloud

from .datasets import ROOT

_FLIGHTS = ROOT / ".local/data/flights.csv"
_LOADS = 2
_SMALL_OBJECTS = (100, 1_000)
_SMALL_RECORDS = 8  # lines of the flights that make 1 kB, with the head
_SMALL_TIMEOUT_SECONDS = 1_800


class Small(msgspec.Struct, frozen=True):
    """Objects of 1 kB: seconds from the first put to the last, and to the last row."""

    objects: int
    put: float
    seconds: float


class Cloud(msgspec.Struct, frozen=True):
    """Times in seconds. `loads` are those of the flights, one after the other."""

    start: float
    apply: float
    loads: list[float]
    small: list[Small] = []


def run_cloud() -> Cloud:
    """Measure on a local cloud of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="datavault-bench-") as name:
        folder = Path(name)
        (folder / "terraform").mkdir()
        environment = clean_environment() | own_cloud(folder / "state") | {"TF_DATA_DIR": str(folder / "terraform")}

        datavault = (ROOT / ".venv/bin/datavault", "--json")

        def run(*command: Path | str) -> str:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(done.stdout + done.stderr)
            return done.stdout

        def load(number: int) -> float:
            (loaded,) = json.loads(run(*datavault, "ingest", "flights", _FLIGHTS, "--key", f"{number}.csv", "--wait"))[
                "loaded"
            ]
            return float(loaded["seconds"])

        def rows() -> int:
            (row,) = json.loads(run(*datavault, "query", "SELECT count(*) AS records FROM flights"))
            return int(row["records"])

        def small(count: int) -> Small:
            with _FLIGHTS.open("rb") as lines:
                content = b"".join(islice(lines, 1 + _SMALL_RECORDS))
            files = [folder / f"small-{count}-{number}.csv" for number in range(count)]
            for file in files:
                file.write_bytes(content)
            expected = rows() + count * _SMALL_RECORDS
            begun = time.monotonic()
            run(*datavault, "ingest", "flights", *files)
            put = time.monotonic() - begun
            while (found := rows()) < expected:
                if time.monotonic() - begun > _SMALL_TIMEOUT_SECONDS:
                    raise RuntimeError(f"{expected - found} rows of {count} small objects are not in the warehouse")
                time.sleep(1)
            return Small(count, put, time.monotonic() - begun)

        try:
            begun = time.monotonic()
            run(ROOT / "localcloud/.venv/bin/localcloud", "start")
            started = time.monotonic()
            run(ROOT / "scripts/local", "up")
            applied = time.monotonic()
            loads = [load(number) for number in range(_LOADS)]
            return Cloud(started - begun, applied - started, loads, [small(count) for count in _SMALL_OBJECTS])
        finally:
            run(ROOT / "scripts/local", "reset")
