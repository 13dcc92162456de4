"""The settings of a local cloud, read once from the environment, and the places in its state folder."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud.errors import SettingsError

REGION = "us-east-1"
ACCOUNT = "000000000000"
DEFAULT_PORT = 4566  # what every tool for LocalStack expects
DEFAULT_WAREHOUSE_PORT = 5439  # Redshift's own
MAX_PORT = 65535


@dataclass(frozen=True)
class Settings:
    """Two local clouds with other ports and another state folder live side by side."""

    port: int
    warehouse_port: int
    state: Path

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read LOCALCLOUD_PORT, LOCALCLOUD_WAREHOUSE_PORT and LOCALCLOUD_STATE.

        Raises
        ------
        SettingsError
            Naming every setting that is wrong, not only the first.
        """
        problems: list[str] = []

        def port(name: str, default: int) -> int:
            text = environment.get(name) or str(default)
            if text.isascii() and text.isdigit() and 0 < int(text) <= MAX_PORT:
                return int(text)
            problems.append(f"{name}={text!r} is not a port number (1 to {MAX_PORT})")
            return default

        edge = port("LOCALCLOUD_PORT", DEFAULT_PORT)
        warehouse = port("LOCALCLOUD_WAREHOUSE_PORT", DEFAULT_WAREHOUSE_PORT)
        if edge == warehouse:
            problems.append(f"LOCALCLOUD_PORT and LOCALCLOUD_WAREHOUSE_PORT are both {edge}")
        if problems:
            raise SettingsError("; ".join(problems), hint="set them in the environment, or unset them for the defaults")
        # The virtual environment is <checkout>/localcloud/.venv.
        default_state = Path(sys.prefix).parents[1] / ".local" / "cloud"
        state = Path(environment.get("LOCALCLOUD_STATE") or default_state).expanduser().absolute()
        return cls(edge, warehouse, state)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.state / "localstack.log"

    @property
    def instance_file(self) -> Path:
        return self.state / "instance.json"

    @property
    def sandboxes(self) -> Path:
        """Private folders of the Lambda environments."""
        return self.state / "sandboxes"

    @property
    def filesystem(self) -> Path:
        """LocalStack's own file system root."""
        return self.state / "filesystem"

    @property
    def temporary(self) -> Path:
        return self.state / "tmp"
