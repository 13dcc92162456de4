"""The local cloud by the clock: start, apply, flights from the first put to the last row."""

import json
import subprocess
import tempfile
import time
from pathlib import Path

import msgspec

from tests.processes import clean_environment, own_cloud

from .datasets import ROOT

_LOADS = 2


class Cloud(msgspec.Struct, frozen=True):
    """Times in seconds. `loads` are those of the flights, one after the other."""

    start: float
    apply: float
    loads: list[float]


def run_cloud() -> Cloud:
    """Measure on a local cloud of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="datavault-bench-") as name:
        folder = Path(name)
        (folder / "terraform").mkdir()
        environment = clean_environment() | own_cloud(folder / "state") | {"TF_DATA_DIR": str(folder / "terraform")}

        def run(*command: Path | str) -> str:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(done.stdout + done.stderr)
            return done.stdout

        def load(number: int) -> float:
            ingest = (ROOT / ".venv/bin/datavault", "--json", "ingest", "flights", ROOT / ".local/data/flights.csv")
            (loaded,) = json.loads(run(*ingest, "--key", f"{number}.csv", "--wait"))["loaded"]
            return float(loaded["seconds"])

        try:
            begun = time.monotonic()
            run(ROOT / "localcloud/.venv/bin/localcloud", "start")
            started = time.monotonic()
            run(ROOT / "scripts/local", "up")
            applied = time.monotonic()
            return Cloud(started - begun, applied - started, [load(number) for number in range(_LOADS)])
        finally:
            run(ROOT / "scripts/local", "reset")
