"""The worker as a process on this machine, with the settings of an environment's Terraform outputs.

usage: worker.py            runs it here until Ctrl-C (`make worker`)
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError

from datavault.cli.context import ROOT, Context, Failure

_COMMAND = (sys.executable, "-m", "datavault.worker")
_READY_SECONDS = 60.0
# A poll of the queue, or the object in work within its grace period.
_STOP_SECONDS = 120.0


def environment(run: Context, port: int | str) -> dict[str, str]:
    """The environment variables that Kubernetes would set; those of AWS are this process's."""
    stack = run.stack
    if stack.worker is None:
        raise Failure(f"{run.env} has no worker", f"set `worker` in environments/{run.env}/main.tf, and apply")
    return os.environ | {
        "DATAVAULT_WORKER_QUEUE_URL": stack.worker.queue_url,
        "DATAVAULT_PROCESSED_BUCKET": stack.processed_bucket,
        "DATAVAULT_QUARANTINE_BUCKET": stack.quarantine_bucket,
        "DATAVAULT_STREAM_NAME": stack.stream_name,
        "DATAVAULT_HELD_QUEUE_URL": stack.held_queue_url,
        "DATAVAULT_CONTRACTS": str(ROOT / "build/contracts"),
        "DATAVAULT_WORKER_HOST": "127.0.0.1",
        "DATAVAULT_WORKER_PORT": str(port),
        "PYTHONUNBUFFERED": "1",
    }


class Running:
    """A worker that runs beside this process."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process, self.log = process, log
        self._address = ""

    def ask(self, path: str) -> tuple[int, str]:
        """What it answers to a GET."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port()}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def _port(self) -> str:
        """The port that it took, from its first log line."""
        if not self._address:
            for line in self.log.read_text().splitlines():
                if '"begun"' in line:
                    self._address = str(json.loads(line)["port"])
        if not self._address:
            raise URLError("not begun")
        return self._address

    def wait_until_ready(self) -> None:
        end = time.monotonic() + _READY_SECONDS
        while True:
            if self.process.poll() is not None or time.monotonic() > end:
                raise Failure(f"the worker does not begin: {self.log.read_text()[-2000:]}", f"its log is {self.log}", 1)
            try:
                if self.ask("/readyz")[0] == 200:
                    return
            except URLError:
                pass
            time.sleep(0.2)

    def tell_to_stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def exit_code(self) -> int:
        """Its exit code, once it has ended."""
        return self.process.wait(_STOP_SECONDS)


@contextmanager
def running(run: Context, log: Path) -> Iterator[Running]:
    """A worker on a free port, which has answered once. It is killed at the end if nobody told it to stop."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(_COMMAND, env=environment(run, 0), stdout=output, stderr=subprocess.STDOUT)  # noqa: S603
    worker = Running(process, log)
    try:
        worker.wait_until_ready()
        yield worker
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def main() -> int:
    variables = environment(Context("local", as_json=False), os.environ.get("DATAVAULT_WORKER_PORT") or 8080)
    os.execve(_COMMAND[0], _COMMAND, variables)  # noqa: S606  signals go to the worker itself


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"worker: {failure}")
