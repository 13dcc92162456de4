"""Start, stop, look at and reset a local cloud: what the commands of the CLI do."""

import fcntl
import json
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import requests

from localcloud import localstack, processes
from localcloud.errors import LocalCloudError, PortTakenError, StartError
from localcloud.processes import ProcessIdentity
from localcloud.runner import prepare_interpreter
from localcloud.settings import ACCOUNT, REGION, Settings
from localcloud_warehouse import server as warehouse

# Measured 2 to 5 s on two busy cores, 9 s the first time; a cold disk takes longer.
READY_SECONDS = 90.0
# LocalStack takes 3 to 6 s to end in good order. It keeps nothing that could be lost, so that it is not waited for.
STOP_SECONDS = 3.0
POLL_SECONDS = 0.1
LOG_TAIL_LINES = 20

type Progress = Callable[[str], None]


@dataclass(frozen=True)
class Instance:
    """A started local cloud, as its state folder remembers it."""

    id: str
    process: ProcessIdentity
    port: int
    warehouse_port: int

    @classmethod
    def load(cls, settings: Settings) -> "Instance | None":
        """The instance that was started last and not stopped, whether or not it still runs."""
        try:
            stored = json.loads(settings.instance_file.read_text())
            return cls(**{**stored, "process": ProcessIdentity(**stored["process"])})
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError):
            return None  # a torn write; what belongs to the state folder is found without it

    def save(self, settings: Settings) -> None:
        unfinished = settings.instance_file.with_suffix(".new")
        unfinished.write_text(json.dumps(asdict(self), indent=2))
        unfinished.replace(settings.instance_file)


@dataclass(frozen=True)
class Status:
    """What runs. The names are those of `localcloud status --json`."""

    running: bool
    instance_id: str | None
    endpoint: str
    region: str
    account: str
    ports: dict[str, int]
    pids: dict[str, int]
    services: dict[str, str]
    warehouse_dsn: str | None
    state: str
    log: str


def start(settings: Settings, progress: Progress) -> Instance:
    """Start what does not run yet, and return when all of it is ready.

    Raises
    ------
    LocalCloudError
        With what went wrong and what to do; nothing is left running then.
    """
    with _locked(settings):
        running = _running(settings)
        if running is not None:
            if (running.port, running.warehouse_port) != (settings.port, settings.warehouse_port):
                raise StartError(
                    f"a local cloud of {settings.state} runs on ports {running.port} and {running.warehouse_port}, "
                    f"not {settings.port} and {settings.warehouse_port}",
                    hint="`localcloud stop` first, or give the new one a LOCALCLOUD_STATE of its own",
                )
            if localstack.ready_instance(settings) == running.id and warehouse.status(settings.state) is not None:
                progress("already running")
                return running
        _end_everything(settings, progress)
        for name, port in (("LOCALCLOUD_PORT", settings.port), ("LOCALCLOUD_WAREHOUSE_PORT", settings.warehouse_port)):
            if not processes.port_is_free(port):
                raise PortTakenError(
                    f"port {port} is taken by {processes.port_holder(port)}",
                    hint=f"stop it, or choose another port: {name}={port + 1000} localcloud start",
                )
        try:
            return _start(settings, progress)
        except BaseException:  # also Ctrl-C: nothing half-started stays
            _end_everything(settings, progress)
            raise


def stop(settings: Settings, progress: Progress) -> None:
    """End every process of the local cloud. The warehouse's tables stay, LocalStack's resources do not."""
    if not settings.state.exists():
        return
    with _locked(settings):
        _end_everything(settings, progress)


def reset(settings: Settings, progress: Progress) -> None:
    """Stop, and delete the state folder: also the warehouse's tables."""
    if not settings.state.exists():
        return
    with _locked(settings):
        _end_everything(settings, progress)
        progress("deleting the state")
        warehouse.remove(settings.state)
        shutil.rmtree(settings.state)


def status(settings: Settings) -> Status:
    """Look, and change nothing."""
    instance = _running(settings)
    server = warehouse.status(settings.state) if settings.state.exists() else None
    services: dict[str, str] = {}
    pids: dict[str, int] = {}
    ready = False
    if instance is not None:
        ready = localstack.ready_instance(settings) == instance.id
        pids["localstack"] = instance.process.pid
        if ready:
            try:
                services = localstack.service_states(settings)
            except requests.RequestException:
                ready = False  # it was stopped while we looked
    if server is not None:
        pids["warehouse"] = server.pid
    return Status(
        running=ready and server is not None,
        instance_id=instance.id if instance else None,
        endpoint=settings.endpoint,
        region=REGION,
        account=ACCOUNT,
        ports={"edge": settings.port, "warehouse": settings.warehouse_port},
        pids=pids,
        services=services,
        warehouse_dsn=server.dsn if server else None,
        state=str(settings.state),
        log=str(settings.log),
    )


def _start(settings: Settings, progress: Progress) -> Instance:
    progress("preparing the Lambda runtime")
    python = prepare_interpreter(settings.state / "runtime")
    progress("starting the warehouse")
    try:
        server = warehouse.start(settings.state, settings.warehouse_port)
    except warehouse.ServerError as error:
        message, _, hint = str(error).partition("\nhint: ")
        raise StartError(message, hint=hint or "`localcloud reset` begins from nothing") from error
    progress("starting LocalStack")
    settings.log.unlink(missing_ok=True)
    instance_id = uuid.uuid4().hex
    process = localstack.spawn(settings, instance_id, server.dsn, python)
    instance = Instance(instance_id, ProcessIdentity.of(process.pid), settings.port, settings.warehouse_port)
    instance.save(settings)
    _wait_until_ready(settings, instance, process)
    return instance


def _wait_until_ready(settings: Settings, instance: Instance, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_SECONDS
    while localstack.ready_instance(settings) != instance.id:
        if process.poll() is not None:
            raise StartError(
                f"LocalStack ended with code {process.returncode} before it was ready:\n{_log_tail(settings)}",
                hint=f"the whole log is {settings.log}; `localcloud reset` begins from nothing",
            )
        if time.monotonic() > deadline:
            raise StartError(
                f"LocalStack was not ready within {READY_SECONDS:.0f} s:\n{_log_tail(settings)}",
                hint=f"the whole log is {settings.log}; on a busy machine, try again",
            )
        time.sleep(POLL_SECONDS)


def _log_tail(settings: Settings) -> str:
    try:
        lines = settings.log.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return "(no log)"
    return "\n".join(lines[-LOG_TAIL_LINES:])


def _running(settings: Settings) -> Instance | None:
    instance = Instance.load(settings)
    return instance if instance is not None and instance.process.find() is not None else None


def _end_everything(settings: Settings, progress: Progress) -> None:
    """End what the state folder's local cloud has started, however it got lost. Nothing to end is no error."""
    instance = Instance.load(settings)
    process = instance.process.find() if instance else None
    if process is not None:
        progress("stopping LocalStack")
        processes.end([process], patience_seconds=STOP_SECONDS)
    # Helpers that outlived LocalStack, or all of them if it was killed.
    leftovers = processes.owned_by(settings.state, settings.sandboxes)
    processes.end(leftovers, patience_seconds=STOP_SECONDS)
    warehouse.stop(settings.state)
    settings.instance_file.unlink(missing_ok=True)
    for folder in (settings.temporary, settings.sandboxes):
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(settings: Settings) -> Iterator[None]:
    """One start, stop or reset at a time per state folder; the lock goes with its process."""
    settings.state.mkdir(parents=True, exist_ok=True)
    with (settings.state.parent / f"{settings.state.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LocalCloudError(
                f"another localcloud command is at work on {settings.state}", hint="wait until it ends, and try again"
            ) from error
        yield
