"""What every command needs: the environment's outputs, clients for it, and a way to print."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..edges.warehouse import Warehouse

ROOT = Path(__file__).resolve().parents[3]
# LocalStack's fixed account; the keys open nothing.
_LOCAL_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
_PIPE_COLUMNS = 200


class Failure(Exception):  # noqa: N818  it is an outcome, and its text is for a person
    """A command cannot go on; the text says why and what to do."""

    def __init__(self, message: str, hint: str = "", code: int = 2) -> None:
        super().__init__(f"{message}\n  hint: {hint}" if hint else message)
        self.code = code


class WorkerStack(msgspec.Struct, frozen=True):
    """The worker's part of the outputs."""

    role_arn: str
    queue_url: str
    queue_name: str
    dlq_url: str


class Stack(msgspec.Struct, frozen=True):
    """The Terraform outputs of an environment."""

    project_name: str
    region: str
    raw_bucket: str
    processed_bucket: str
    quarantine_bucket: str
    raw_queue_url: str
    raw_dlq_url: str
    held_queue_url: str
    parquet_queue_url: str
    parquet_dlq_url: str
    stream_name: str
    functions: dict[str, str]
    workgroup: str
    database: str
    datasets: list[str]
    warehouse_roles: dict[str, str]
    masking_secret_arn: str
    endpoint_url: str | None = None
    warehouse_port: int | None = None
    raw_retention_days: int = 365
    rollout_application: str | None = None
    worker: WorkerStack | None = None  # where large objects have one


class Context:
    """One run of the command."""

    def __init__(self, env: str, as_json: bool) -> None:
        self.env = env
        self.as_json = as_json
        # Without a terminal nobody reads the width: tables for a file or a pipe are not folded to 80 columns.
        self.out = Console(width=None if sys.stdout.isatty() else _PIPE_COLUMNS)
        self.err = Console(stderr=True)

    @cached_property
    def stack(self) -> Stack:
        """The environment's outputs, and its endpoint and Region set for every client.

        Raises
        ------
        Failure
            The environment does not exist, or nothing is deployed.
        """
        folder = ROOT / "environments" / self.env
        if not folder.is_dir():
            known = ", ".join(sorted(path.name for path in folder.parent.iterdir() if path.is_dir()))
            raise Failure(f"no environment {self.env!r}", f"one of: {known}")
        # In a script of our own: it finds the provider and says what is missing.
        command = [str(ROOT / "scripts/terraform"), f"-chdir={folder}", "output", "-json", "-no-color"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own words
        if done.returncode:
            raise Failure(f"cannot read the outputs of {self.env}: {done.stderr.strip()}", self._look_hint)
        outputs = json.loads(done.stdout)
        if "stack" not in outputs:
            raise Failure(f"nothing is deployed in {self.env}", self._deploy_hint)
        try:
            stack = msgspec.convert(outputs["stack"]["value"], Stack)
        except msgspec.ValidationError as error:
            raise Failure(f"{self.env} was deployed by another version: {error}", self._deploy_hint) from error
        point_clients_at(stack.region, stack.endpoint_url)
        return stack

    @property
    def _look_hint(self) -> str:
        # A clone from which nobody has looked at the account yet: it may well be deployed.
        return self._deploy_hint if self.env == "local" else f"run `make plan ENV={self.env} AWS=1`: it changes nothing"

    @property
    def _deploy_hint(self) -> str:
        return "run `make up`" if self.env == "local" else f"run `make apply ENV={self.env}`"

    @property
    def warehouse(self) -> Warehouse:
        return self.warehouse_as("analyst")

    def warehouse_as(self, role: str) -> Warehouse:
        """The warehouse as one of the roles that people take. The caller must be allowed to assume it."""
        stack = self.stack
        return Warehouse(stack.workgroup, stack.database, role_arn=stack.warehouse_roles[role])

    def print_json(self, value: Any) -> None:
        text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
        # Between strings there is nothing but ASCII and newlines, so what is replaced stands in a string.
        sys.stdout.write("".join(_escaped(letter) for letter in text) + "\n" if _has_controls(text) else text + "\n")

    def print_table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        table = Table(title=title or None, title_justify="left", header_style="bold")
        numbers = {index for index in range(len(columns)) if rows and all(isinstance(row[index], int) for row in rows)}
        for index, column in enumerate(columns):
            is_number = index in numbers
            table.add_column(column, justify="right" if is_number else "left", no_wrap=is_number, overflow="fold")
        for row in rows:
            table.add_row(*map(_cell, row))
        self.out.print(table)


def point_clients_at(region: str, endpoint_url: str | None) -> None:
    """Every client that is made from now on goes to this Region, or to the local cloud."""
    os.environ["AWS_DEFAULT_REGION"] = os.environ["AWS_REGION"] = region
    if endpoint_url:
        os.environ.update(_LOCAL_CREDENTIALS, AWS_ENDPOINT_URL=endpoint_url)
        os.environ.pop("AWS_PROFILE", None)


def _cell(value: Any) -> Text:
    """A value as a table shows it. Not markup: data may hold brackets."""
    if value is None:
        return Text("null", style="dim")
    if isinstance(value, int) and not isinstance(value, bool):
        return Text(f"{value:,}")
    return Text(printable(str(value)))


def printable(text: str) -> str:
    """The text with everything escaped that a terminal would obey: data must not command it."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _has_controls(text: str) -> bool:
    return not text.replace("\n", "").isprintable()


def _escaped(letter: str) -> str:
    return letter if letter.isprintable() or letter == "\n" else json.dumps(letter)[1:-1]


def aws_failure(error: ClientError | BotoCoreError) -> Failure:
    """What a failed AWS call means to a person."""
    return Failure(f"AWS: {error}", "is the stack up (`datavault status`), and are your credentials for its account?")
