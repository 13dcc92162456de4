"""The processes of the local cloud's functions, as /proc shows them: who holds a connection, and how much memory."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_ESTABLISHED = "01"


@dataclass(frozen=True)
class FunctionProcess:
    """A running `python -m awslambdaric`. `name` is the function's, `state` the folder of its local cloud."""

    pid: int
    name: str
    owner: str


def function_processes(owner: str = "") -> Iterator[FunctionProcess]:
    """All of them, or those of the local cloud whose endpoint is `owner`."""
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if b"awslambdaric" not in (entry / "cmdline").read_bytes():
                continue
            pairs = (pair.partition(b"=") for pair in (entry / "environ").read_bytes().split(b"\0"))
            environment = {name.decode(): value.decode(errors="replace") for name, _, value in pairs}
        except OSError:  # it has ended, or is somebody else's
            continue
        name, endpoint = environment.get("AWS_LAMBDA_FUNCTION_NAME", ""), environment.get("AWS_ENDPOINT_URL", "")
        if name and (not owner or endpoint == owner):
            yield FunctionProcess(int(entry.name), name, endpoint)


def rss_bytes(pid: int) -> int:
    """Resident memory now; 0 if the process has ended."""
    try:
        status = (PROC / str(pid) / "status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:")), 0)


def pid_of_connection(client_port: int, server_port: int) -> int | None:
    """The function's process that holds the client's end of a connection on the loopback interface."""
    inode = _inode(client_port, server_port)
    if inode is None:
        return None
    for process in function_processes():
        folder = PROC / str(process.pid) / "fd"
        try:
            if any(str(fd.readlink()) == f"socket:[{inode}]" for fd in folder.iterdir()):
                return process.pid
        except OSError:
            continue
    return None


def _inode(client_port: int, server_port: int) -> str | None:
    for line in (PROC / "net" / "tcp").read_text().splitlines()[1:]:
        fields = line.split()
        local, remote = (int(address.rpartition(":")[2], 16) for address in fields[1:3])
        if (local, remote) == (client_port, server_port) and fields[3] == _ESTABLISHED:
            return fields[9]
    return None


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
