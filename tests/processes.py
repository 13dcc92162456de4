"""What every program that a test starts has in common."""

import os
import socket
from pathlib import Path

# Where a machine's Terraform finds its providers.
_KEPT = ("TF_PLUGIN_MIRROR", "TF_CLI_CONFIG_FILE")


def clean_environment() -> dict[str, str]:
    """The environment without a person's settings of Terraform and AWS, which must not change a test."""
    return {name: value for name, value in os.environ.items() if name in _KEPT or not name.startswith(("TF_", "AWS_"))}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def own_cloud(state: Path) -> dict[str, str]:
    """The environment variables of a local cloud beside any other: ports that are free now, files in `state`."""
    return {
        "LOCALCLOUD_PORT": str(free_port()),
        "LOCALCLOUD_WAREHOUSE_PORT": str(free_port()),
        "LOCALCLOUD_STATE": str(state),
    }
