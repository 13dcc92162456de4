"""What `start` does when a part does not come up."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import free_port

from localcloud import cloud, localstack
from localcloud.errors import StartError
from localcloud.processes import port_is_free
from localcloud.settings import Settings


def test_what_localstack_said_last_is_in_the_error_and_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spawn(settings: Settings, *_: Any) -> "subprocess.Popen[bytes]":
        program = "import sys, time; print('no disk'); sys.stdout.flush(); time.sleep(0.2); sys.exit(7)"
        return subprocess.Popen([sys.executable, "-c", program], stdout=settings.log.open("w"))

    monkeypatch.setattr(localstack, "spawn", spawn)
    settings = Settings(free_port(), free_port(), tmp_path / "state")
    steps: list[str] = []
    with pytest.raises(StartError, match="ended with code 7 before it was ready:\nno disk") as error:
        cloud.start(settings, steps.append)
    assert str(settings.log) in error.value.hint
    assert steps[0] == "preparing the Lambda runtime"
    assert not settings.instance_file.exists()
    assert port_is_free(settings.warehouse_port)
    cloud.reset(settings, steps.append)
    assert not settings.state.exists()
