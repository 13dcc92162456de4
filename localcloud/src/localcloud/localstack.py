"""LocalStack as one process: its environment, its start, and what it says about itself."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from localcloud.plugins.contract import (
    ENVIRONMENTS_VARIABLE,
    INSTANCE_VARIABLE,
    INTERPRETER_VARIABLE,
    OWNER_VARIABLE,
    READY_PATH,
    WAREHOUSE_VARIABLE,
)
from localcloud.settings import Settings

# To a server on this machine. Its first answer waits for its modules, and a busy machine for everything.
REQUEST_SECONDS = 20.0
# An idle Lambda environment is kept this long, as on AWS, where five minutes are usual.
KEEP_ENVIRONMENT_MS = 300_000


def spawn(settings: Settings, instance_id: str, warehouse_dsn: str, python: Path) -> "subprocess.Popen[bytes]":
    """Start LocalStack in a session of its own, its output appended to the log."""
    settings.temporary.mkdir(parents=True, exist_ok=True)
    with settings.log.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "localstack.runtime.main"],
            cwd=settings.state,
            env=_environment(os.environ, settings, instance_id, warehouse_dsn, python),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal of `start` is not for it
        )


def ready_instance(settings: Settings) -> str | None:
    """The id of the instance that answers on the port; none while it is not ready, or is not ours."""
    try:
        response = requests.get(settings.endpoint + READY_PATH, timeout=REQUEST_SECONDS)
        instance = response.json().get("instance_id") if response.ok else None
    except (requests.RequestException, ValueError, AttributeError):
        return None
    return instance if isinstance(instance, str) else None


def service_states(settings: Settings) -> dict[str, str]:
    """LocalStack's services and their state ("available": started by its first request; "running": started).

    Raises
    ------
    requests.RequestException
        When it does not answer.
    """
    response = requests.get(f"{settings.endpoint}/_localstack/health", timeout=REQUEST_SECONDS)
    response.raise_for_status()
    answer: dict[str, Any] = response.json()
    return {str(name): str(state) for name, state in sorted(answer["services"].items())}


def _environment(
    host: Mapping[str, str], settings: Settings, instance_id: str, warehouse_dsn: str, python: Path
) -> dict[str, str]:
    """The whole environment of the process: a setting of LocalStack's in the user's shell must not change what runs."""
    kept = ("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "USER")
    settings_of_localstack = {
        "GATEWAY_LISTEN": f"127.0.0.1:{settings.port}",
        # Host names that LocalStack puts into URLs; its default would have to be resolved by a name server.
        "LOCALSTACK_HOST": f"127.0.0.1:{settings.port}",
        "SQS_ENDPOINT_STRATEGY": "off",  # queue URLs are http://host:port/account/name
        "PROVIDER_OVERRIDE_KINESIS": "localcloud",
        "PROVIDER_OVERRIDE_LAMBDA": "localcloud",
        "LAMBDA_RUNTIME_EXECUTOR": "process",
        "LAMBDA_KEEPALIVE_MS": str(KEEP_ENVIRONMENT_MS),
        # Everything on disk is inside the state folder; inside a container LocalStack would take the machine's own.
        "OVERRIDE_IN_DOCKER": "0",
        "LOCALSTACK_VOLUME_DIR": str(settings.filesystem / "volume"),
        "FILESYSTEM_ROOT": str(settings.filesystem),
        "CONFIG_DIR": str(settings.filesystem / "config"),
        "TMPDIR": str(settings.temporary),
        "XDG_CACHE_HOME": str(settings.state / "cache"),
        # Nothing is downloaded, reported or resolved outside.
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DISABLE_EVENTS": "1",
        "DNS_ADDRESS": "0",
    }
    ours = {
        INSTANCE_VARIABLE: instance_id,
        OWNER_VARIABLE: str(settings.state),
        INTERPRETER_VARIABLE: str(python),
        ENVIRONMENTS_VARIABLE: str(settings.sandboxes),
        WAREHOUSE_VARIABLE: warehouse_dsn,
    }
    return {**{name: host[name] for name in kept if name in host}, **settings_of_localstack, **ours}
