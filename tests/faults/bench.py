"""One run of a scenario under a fault: put, deliver until quiet, look into the books, note the point."""

import itertools
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from datavault.cli.context import Stack
from datavault.identity import RawObject

from .books import Books, Verdict
from .functions import Functions
from .injector import Call, Fault, Injector, Turns
from .pipeline import Delivered, Pipeline, StuckError
from .report import Point
from .scenarios import Content, Scenario

type Sent = list[tuple[RawObject, Content]]
# Runs of other processes on the same stack must not meet ours: order numbers and keys begin somewhere else.
_runs = itertools.count(1)


def clients(stack: Stack) -> Callable[[str], Any]:
    """Clients of the harness's own, by service: not those of the functions, which faults happen to."""
    config = Config(max_pool_connections=20)
    return cache(lambda service: boto3.client(service, endpoint_url=stack.endpoint_url, config=config))


class Bench:
    """The pipeline with a fault injector, and the points that were tried on it."""

    def __init__(
        self, stack: Stack, aws: Callable[[str], Any], injector: Injector, points: list[Point], work: Path
    ) -> None:
        self.stack, self.aws, self.injector, self.points = stack, aws, injector, points
        self.functions = Functions(aws("lambda"), stack.functions, injector, work)
        self.pipeline = Pipeline(stack, aws, self.functions)
        self.books = Books(stack, aws, self.pipeline)

    def put(self, contents: Sequence[Content]) -> Sent:
        number = next(_runs)
        return [
            (self.pipeline.put(f"{content.dataset}/faults/{number:06}-{place}.ndjson", content.body), content)
            for place, content in enumerate(contents)
        ]

    def prepare(self, scenario: Scenario, run: int) -> Sent:
        """What is there before the fault."""
        self.injector.start()
        self.pipeline.begin()
        sent = self.put(scenario.before(run))
        if sent:
            self.pipeline.settle([raw for raw, _ in sent])
        self.pipeline.delivered = Delivered()
        return sent

    def dry(self, scenario: Scenario, *faults: Fault) -> list[Call]:
        """Every call of every function in a run without a fault, or with the faults that are to come first."""
        verdict = self.run("dry run", scenario, "", "", "none", list(faults), keep=False)
        if not verdict.is_good:
            raise AssertionError(f"{scenario.name} fails without a fault: {verdict}")
        return first_questions(self.injector.calls)

    def run(  # noqa: PLR0917  one for each column of the table
        self,
        suite: str,
        scenario: Scenario,
        function: str,
        call: str,
        name: str,
        faults: list[Fault],
        *,
        act: Callable[[Sent], None] | None = None,
        judge: Callable[[Sent], Verdict] | None = None,
        keep: bool = True,
        needed: bool = True,
        note: str = "ok",
    ) -> Verdict:
        """Try one point. `act` happens after the put, before anything is delivered; `judge` replaces the usual books.

        `needed`: a point that the run does not reach is a failure, not a success.
        """
        run = next(_runs)
        # A contract of its own for each run: the first attempt archives it, however often the scenario was run.
        for dataset in ("flights", "orders"):
            self.functions.deploy(dataset, description=f"run {run}")
        with scenario.wire() or nullcontext():
            sent = self.prepare(scenario, run)
            self.injector.start(*faults)
            new = self.put(scenario.make(run))
            if act:
                act(new)
            sent += new
            try:
                self.pipeline.settle([raw for raw, _ in sent])
                stuck = ""
            except StuckError as error:
                stuck = str(error)
            finally:
                self.injector.faults = []
        verdict = judge(sent) if judge else self.books.check(sent)
        if stuck:
            verdict.findings.append(stuck)
        if not verdict.is_good:
            self._clear()
        reached = all(fault.hits for fault in faults)
        if not reached and not needed:
            return verdict
        if not reached:
            verdict.findings.append("the fault was never reached")
        if keep:
            self._note(suite, scenario, function, call, name, verdict, note)
        return verdict

    def race(self, function: str, scenario: Scenario, name: str, turns: Turns) -> Verdict:
        """Two processes of a function do the same work at the same time; the books must not show it."""
        run, pipeline = next(_runs), self.pipeline
        with scenario.wire():
            sent = self.prepare(scenario, run)
            self.injector.start()
            sent += self.put(scenario.make(run))
            pipeline.race = (function, turns)
            try:
                pipeline.settle([raw for raw, _ in sent])
            finally:
                pipeline.race = None
        verdict = self.books.check(sent)
        self._note("two at once", scenario, function, "every call", name, verdict)
        return verdict

    def secret(self) -> str:
        """The masking keys, to be put back by `restore_secret` after a rotation."""
        arn = self.functions.variable("enrichment", "DATAVAULT_MASKING_SECRET_ARN")
        return str(self.aws("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])

    def restore_secret(self, before: str) -> None:
        if self.secret() != before:
            arn = self.functions.variable("enrichment", "DATAVAULT_MASKING_SECRET_ARN")
            self.aws("secretsmanager").put_secret_value(SecretId=arn, SecretString=before)
            self.functions.fresh("enrichment")

    def _note(  # noqa: PLR0917  one for each column of the table
        self, suite: str, scenario: Scenario, function: str, call: str, name: str, verdict: Verdict, note: str = "ok"
    ) -> None:
        delivered = self.pipeline.delivered
        self.points.append(
            Point(
                suite=suite,
                scenario=scenario.name,
                function=function,
                call=call,
                fault=name,
                deliveries=delivered.invocations.total(),
                failed=delivered.failed.total(),
                rows=verdict.rows,
                lost=verdict.lost,
                duplicated=verdict.duplicated,
                is_balanced=verdict.is_balanced,
                outcome=note if verdict.is_good else f"FAILED: {'; '.join(verdict.findings)}"[:600],
            )
        )

    def _clear(self) -> None:
        """What a failed point left must not fail the next one."""
        for queue in (self.pipeline.raw, self.pipeline.parquet):
            queue.drain(queue.url)
            queue.drain(queue.dlq_url)
        self.pipeline.chunks.waiting.clear()
        self.functions.fresh()


def first_questions(calls: Sequence[Call]) -> list[Call]:
    """The calls without the repeated questions after one statement: how many there are depends on the machine."""
    before = ["", *(call.operation for call in calls)]
    return [
        call
        for call, previous in zip(calls, before, strict=False)
        if call.operation != "DescribeStatement" or previous != "DescribeStatement"
    ]
