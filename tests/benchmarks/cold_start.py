"""What a new Lambda environment does before its first event: import the handler from its zip, make a client.

The interpreter's own start is left out, as Lambda's runtime has done it; bytecode is in the zips.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import msgspec

from .datasets import ROOT

FUNCTIONS = {"processor": "s3", "enrichment": "s3", "loader": "redshift-data", "auditor": "s3"}  # and its first client
_ROUNDS = 7
_CODE = """
import json, sys, time
started = time.perf_counter()
import handler
imported = time.perf_counter()
from datavault.edges.clients import client
client({service!r})
ended = time.perf_counter()
from pathlib import Path
lines = Path("/proc/self/status").read_text().splitlines()
peak = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
print(json.dumps([imported - started, ended - imported, peak]))
"""


class ColdStart(msgspec.Struct, frozen=True):
    """Medians in seconds; `peak` and `zip_bytes` in bytes."""

    function: str
    import_seconds: float
    client_seconds: float
    peak: int
    zip_bytes: int

    @property
    def seconds(self) -> float:
        return self.import_seconds + self.client_seconds


def cold_starts() -> list[ColdStart]:
    return [_cold_start(function, service) for function, service in FUNCTIONS.items()]


def _cold_start(function: str, service: str) -> ColdStart:
    package = ROOT / "build" / f"{function}.zip"
    with tempfile.TemporaryDirectory(prefix="datavault-bench-") as name:
        with zipfile.ZipFile(package) as archive:
            archive.extractall(name)
        environment = _environment(Path(name))
        code = _CODE.format(service=service)
        runs = []
        for _ in range(_ROUNDS + 1):
            # -S: the zip and the standard library, nothing of the environment that this runs in.
            command = [sys.executable, "-S", "-c", code]
            done = subprocess.run(command, env=environment, cwd=name, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"{function}: {done.stderr}")
            runs.append(json.loads(done.stdout))
    imports, clients, peaks = zip(*runs[1:], strict=True)  # the first one reads the disk
    return ColdStart(
        function, statistics.median(imports), statistics.median(clients), max(peaks), package.stat().st_size
    )


def _environment(folder: Path) -> dict[str, str]:
    names = (
        *("DATAVAULT_PROCESSED_BUCKET", "DATAVAULT_QUARANTINE_BUCKET", "DATAVAULT_STREAM_NAME", "DATAVAULT_RAW_BUCKET"),
        *("DATAVAULT_HELD_QUEUE_URL", "DATAVAULT_MASKING_SECRET_ARN", "DATAVAULT_COPY_ROLE_ARN"),
        *("DATAVAULT_WORKGROUP", "DATAVAULT_DATABASE", "DATAVAULT_PROJECT"),
    )
    lambda_sets = {
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "LAMBDA_TASK_ROOT": str(folder),
        "PYTHONPATH": str(folder),
        "PATH": os.environ["PATH"],
        "POWERTOOLS_SERVICE_NAME": "bench",
        "POWERTOOLS_METRICS_NAMESPACE": "DataVault",
    }
    return dict.fromkeys(names, "bench") | {"DATAVAULT_AUDIT_DAYS": "3"} | lambda_sets
