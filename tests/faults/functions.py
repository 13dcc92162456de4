"""The three functions in this process: loaded from their files, with the environment of the deployed ones.

A function is loaded when it is first needed and thrown away when it is killed, so that the next delivery meets a fresh
module and empty caches, as after a cold start. Only boto3's clients stay: they hold no state of ours, and making them
takes longer than all the rest.
"""

import importlib.util
import io
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from botocore.client import BaseClient

from datavault.edges import clients
from datavault.stages import breaker

from .injector import Injector, Killed, Turns

ROOT = Path(__file__).resolve().parents[2]
ENTRY_POINTS = {"processor": "process_data", "enrichment": "enrich_data", "loader": "load_data"}
STAGES = tuple(ENTRY_POINTS)


@dataclass
class Context:
    """Lambda's context, on the injector's clock."""

    injector: Injector
    timeout_seconds: int
    function_name: str
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:datavault"
    aws_request_id: str = field(default_factory=lambda: str(uuid4()))

    def get_remaining_time_in_millis(self) -> int:
        return int((self.timeout_seconds - self.injector.clock) * 1000)


@dataclass
class Output:
    """Where a function logs to; the last megabyte is kept for a failed check."""

    text: str = ""

    def write(self, text: str) -> None:
        self.text = (self.text + text)[-1_000_000:]

    def flush(self) -> None:
        pass


class Functions:
    """Loads, invokes and throws away. `contracts` is the folder of compiled contracts that a fresh process reads."""

    def __init__(self, lambda_client: BaseClient, names: dict[str, str], injector: Injector, work: Path) -> None:
        self.injector = injector
        self.output = Output()
        self.contracts, self._released = work / "contracts", work / "released"
        for copy in (self.contracts, self._released):
            shutil.copytree(ROOT / "build" / "contracts", copy)
        # As they are now: the library in this process stays the one that it is, too.
        self._handlers = work / "handlers"
        for stage in STAGES:
            (self._handlers / stage).mkdir(parents=True)
            shutil.copy(ROOT / "lambdas" / stage / "handler.py", self._handlers / stage)
        self._loaded: dict[str, ModuleType] = {}
        self._configuration = {
            stage: lambda_client.get_function_configuration(FunctionName=names[stage]) for stage in STAGES
        }

    def fresh(self, *stages: str) -> None:
        """The next invocation is a cold start."""
        for stage in stages or STAGES:
            self._loaded.pop(stage, None)
        for name, module in list(sys.modules.items()):
            if name.startswith("datavault."):
                for thing in vars(module).values():
                    if hasattr(thing, "cache_clear") and thing is not clients.client:
                        thing.cache_clear()
        breaker.forget()

    def deploy(self, dataset: str, **changes: Any) -> None:
        """Bring out another contract of a dataset, the released one but for `changes`; the next cold start reads it."""
        released = msgspec.json.decode((self._released / f"{dataset}.json").read_bytes())
        (self.contracts / f"{dataset}.json").write_bytes(msgspec.json.encode(released | changes))
        self.fresh()

    def variable(self, stage: str, name: str) -> str:
        return str(self._configuration[stage]["Environment"]["Variables"][name])

    def timeout_seconds(self, stage: str) -> int:
        return int(self._configuration[stage]["Timeout"])

    def load(self, stage: str) -> ModuleType:
        """A fresh module of the stage's handler."""
        environment = dict(self._configuration[stage]["Environment"]["Variables"])
        environment |= {"DATAVAULT_CONTRACTS": str(self.contracts), "AWS_LAMBDA_FUNCTION_NAME": stage}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                if not name.startswith("AWS_ENDPOINT"):
                    patch.setenv(name, value)
            file = self._handlers / stage / "handler.py"
            spec = importlib.util.spec_from_file_location(f"faults_{stage}_{uuid4().hex}", file)
            if spec is None or spec.loader is None:
                raise FileNotFoundError(file)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        module.logger.registered_handler.stream = self.output
        if stage == "loader":
            self._as_deployed(module)
        return module

    def _as_deployed(self, loader: ModuleType) -> None:
        """The warehouse knows the loader by its IAM role, which this process has to take for it."""
        role = self._configuration["loader"]["Role"]
        clients.client("redshift-data", role)  # before the function runs: the call is not one of its own
        warehouse = msgspec.structs.replace(loader.target.warehouse, role_arn=role)
        loader.target = msgspec.structs.replace(loader.target, warehouse=warehouse)

    def invoke(self, stage: str, event: dict[str, Any]) -> list[str]:
        """Invoke a stage as Lambda does; the identifiers of the items that failed.

        Raises
        ------
        Killed
            The process has ended in the middle, by a fault or because its time was over; it is thrown away.
        """
        if stage not in self._loaded:
            self._loaded[stage] = self.load(stage)
        try:
            with (
                self.injector.invocation(stage, self.timeout_seconds(stage)),
                self._printing(),
                self._environment(stage),
            ):
                return self._call(self._loaded[stage], stage, event)
        except Killed:
            self.fresh()
            raise

    def invoke_twice(self, stage: str, event: dict[str, Any], turns: Turns) -> list[list[str] | BaseException]:
        """Two processes of a stage work on one event at the same time; what each answered, or how it ended."""
        modules = [self.load(stage), self.load(stage)]
        answers: list[list[str] | BaseException] = [Killed(), Killed()]

        def work(number: int) -> None:
            turns.join(number)
            try:
                answers[number] = self._call(modules[number], stage, event)
            except BaseException as error:
                answers[number] = error
            finally:
                turns.leave()

        with self.injector.invocation(stage, self.timeout_seconds(stage)), self._printing(), self._environment(stage):
            self.injector.gate = turns
            threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.injector.gate = None
        return answers

    def _call(self, module: ModuleType, stage: str, event: dict[str, Any]) -> list[str]:
        context = Context(self.injector, self.timeout_seconds(stage), stage)
        answer = getattr(module, ENTRY_POINTS[stage])(event, context)
        return [item["itemIdentifier"] for item in answer["batchItemFailures"]]

    @contextmanager
    def _environment(self, stage: str) -> Iterator[None]:
        """Powertools looks into the environment at each metric."""
        variables = self._configuration[stage]["Environment"]["Variables"]
        before = dict(os.environ)
        os.environ.update({name: value for name, value in variables.items() if name.startswith("POWERTOOLS")})
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    @contextmanager
    def _printing(self) -> Iterator[None]:
        before, sys.stdout = sys.stdout, io.TextIOWrapper(io.BytesIO())
        try:
            yield
        finally:
            sys.stdout = before
