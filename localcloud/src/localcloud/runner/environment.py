"""An execution environment: the life of one sandbox of a function, as AWS describes it.

In: a `Function`, then one `Invocation` at a time. Out: an `Outcome` for each, always: a function that fails, ends,
takes too long or takes too much memory is an outcome with AWS's error object, not an exception. After such an end the
sandbox stays, and the next invocation starts the runtime anew in it (AWS's "suppressed init") with the same TMPDIR.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from queue import Empty

from localcloud.runner.journal import Journal, JsonJournal, Report, Status, TextJournal, timestamp
from localcloud.runner.model import Function, Invocation, Outcome
from localcloud.runner.output import Output
from localcloud.runner.process import Event, Exited, RuntimeProcess
from localcloud.runner.runtime_api import Answered, Failed, InitFailed, Ready

# AWS's limit for the init phase of an on-demand environment; longer ones are done again within the first invocation.
INIT_SECONDS = 10.0
# How often the memory of a busy process is looked at. The kernel keeps the peak, so that only the kill comes later.
MEMORY_POLL_SECONDS = 0.2
MIB = 1024 * 1024
# Read by the runtime client too, for the format of what the function logs.
LOG_FORMAT = "AWS_LAMBDA_LOG_FORMAT"
# Fixed, so that no tool of the host's (pyenv's shims, a Node) is found by a function.
SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin")


class _TimedOut:
    """The time that the function had is over."""


class _OutOfMemory:
    """The process holds more than the function's memory setting."""


type _Happening = Event | _TimedOut | _OutOfMemory


class Environment:
    """One sandbox. `invoke` is for one thread at a time; `stop` may come from any."""

    def __init__(self, function: Function, python: Path, workspace: Path) -> None:
        """Make the sandbox's private folder under `workspace`; `python` comes from `prepare_interpreter`."""
        self._function = function
        self._python = python
        workspace.mkdir(parents=True, exist_ok=True)
        self._home = Path(tempfile.mkdtemp(dir=workspace))
        self._temporary = self._home / "tmp"
        self._temporary.mkdir()
        self._output = Output(self._home / "output.log")
        self._process: RuntimeProcess | None = None
        self._stopped = False
        self._lock = threading.Lock()
        self._journal: Journal = JsonJournal() if function.variables.get(LOG_FORMAT) == "JSON" else TextJournal()
        self._log: list[str] = []
        self._peak_bytes = 0
        self._init_ms: float | None = None

    @property
    def pid(self) -> int | None:
        """The runtime's process id; none when it is not running."""
        process = self._process
        return process.pid if process and process.running() else None

    def start(self) -> None:
        """Run the init phase. A failure is no error here: the first invocation tries again and reports it.

        Raises
        ------
        OSError
            When no process can be started at all.
        """
        if self._initialise(INIT_SECONDS, "init") is not None:
            self._init_ms = None

    def invoke(self, invocation: Invocation) -> Outcome:
        """Run the function on one event."""
        self._log.append(self._journal.start(invocation.request_id, self._function.version))
        begun = time.monotonic()
        deadline = begun + self._function.timeout_seconds
        if self.pid is None:
            self._discard()
            happening = self._initialise(self._function.timeout_seconds, "invoke")
            self._init_ms = None  # it is part of this invocation's duration, and billed as such
        else:
            happening = None
        if happening is None:
            happening = self._run(invocation, deadline)
        payload, error_type = self._judge(invocation.request_id, happening)
        if not isinstance(happening, Answered | Failed):
            self._discard()
        self._report(invocation.request_id, time.monotonic() - begun, happening, error_type)
        return Outcome(payload, is_error=error_type is not None, log=self.take_log())

    def take_log(self) -> str:
        """Everything logged and printed that no outcome carried yet."""
        self._collect()
        log = "".join(self._log)
        self._log.clear()
        return log

    def stop(self) -> None:
        """End the process and delete the sandbox's folder. Calling it again does nothing."""
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
            process, self._process = self._process, None
        if process is not None:
            process.kill()
        self._output.close()
        shutil.rmtree(self._home, ignore_errors=True)

    def _initialise(self, seconds: float, phase: str) -> _Happening | None:
        """Start the runtime and wait until it asks for work; return what came instead, or nothing."""
        begun = time.monotonic()
        self._peak_bytes = 0
        with self._lock:
            if self._stopped:
                return Exited(-signal.SIGKILL)
            process = RuntimeProcess(
                self._python, self._function.handler, self._function.code, self._variables(), self._output.path
            )
            self._process = process
        happening = self._next(process, begun + seconds)
        self._init_ms = (time.monotonic() - begun) * 1000
        if isinstance(happening, Ready):
            return None
        _, error_type = self._judge("", happening, quiet=True)
        self._collect()
        self._log.append(self._journal.init_report(self._init_ms, phase, _status(happening), error_type))
        if phase == "init":
            self._discard()
        return happening

    def _run(self, invocation: Invocation, deadline: float) -> _Happening:
        process = self._process
        if process is None:  # stopped from another thread
            return Exited(-signal.SIGKILL)
        deadline_ms = int((time.time() + deadline - time.monotonic()) * 1000)
        process.deliver(invocation, deadline_ms)
        while True:
            happening = self._next(process, deadline)
            match happening:
                case Ready():
                    continue  # the runtime's request for this very invocation
                case Answered(request_id) | Failed(request_id) if request_id != invocation.request_id:
                    continue  # an answer to an invocation that is long over
                case _:
                    return happening

    def _next(self, process: RuntimeProcess, deadline: float) -> _Happening:
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                self._measure(process, with_children=True)
                return _TimedOut()
            try:
                happening = process.events.get(timeout=min(remaining, MEMORY_POLL_SECONDS))
            except Empty:
                happening = None
            # Finding a process's children reads all of /proc, milliseconds that only a long invocation can spare.
            self._measure(process, with_children=happening is None)
            if self._peak_bytes > self._function.memory_mb * MIB:
                return _OutOfMemory()
            if happening is not None:
                return happening

    def _measure(self, process: RuntimeProcess, *, with_children: bool) -> None:
        self._peak_bytes = max(self._peak_bytes, process.memory_bytes(with_children=with_children))

    def _judge(self, request_id: str, happening: _Happening, *, quiet: bool = False) -> tuple[bytes, str | None]:
        """AWS's answer to what happened, and the error's type if it is one."""
        match happening:
            case Answered(payload=payload):
                return payload, None
            case Failed(payload=payload) | InitFailed(payload):
                return payload, _error_type(payload)
            case _TimedOut():
                error_type = "Sandbox.Timedout"
                seconds = f"{self._function.timeout_seconds:.2f} seconds"
                message = f"RequestId: {request_id} Error: Task timed out after {seconds}"
                line = f"{timestamp()} {request_id} Task timed out after {seconds}\n"
            case _OutOfMemory():
                error_type = "Runtime.OutOfMemory"
                message = f"RequestId: {request_id} Error: Runtime exited with error: signal: killed"
                line = f"{message}\n{error_type}"
            case Exited(code):
                error_type = "Runtime.ExitError"
                message = f"RequestId: {request_id} Error: Runtime exited {_reason(code)}"
                line = f"{message}\n{error_type}"
            case _:
                raise AssertionError(f"not the end of an invocation: {happening}")
        if not quiet:
            self._collect()
            self._log.append(self._journal.fault(line))
        return json.dumps({"errorMessage": message, "errorType": error_type}).encode(), error_type

    def _report(self, request_id: str, seconds: float, happening: _Happening, error_type: str | None) -> None:
        self._collect()
        report = Report(
            request_id,
            duration_ms=seconds * 1000,
            memory_mb=self._function.memory_mb,
            peak_memory_mb=-(-self._peak_bytes // MIB),
            init_ms=self._init_ms,
            status=_status(happening),
            error_type=error_type,
        )
        self._init_ms = None  # told once
        self._log.append(self._journal.report(report))

    def _discard(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()

    def _variables(self) -> Mapping[str, str]:
        """The process's whole environment."""
        path = [str(self._function.code), self._function.variables.get("PYTHONPATH", "")]
        return {
            "LANG": "C.UTF-8",
            # The runtime client encodes answers by it: as UTF-8 from 3.12 on, before in ASCII with escapes.
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
            **self._function.variables,
            "PATH": os.pathsep.join([str(self._python.parent), *SYSTEM_PATH]),
            "PYTHONPATH": os.pathsep.join(filter(None, path)),
            "LAMBDA_TASK_ROOT": str(self._function.code),
            "TMPDIR": str(self._temporary),
            # On AWS the home folder does not exist either; the host's would lend functions its ~/.aws.
            "HOME": str(self._home / "nowhere"),
            "TZ": "UTC",
        }

    def _collect(self) -> None:
        """Add what was printed; the platform's own line after it begins a line."""
        if text := self._output.read():
            self._log.append(text if text.endswith("\n") else text + "\n")


def _status(happening: _Happening) -> Status:
    match happening:
        case Answered():
            return "success"
        case Failed():
            return "error"
        case _TimedOut():
            return "timeout"
        case _:
            return "failure"


def _error_type(payload: bytes) -> str:
    """The type in an error object that the runtime sent; AWS's own word when it cannot be read."""
    try:
        error = json.loads(payload)
    except ValueError:
        return "Runtime.Unknown"
    return str(error.get("errorType", "Runtime.Unknown")) if isinstance(error, dict) else "Runtime.Unknown"


def _reason(code: int) -> str:
    if code == 0:
        return "without providing a reason"
    if code > 0:
        return f"with error: exit status {code}"
    return f"with error: signal: {signal.strsignal(-code) or -code}".lower()
