"""One runtime process: its start, its memory, its output and its end.

In: a command and its environment. Out: events on a queue, those of the Runtime API and `Exited`. A process that is
gone never takes the caller down: looking at it then answers zero.
"""

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import psutil

from localcloud.runner.model import Invocation
from localcloud.runner.runtime_api import ApiEvent, RuntimeApi

# Linux ends a child with PR_SET_PDEATHSIG when the *thread* that started it ends, so that all are started by one thread
# that lives as long as this process. Elsewhere a runtime process ends by itself when the Runtime API is gone.
_STARTER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lambda-starter")
_SETPRIV = shutil.which("setpriv")
_DIE_WITH_PARENT = [_SETPRIV, "--pdeathsig", "KILL", "--"] if _SETPRIV else []


@dataclass(frozen=True)
class Exited:
    """The process has ended; a negative code is the number of the signal that ended it."""

    code: int


type Event = ApiEvent | Exited


class RuntimeProcess:
    """A running `python -m awslambdaric`."""

    def __init__(self, python: Path, handler: str, code: Path, variables: Mapping[str, str], output: Path) -> None:
        """Start it in the folder `code`; what it prints is appended to the file `output`.

        Raises
        ------
        OSError
            When it cannot be started.
        """
        self.events: SimpleQueue[Event] = SimpleQueue()
        self._api = RuntimeApi(self.events)  # type: ignore[arg-type]  # a queue of more kinds takes these too
        environment = {**variables, "AWS_LAMBDA_RUNTIME_API": self._api.address}
        command = [*_DIE_WITH_PARENT, str(python), "-m", "awslambdaric", handler]
        try:
            with output.open("ab") as sink:
                self._process: subprocess.Popen[bytes] = _STARTER.submit(
                    subprocess.Popen,
                    command,
                    cwd=code,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=sink,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # a process group of its own, which can be killed as a whole
                ).result()
        except BaseException:
            self._api.close()
            raise
        threading.Thread(target=self._watch, name="lambda-watch", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def running(self) -> bool:
        return self._process.poll() is None

    def deliver(self, invocation: Invocation, deadline_ms: int) -> None:
        self._api.deliver(invocation, deadline_ms)

    def memory_bytes(self, *, with_children: bool) -> int:
        """Peak resident memory of the process and, if asked for, the present one of its children.

        The peak is the kernel's own count, which no polling interval can miss; without it (not Linux) the present one.
        """
        try:
            process = psutil.Process(self.pid)
            children = process.children(recursive=True) if with_children else []
            return max(_peak(self.pid), _resident(process)) + sum(map(_resident, children))
        except psutil.NoSuchProcess:
            return 0

    def kill(self) -> None:
        """End the process, its process group and every child that left the group, and wait until it is gone."""
        try:
            children = psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            children = []
        # Any of them may have ended by itself in the meantime.
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        self._process.wait()
        self._api.close()

    def _watch(self) -> None:
        self.events.put(Exited(self._process.wait()))


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0


def _peak(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
