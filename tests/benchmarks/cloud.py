"""The local cloud by the clock: start, apply, flights from the first put to the last row."""

import os
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from .datasets import ROOT
from .report import Cloud

_LOADS = 2
_TIMEOUT_SECONDS = 300.0


def run_cloud() -> Cloud:
    """Measure on a local cloud of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="datavault-bench-") as name:
        folder = Path(name)
        (folder / "terraform").mkdir()
        os.environ |= {
            "LOCALCLOUD_PORT": str(_free_port()),
            "LOCALCLOUD_WAREHOUSE_PORT": str(_free_port()),
            "LOCALCLOUD_STATE": str(folder / "state"),
            "TF_DATA_DIR": str(folder / "terraform"),
        }
        try:
            start = _timed(ROOT / "localcloud/.venv/bin/localcloud", "start")
            apply = _timed(ROOT / "scripts/local", "up")
            return Cloud(start, apply, [_load(number) for number in range(_LOADS)])
        finally:
            _timed(ROOT / "scripts/local", "reset")


def _load(number: int) -> float:
    """Seconds from the first byte's put to the last row."""
    from datavault.cli.context import Context  # noqa: PLC0415  it reads the stack that is applied now
    from datavault.cli.progress import wait_until_loaded  # noqa: PLC0415
    from datavault.edges.clients import client  # noqa: PLC0415
    from datavault.identity import RawObject  # noqa: PLC0415

    run = Context("local", as_json=True)
    body = (ROOT / ".local/data/flights.csv").read_bytes()
    bucket, key, s3 = run.stack.raw_bucket, f"flights/{number}.csv", client("s3")
    started = time.monotonic()
    put = s3.put_object(Bucket=bucket, Key=key, Body=body)
    found = s3.head_object(Bucket=bucket, Key=key)
    raw = RawObject(bucket, key, put["VersionId"], found["LastModified"], len(body))
    wait_until_loaded(run, [raw], started, _TIMEOUT_SECONDS)
    return time.monotonic() - started


def _timed(command: Path, *arguments: str) -> float:
    started = time.monotonic()
    done = subprocess.run([command, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return time.monotonic() - started


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
