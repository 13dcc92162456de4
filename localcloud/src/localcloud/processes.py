"""Processes and ports of this machine: is it still the same process, who holds a port, what is left of ours.

A process id alone proves nothing, since ids are used again: a process is known by its id and its start time.
"""

import errno
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from localcloud.plugins.contract import OWNER_VARIABLE

# Start times are given in hundredths of a second, from a boot time that may be read a little differently each time.
START_TIME_TOLERANCE_SECONDS = 2.0


@dataclass(frozen=True)
class ProcessIdentity:
    pid: int
    started: float  # Unix time

    @classmethod
    def of(cls, pid: int) -> "ProcessIdentity":
        return cls(pid, psutil.Process(pid).create_time())

    def find(self) -> psutil.Process | None:
        """The process, if it is still there and still the same."""
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.started) > START_TIME_TOLERANCE_SECONDS:
                return None
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
        except psutil.NoSuchProcess:
            return None
        return process


def end(processes: Iterable[psutil.Process], *, patience_seconds: float) -> None:
    """Ask them to end, and kill those that have not after `patience_seconds`."""
    waiting = []
    for process in processes:
        try:
            process.terminate()
        except psutil.NoSuchProcess:
            continue
        waiting.append(process)
    _, stubborn = psutil.wait_procs(waiting, timeout=patience_seconds)
    for process in stubborn:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(stubborn, timeout=patience_seconds)


def owned_by(state: Path, sandboxes: Path) -> list[psutil.Process]:
    """Every process that a local cloud with this state folder has started, also those that lost their parent.

    Known by their environment: LocalStack and its helpers carry the state folder's name, and Lambda functions have a
    temporary folder inside it.
    """
    found = []
    for process in psutil.process_iter():
        try:
            variables = process.environ()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue  # gone, or another user's
        if variables.get(OWNER_VARIABLE) == str(state) or variables.get("TMPDIR", "").startswith(f"{sandboxes}/"):
            found.append(process)
    return found


def port_is_free(port: int) -> bool:
    """Whether a server can listen on 127.0.0.1:port."""
    with socket.socket() as probe:
        # As servers do: a connection that has just been closed does not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def port_holder(port: int) -> str:
    """Who listens on the port, in words for an error message."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:  # not every system tells everybody
        return "another process"
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and tuple(connection.laddr)[1:2] == (port,) and connection.pid:
            try:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
            except psutil.NoSuchProcess:
                continue
    return "another process"
