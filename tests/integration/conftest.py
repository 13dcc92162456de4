"""A local cloud of the tests' own: free ports, a state folder and a Terraform state that go away afterwards."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg
import pytest

from datavault.cli.context import Context
from datavault.cli.progress import Loaded, wait_until_loaded
from datavault.cli.rollout import ALIAS
from datavault.edges.clients import client
from datavault.identity import RawObject
from tests.processes import own_cloud

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))  # the demo's data serves the tests, too

LOAD_SECONDS = 240.0
DEADLINE_SECONDS = 60.0


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(condition: Callable[[], bool]) -> None:
    """Wait for what the pipeline does by itself."""
    end = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.2)


def local(*arguments: str) -> None:
    done = subprocess.run([ROOT / "scripts/local", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """The stack, deployed by Terraform on a local cloud of its own."""
    folder = tmp_path_factory.mktemp("cloud")
    settings = own_cloud(folder / "state")
    ports = int(settings["LOCALCLOUD_PORT"]), int(settings["LOCALCLOUD_WAREHOUSE_PORT"])
    os.environ |= settings | {"TF_DATA_DIR": str(folder / "terraform")}
    (folder / "terraform").mkdir()
    # A job that is told to end must take its local cloud with it.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        local("up")
        yield Context("local", as_json=True)
    finally:
        local("reset")
        assert not any(map(is_listening, ports)), f"something still listens on one of {ports}"


@pytest.fixture(scope="session")
def warehouse(run: Context) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """The warehouse as any SQL client sees it."""
    address = f"postgresql://datavault:datavault@127.0.0.1:{run.stack.warehouse_port}/{run.stack.database}"
    with psycopg.connect(address, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def put(run: Context) -> Callable[[str, bytes], RawObject]:
    """Put bytes under a key of the raw bucket."""

    def put_object(key: str, body: bytes) -> RawObject:
        bucket, s3 = run.stack.raw_bucket, client("s3")
        version = s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]
        found = s3.head_object(Bucket=bucket, Key=key, VersionId=version)
        return RawObject(bucket, key, version, found["LastModified"], found["ContentLength"])

    return put_object


@pytest.fixture(scope="session")
def load(run: Context, put: Callable[[str, bytes], RawObject]) -> Callable[[str, bytes], Loaded]:
    """Put bytes and wait until every valid record is in the warehouse."""

    def put_and_wait(key: str, body: bytes) -> Loaded:
        (loaded,) = wait_until_loaded(run, [put(key, body)], time.monotonic(), LOAD_SECONDS)
        return loaded

    return put_and_wait


@pytest.fixture(scope="session")
def flights(run: Context) -> Loaded:
    """All 336,776 real flights, loaded once for all tests."""
    body = (ROOT / ".local/data/flights.csv").read_bytes()
    bucket, key, s3 = run.stack.raw_bucket, "flights/flights.csv", client("s3")
    started = time.monotonic()
    version = s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]
    found = s3.head_object(Bucket=bucket, Key=key)
    raw = RawObject(bucket, key, version, found["LastModified"], len(body))
    (loaded,) = wait_until_loaded(run, [raw], started, LOAD_SECONDS)
    return loaded


@pytest.fixture(scope="session")
def datavault(run: Context) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command as a person does."""
    assert run.stack.endpoint_url  # the environment of the command is this process's: the tests' own cloud

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([ROOT / ".venv/bin/datavault", *arguments], capture_output=True, text=True, check=False)

    return command


@pytest.fixture(scope="session")
def invoke(run: Context) -> Callable[[str, dict[str, Any]], Any]:
    """Invoke a function with an event; what it answers."""

    def call(stage: str, event: dict[str, Any]) -> Any:
        answer = client("lambda").invoke(
            FunctionName=run.stack.functions[stage], Qualifier=ALIAS, Payload=json.dumps(event)
        )
        payload = answer["Payload"].read()
        assert "FunctionError" not in answer, payload
        return json.loads(payload)

    return call


def s3_event(bucket: str, key: str, version_id: str = "", size: int = 0, time: str = "2026-03-14T15:09:27.101Z") -> str:
    """The body of a message that S3 sends to SQS."""
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "eventTime": time,
        "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": size, "versionId": version_id}},
    }
    return json.dumps({"Records": [record]})


def sqs_event(*bodies: str) -> dict[str, Any]:
    """What Lambda hands to a function for messages of a queue."""
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "receiptHandle": "r",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:queue",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First what needs queues that run empty, which messages that fail on purpose keep from it; last what destroys."""
    items.sort(key=lambda item: ("test_destroy" in item.nodeid) - ("test_faults" in item.nodeid))
