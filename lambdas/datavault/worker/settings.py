"""What the worker is told by its environment."""

import os
from pathlib import Path

import msgspec

from ..contract import Contracts
from ..settings import SettingsError, contracts_folder, required
from ..stages.processor import Targets

_NAMES = ("WORKER_QUEUE_URL", "PROCESSED_BUCKET", "QUARANTINE_BUCKET", "STREAM_NAME", "HELD_QUEUE_URL")
_PORT = "8080"


class Settings(msgspec.Struct, frozen=True):
    queue_url: str
    targets: Targets
    held_queue: str
    contracts: Path
    host: str
    port: int


def read() -> Settings:
    """Read the environment; sets the name under which botocore looks for the Region.

    Raises
    ------
    SettingsError
        A variable is missing or wrong, or the folder has no contracts.
    """
    found = required([*(f"DATAVAULT_{name}" for name in _NAMES), "AWS_REGION"])
    *ours, region = found.values()
    queue_url, processed, quarantine, stream, held_queue = ours
    port = os.environ.get("DATAVAULT_WORKER_PORT") or _PORT
    if not port.isdecimal() or int(port) > 65535:
        raise SettingsError(f"DATAVAULT_WORKER_PORT is {port!r}; it is a port, 0 to 65535")
    contracts = contracts_folder()
    if not Contracts(contracts).datasets():
        raise SettingsError(
            f"no compiled contract in {contracts}: set DATAVAULT_CONTRACTS to build/contracts or its like"
        )
    os.environ.setdefault("AWS_DEFAULT_REGION", region)
    # A probe comes to the pod's address; on the laptop it is this machine's own.
    host = os.environ.get("DATAVAULT_WORKER_HOST") or "0.0.0.0"  # noqa: S104
    return Settings(queue_url, Targets(processed, quarantine, stream), held_queue, contracts, host, int(port))
