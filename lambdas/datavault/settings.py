"""What a function or the worker is told by its environment: read once, every missing name said at once."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

# Kept back of a function's time: to write a receipt, to cancel a statement, to answer.
_RESERVED_SECONDS = 10.0


class _Invocation(Protocol):
    def get_remaining_time_in_millis(self) -> int: ...


class SettingsError(Exception):
    """The environment lacks something: Terraform sets a function's, the ConfigMap or `make worker` the worker's."""


def required(names: Iterable[str]) -> dict[str, str]:
    """The values of environment variables.

    Raises
    ------
    SettingsError
        With every name that is missing.
    """
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        raise SettingsError(f"missing environment variables: {', '.join(missing)}")
    return {name: os.environ[name] for name in names}


def large_objects() -> tuple[str, int] | None:
    """The worker's queue, and from how many bytes on an object goes there; None where no worker runs."""
    names = ("DATAVAULT_WORKER_QUEUE_URL", "DATAVAULT_WORKER_THRESHOLD_BYTES")
    if not any(os.environ.get(name) for name in names):
        return None
    queue_url, threshold_bytes = required(names).values()
    return queue_url, int(threshold_bytes)


def contracts_folder() -> Path:
    """The compiled contracts: beside the handler in a zip, or where DATAVAULT_CONTRACTS says."""
    return Path(os.environ.get("DATAVAULT_CONTRACTS") or Path(os.environ.get("LAMBDA_TASK_ROOT", ".")) / "contracts")


def time_left(context: _Invocation) -> Callable[[], float]:
    """Seconds that an invocation may still spend on its work; negative when it must end."""
    return lambda: context.get_remaining_time_in_millis() / 1000 - _RESERVED_SECONDS
