"""Fixtures: functions on our runner, and one whole local cloud for the tests that need it."""

import os
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from localcloud.runner import Environment, Function, prepare_interpreter
from localcloud.settings import REGION


@pytest.fixture(scope="session")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare_interpreter(tmp_path_factory.mktemp("runtime"))


type MakeEnvironment = Callable[..., Environment]


@pytest.fixture
def make_environment(interpreter: Path, tmp_path: Path) -> Iterator[MakeEnvironment]:
    """Make environments of a function with the given source; all are stopped after the test."""
    made: list[Environment] = []

    def make(source: str, *, memory_mb: int = 256, timeout_seconds: int = 10, **variables: str) -> Environment:
        code = tmp_path / f"code{len(made)}"
        code.mkdir()
        (code / "handler.py").write_text(textwrap.dedent(source))
        function = Function(code, "handler.handle", "$LATEST", memory_mb, timeout_seconds, variables)
        environment = Environment(function, interpreter, tmp_path / "sandboxes")
        made.append(environment)
        environment.start()
        return environment

    yield make
    for environment in made:
        environment.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Cloud:
    """A local cloud with ports and a state folder of its own, driven by its command."""

    port: int
    warehouse_port: int
    state: Path

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        process = self.begin(*arguments)
        output, errors = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        environment = {
            **os.environ,
            "LOCALCLOUD_PORT": str(self.port),
            "LOCALCLOUD_WAREHOUSE_PORT": str(self.warehouse_port),
            "LOCALCLOUD_STATE": str(self.state),
            "COLUMNS": "200",
        }
        command = [str(Path(sys.executable).with_name("localcloud")), *arguments]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def client(self, service: str, **config: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106  # LocalStack's
            config=Config(**config),
        )


type MakeCloud = Callable[[], Cloud]


@pytest.fixture
def make_cloud(tmp_path: Path) -> Iterator[MakeCloud]:
    """Make local clouds, not started; whatever runs of them is reset after the test."""
    made: list[Cloud] = []

    def make() -> Cloud:
        cloud = Cloud(free_port(), free_port(), tmp_path / f"cloud{len(made)}")
        made.append(cloud)
        return cloud

    yield make
    for cloud in made:
        cloud.run("reset")


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One started local cloud for all integration tests; they take names of their own."""
    started = Cloud(free_port(), free_port(), tmp_path_factory.mktemp("cloud") / "state")
    result = started.run("start")
    assert result.returncode == 0, result.stderr
    yield started
    started.run("reset")


def eventually[T](look: Callable[[], T], *, within_seconds: float = 30.0) -> T:
    """Look until something is there; the last answer when time is up."""
    deadline = time.monotonic() + within_seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found
