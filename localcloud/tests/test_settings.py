"""Settings, ports and process identities."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from localcloud.errors import SettingsError
from localcloud.processes import ProcessIdentity, port_holder, port_is_free
from localcloud.settings import Settings


def test_the_defaults_are_those_of_the_documents() -> None:
    settings = Settings.read({})
    assert (settings.port, settings.warehouse_port) == (4566, 5439)
    assert settings.state.parts[-2:] == (".local", "cloud")
    assert settings.endpoint == "http://127.0.0.1:4566"


def test_every_wrong_setting_is_named_at_once() -> None:
    with pytest.raises(SettingsError, match=r"LOCALCLOUD_PORT='x'.*LOCALCLOUD_WAREHOUSE_PORT='70000'"):
        Settings.read({"LOCALCLOUD_PORT": "x", "LOCALCLOUD_WAREHOUSE_PORT": "70000"})
    with pytest.raises(SettingsError, match="both 5000"):
        Settings.read({"LOCALCLOUD_PORT": "5000", "LOCALCLOUD_WAREHOUSE_PORT": "5000"})


def test_the_state_folder_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.read({"LOCALCLOUD_STATE": "here"}).state == tmp_path / "here"


def test_a_port_with_a_listener_is_taken_and_its_holder_known() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not port_is_free(port)
        assert str(os.getpid()) in port_holder(port)
    assert port_is_free(port)


def test_a_process_is_the_same_only_with_the_same_start() -> None:
    process = subprocess.Popen(["sleep", "60"])
    identity = ProcessIdentity.of(process.pid)
    assert identity.find() is not None
    assert ProcessIdentity(process.pid, identity.started - 60).find() is None
    process.kill()
    process.wait()
    assert identity.find() is None
