"""`make monitor`: a Prometheus over the worker and the local cloud, with the rules of a cluster, until Ctrl-C.

The local cloud's CloudWatch comes by the exporter that a cluster has, told the same. Both listen on 127.0.0.1 alone.
"""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import yaml

from datavault.cli.context import ROOT, Stack
from datavault.identity import UNKNOWN_DATASET

from .cloudwatch import exporter_settings

# Prometheus's own port, and the exporter's; another free one is taken where somebody has it.
PROMETHEUS_PORT, EXPORTER_PORT = 9090, 5000
# A laptop is looked at while somebody waits.
SCRAPE_SECONDS = 10
READY_SECONDS = 60.0
STOP_SECONDS = 20.0


type Process = subprocess.Popen[bytes]


class MonitorError(Exception):
    """A part does not run; the text says which, and where its log is."""


class Addresses(msgspec.Struct, frozen=True):
    """Where the parts answer."""

    prometheus: str
    exporter: str


@contextmanager
def monitor(stack: Stack, state: Path, worker: str) -> Iterator[Addresses]:
    """Run Prometheus and the exporter as long as the block lasts; `worker` is host:port, whether one runs or not.

    Raises
    ------
    MonitorError
        A part did not come up.
    """
    prometheus, exporter = (f"127.0.0.1:{_free_port(port)}" for port in (PROMETHEUS_PORT, EXPORTER_PORT))
    state.mkdir(parents=True, exist_ok=True)
    settings = exporter_settings(stack.project_name, stack.region, [*stack.datasets, UNKNOWN_DATASET])
    (state / "exporter.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    (state / "prometheus.yaml").write_text(yaml.safe_dump(prometheus_settings(worker, exporter), sort_keys=False))
    # The laptop's cloud takes any credentials; a person's own must not be asked for by mistake.
    cloud = {
        "AWS_ENDPOINT_URL": stack.endpoint_url or "",
        "AWS_REGION": stack.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with ExitStack() as parts:
        start = (
            "yace",
            f"-config.file={state / 'exporter.yaml'}",
            f"-listen-address={exporter}",
            f"-scraping-interval={SCRAPE_SECONDS}",
        )
        parts.enter_context(_running(state / "exporter.log", cloud, *start))
        start = (
            "prometheus",
            f"--config.file={state / 'prometheus.yaml'}",
            f"--storage.tsdb.path={state / 'data'}",
            f"--web.listen-address={prometheus}",
        )
        process = parts.enter_context(_running(state / "prometheus.log", {}, *start))
        _wait_until_ready(f"http://{prometheus}/-/ready", process, state / "prometheus.log")
        yield Addresses(f"http://{prometheus}", f"http://{exporter}")


def prometheus_settings(worker: str, exporter: str) -> dict[str, object]:
    """Prometheus's configuration: the jobs under the names that they have in a cluster, and every rule."""
    targets = {"datavault-processor": worker, "cloudwatch-exporter": exporter}
    return {
        "global": {"scrape_interval": f"{SCRAPE_SECONDS}s", "evaluation_interval": f"{SCRAPE_SECONDS}s"},
        "rule_files": [str(ROOT / "monitoring/rules/*.yaml")],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [target]}]} for job, target in targets.items()
        ],
    }


@contextmanager
def _running(log: Path, environment: Mapping[str, str], tool: str, *arguments: str) -> Iterator[Process]:
    # Fetched first: a tool that is built takes minutes, and says so on the terminal.
    subprocess.run([ROOT / "scripts/tool", "--install", tool], check=True)  # noqa: S603  our own
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  our own
            [ROOT / "scripts/tool", tool, *arguments],
            env={**kept, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us; we end them
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(address: str, process: Process, log: Path) -> None:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310  our own, on this machine
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    raise MonitorError(f"Prometheus did not come up; its log is {log}")


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(listener.getsockname()[1])
    raise MonitorError("no port is free")
