"""The server: starts anywhere, keeps its data, finds stale files, says what is in its way."""

import os
import socket
from pathlib import Path

import psycopg
import pytest
from warehouse_support import free_port

from localcloud_warehouse import server


def test_data_survive_stop_and_start_on_another_port(tmp_path: Path) -> None:
    first = server.start(tmp_path, free_port())
    try:
        with psycopg.connect(first.dsn, autocommit=True) as connection:
            connection.execute("CREATE TABLE t (a int)")
        assert server.start(tmp_path, first.port).pid == first.pid
        server.stop(tmp_path)
        assert server.status(tmp_path) is None
        second = server.start(tmp_path, free_port())
        with psycopg.connect(second.dsn) as connection:
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
            assert connection.execute("SHOW timezone").fetchone() == ("UTC",)
    finally:
        server.remove(tmp_path)
    assert not (tmp_path / "warehouse").exists()


def test_a_state_folder_that_only_its_owner_may_enter_is_fine(tmp_path: Path) -> None:
    state = tmp_path / "private" / "state"
    state.mkdir(parents=True)
    state.parent.chmod(0o700)
    running = server.start(state, free_port())
    try:
        with psycopg.connect(running.dsn) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        if os.geteuid() == 0:
            assert not running.data_dir.is_relative_to(tmp_path)
    finally:
        server.remove(state)
    assert not running.data_dir.exists()


def test_a_stale_pid_file_is_not_a_running_server(tmp_path: Path) -> None:
    data = tmp_path / "warehouse" / "data"
    data.mkdir(parents=True)
    # A process that lives, but is none of PostgreSQL's.
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n0\n5439\n")
    assert server.status(tmp_path) is None


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(server.ServerError, match=f"port {port} .* is taken[^$]*hint:"):
            server.start(tmp_path, port)
