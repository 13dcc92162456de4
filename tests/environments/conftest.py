"""One local cloud for all environments, each in an account of its own; nothing is applied in it yet."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.processes import own_cloud

ROOT = Path(__file__).parents[2]
REGION = "us-east-1"

Client = Callable[[str], Any]


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment variables that lead our scripts to the local cloud."""
    settings = own_cloud(tmp_path_factory.mktemp("cloud"))

    def localcloud(command: str) -> None:
        program = ROOT / "localcloud" / ".venv" / "bin" / "localcloud"
        done = subprocess.run(
            [program, command], env=os.environ | settings, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    try:
        localcloud("start")
        yield settings
    finally:
        localcloud("reset")


@pytest.fixture(scope="session")
def endpoint(cloud: dict[str, str]) -> str:
    """Address of the local cloud."""
    return f"http://127.0.0.1:{cloud['LOCALCLOUD_PORT']}"


def account_environment(endpoint: str, account: str) -> dict[str, str]:
    """The environment variables that lead AWS's tools to an account of the local cloud: its id is the access key."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    return kept | {
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        # Some host names begin with the account's id; as a proxy the local cloud takes any.
        "http_proxy": endpoint,
    }


def clients(endpoint: str, account: str) -> Client:
    """Make clients for an account of the local cloud."""
    session = boto3.Session(aws_access_key_id=account, aws_secret_access_key="test", region_name=REGION)
    config = Config(proxies={"http": endpoint}, retries={"max_attempts": 2})
    return lambda service: session.client(service, endpoint_url=endpoint, config=config)
