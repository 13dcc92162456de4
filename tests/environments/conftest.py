"""One local cloud for all environments, each in an account of its own; nothing is applied in it yet."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the local cloud."""
    port = free_port()
    environment = os.environ | {
        "LOCALCLOUD_PORT": str(port),
        "LOCALCLOUD_WAREHOUSE_PORT": str(free_port()),
        "LOCALCLOUD_STATE": str(tmp_path_factory.mktemp("cloud")),
    }

    def localcloud(command: str) -> None:
        program = ROOT / "localcloud" / ".venv" / "bin" / "localcloud"
        done = subprocess.run([program, command], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    try:
        localcloud("start")
        yield f"http://127.0.0.1:{port}"
    finally:
        localcloud("reset")


def account_environment(endpoint: str, account: str) -> dict[str, str]:
    """The environment variables that lead AWS's tools to an account of the local cloud: its id is the access key."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    return kept | {
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        # Some host names begin with the account's id; as a proxy the local cloud takes any.
        "http_proxy": endpoint,
    }
