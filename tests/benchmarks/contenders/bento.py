"""Bento (the MIT-licensed continuation of Benthos): one process from raw lines to Parquet files, configured in YAML.

It validates with JSON Schema, sets bad lines aside, masks in Bloblang and writes batches of 10,000 rows. It does less
than the others: no stream lies between, and nothing is joined, for Bloblang parses a reference file for each record.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ..datasets import Input
from ..outcome import Outcome
from . import schemas
from .bento_build import BINARY
from .datavault import KEYS

_PARQUET = {"integer": "INT64", "number": "DOUBLE"}


def run(wanted: Input) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="datavault-bench-") as name:
        folder = Path(name)
        (folder / "schema.json").write_text(json.dumps(schemas.json_schema(wanted.dataset)))
        (folder / "bento.yaml").write_text(json.dumps(_config(wanted, folder)))  # JSON is YAML
        environment = os.environ | {"GOMAXPROCS": "1", "DISABLE_TELEMETRY": "1"}
        command = [BINARY, "-c", folder / "bento.yaml"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        bad = folder / "quarantine.ndjson"
        outcome = Outcome(rejects=bad.read_bytes().count(b"\n") if bad.exists() else 0)
        for file in folder.glob("*.parquet"):
            outcome.records += pq.read_metadata(file).num_rows
            outcome.parquet_bytes += file.stat().st_size
        return outcome


def _config(wanted: Input, folder: Path) -> dict[str, Any]:
    secret = json.dumps(KEYS.keys["k1"])
    mask = (
        f'root.tailnum = if this.tailnum != null {{ "k1:" + this.tailnum.hash("hmac_sha256", {secret}).encode("hex") }}'
    )
    columns = [
        {"name": field.name, "type": _PARQUET.get(field.type, "UTF8"), "optional": True}
        for field in wanted.data.contract.fields
    ]
    parquet = {"schema": columns, "default_compression": "zstd"}
    bad = {"file": {"path": f"{folder}/quarantine.ndjson", "codec": "lines"}}
    batches = {"count": 10_000, "period": "1s", "processors": [{"parquet_encode": parquet}]}
    good = {
        "broker": {
            "outputs": [{"file": {"path": f"{folder}/${{! uuid_v4() }}.parquet", "codec": "all-bytes"}}],
            "batching": batches,
        }
    }
    lines = {"decompress": {"algorithm": "gzip", "into": {"lines": {}}}}
    return {
        "http": {"enabled": False},
        "logger": {"level": "ERROR"},
        "input": {"file": {"paths": [str(wanted.path)], "scanner": lines}},
        "pipeline": {
            "threads": 1,
            "processors": [
                {"json_schema": {"schema_path": f"file://{folder}/schema.json"}},
                {"mapping": f"root = this\n{mask}"},
            ],
        },
        "output": {"switch": {"cases": [{"check": "errored()", "output": bad}, {"output": good}]}},
    }
