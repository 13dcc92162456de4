"""Faults at the border to AWS: every call of a function is numbered, and one of them goes wrong.

Two borders of botocore are wrapped. A *call* is one operation with its retries (`BaseClient._make_api_call`): there a
function is killed, and answers are changed. A *send* is one HTTP request of it (`Endpoint._send`): there answers are
500 or 503 and connections are lost, so that botocore's own retries have to help. Calls of the harness itself pass.
"""

import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import botocore.client
import botocore.endpoint
import botocore.retries.standard
import pytest
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.exceptions import ClientError, ConnectionClosedError

from datavault.stages import enrichment, loader, processor  # noqa: F401  their pauses are patched

Answer = dict[str, Any]
Proceed = Callable[..., Any]


class Killed(BaseException):
    """The function's process has ended. Nothing in it may catch this, as nothing catches SIGKILL."""


@dataclass(frozen=True)
class Call:
    """One AWS call of a function: the `nth` (from 1) of its operation and place in this run of the scenario."""

    function: str
    operation: str  # as botocore names it: PutObject, PutRecords, BatchExecuteStatement
    place: str  # the first folder of an S3 key; empty elsewhere
    nth: int

    def __str__(self) -> str:
        return f"{self.operation}{f' {self.place}' if self.place else ''} #{self.nth}"


type Around = Callable[[Call, dict[str, Any], Proceed], Answer]
type Send = Callable[[Call, AWSRequest, Proceed], AWSResponse]


@dataclass
class Fault:
    """What goes wrong, and where. `around` wraps the whole call, `send` each of its HTTP requests."""

    name: str
    at: Callable[[Call], bool]
    around: Around | None = None
    send: Send | None = None
    hits: int = 0


@dataclass
class Injector:
    """The faults in force, what was called, and the clock of the function that runs."""

    calls: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    function: str = ""  # whose code runs now; empty: the harness's
    is_dead: bool = False
    clock: float = 0.0  # seconds of the invocation that were not really waited
    timeout_seconds: float = 60.0
    gate: Callable[[Proceed], Any] | None = None  # takes turns between two functions that run at the same time

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._here = threading.local()

    def start(self, *faults: Fault) -> None:
        """Begin a run of a scenario: count from 1, with these faults."""
        self.calls, self.faults, self._counts = [], list(faults), Counter()

    @contextmanager
    def invocation(self, function: str, timeout_seconds: float) -> Iterator[None]:
        """What is called in here is called by that function."""
        self.function, self.is_dead, self.clock, self.timeout_seconds = function, False, 0.0, timeout_seconds
        try:
            yield
        finally:
            self.function = ""

    def kill(self) -> Killed:
        """End the process: threads of it that still run end at their next call."""
        self.is_dead = True
        return Killed()

    def call(self, service: str, operation: str, given: dict[str, Any], proceed: Proceed) -> Any:
        if not self.function:
            return proceed(given)
        if self.is_dead:
            raise Killed
        if self.clock >= self.timeout_seconds:  # Lambda ends a function whose time is over
            raise self.kill()
        place = str(given.get("Key", "")).partition("/")[0] if service == "s3" else ""
        with self._lock:
            self._counts[self.function, operation, place] += 1
            call = Call(self.function, operation, place, self._counts[self.function, operation, place])
            self.calls.append(call)
            fault = next((fault for fault in self.faults if fault.at(call)), None)
            if fault is not None and fault.around is not None:
                fault.hits += 1
        self._here.call, self._here.fault = call, fault
        try:
            if fault is not None and fault.around is not None:
                return fault.around(call, given, proceed)
            return self.gate(lambda: proceed(given)) if self.gate else proceed(given)
        finally:
            self._here.call = self._here.fault = None

    def send(self, request: AWSRequest, proceed: Proceed) -> Any:
        call, fault = getattr(self._here, "call", None), getattr(self._here, "fault", None)
        if call is None or fault is None or fault.send is None:
            return proceed(request)
        fault.hits += 1
        return fault.send(call, request, proceed)

    def sleep(self, seconds: float) -> None:
        """A function's pause: its clock goes on, ours hardly does."""
        self.clock += seconds
        time.sleep(min(seconds, 0.03))


@contextmanager
def installed() -> Iterator[Injector]:
    """Wrap botocore, and make pauses short: botocore decides how often it tries, not how long the tests take."""
    injector = Injector()
    real_call, real_send = botocore.client.BaseClient._make_api_call, botocore.endpoint.Endpoint._send

    def call(client: Any, operation: str, given: dict[str, Any]) -> Any:
        service = client.meta.service_model.service_name
        return injector.call(service, operation, given, lambda changed: real_call(client, operation, changed))

    def send(endpoint: Any, request: AWSRequest) -> Any:
        return injector.send(request, lambda changed: real_send(endpoint, changed))

    shim = SimpleNamespace(sleep=injector.sleep, monotonic=time.monotonic, time=time.time)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.client.BaseClient, "_make_api_call", call)
        patch.setattr(botocore.endpoint.Endpoint, "_send", send)
        patch.setattr(botocore.retries.standard.ExponentialBackoff, "delay_amount", lambda *_: 0.001)
        for name, module in list(sys.modules.items()):
            if name.startswith(("datavault.edges.", "datavault.stages.")) and getattr(module, "time", None) is time:
                patch.setattr(module, "time", shim)
        yield injector


# Where


def at(call: Call) -> Callable[[Call], bool]:
    """This very call."""
    return lambda other: other == call


def nth(
    function: str, operation: str, place: str = "", numbers: range | tuple[int, ...] = (1,)
) -> Callable[[Call], bool]:
    return lambda call: (
        (call.function, call.operation) == (function, operation)
        and (call.place == place or not place)
        and call.nth in numbers
    )


ALWAYS = range(1, 1_000_000)


# What: at the call


def kill_before(injector: Injector) -> Around:
    def around(_call: Call, _given: dict[str, Any], _proceed: Proceed) -> Answer:
        raise injector.kill()

    return around


def kill_after(injector: Injector) -> Around:
    """The call takes effect; its answer never arrives."""

    def around(_call: Call, given: dict[str, Any], proceed: Proceed) -> Answer:
        proceed(given)
        raise injector.kill()

    return around


def refuse(code: str, status: int, message: str = "injected") -> Around:
    """AWS's error instead of the call."""

    def around(call: Call, _given: dict[str, Any], _proceed: Proceed) -> Answer:
        answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(answer, call.operation)

    return around


def slow(injector: Injector, seconds: float) -> Around:
    """The answer takes that long, on the function's clock."""

    def around(_call: Call, given: dict[str, Any], proceed: Proceed) -> Answer:
        answer: Answer = proceed(given)
        injector.clock += seconds
        if injector.clock >= injector.timeout_seconds:
            raise injector.kill()
        return answer

    return around


def first(action: Callable[[dict[str, Any]], None]) -> Around:
    """Something happens in the world just before the call."""

    def around(_call: Call, given: dict[str, Any], proceed: Proceed) -> Answer:
        action(given)
        answer: Answer = proceed(given)
        return answer

    return around


def changed(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Around:
    """The call is made with other parameters."""
    return lambda _call, given, proceed: proceed(change(dict(given)))


def answered(change: Callable[[Answer], Answer]) -> Around:
    """The function hears another answer."""
    return lambda _call, given, proceed: change(proceed(given))


def some_records_fail(picked: Callable[[int], bool], code: str, *, is_count_true: bool = True) -> Around:
    """PutRecords takes the records whose position is not picked; the others do not reach the stream."""

    def around(_call: Call, given: dict[str, Any], proceed: Proceed) -> Answer:
        records = given["Records"]
        taken = [record for position, record in enumerate(records) if not picked(position)]
        answers = iter(proceed(given | {"Records": taken})["Records"]) if taken else iter(())
        results = [
            {"ErrorCode": code, "ErrorMessage": "injected"} if picked(position) else next(answers)
            for position in range(len(records))
        ]
        failed = len(records) - len(taken)
        return {"FailedRecordCount": failed if is_count_true else int(not failed), "Records": results}

    return around


# What: at each HTTP request


def respond(status: int, code: str, times: int = 1_000) -> Send:
    """An error that the service sends by itself, `times` times; the request does not arrive."""
    left = [times]

    def send(call: Call, request: AWSRequest, proceed: Proceed) -> AWSResponse:
        if not left[0]:
            return proceed(request)
        left[0] -= 1
        return response(request, status, code)

    return send


def response(request: AWSRequest, status: int, code: str) -> AWSResponse:
    headers = {"x-amzn-errortype": code, "content-type": "application/json"}
    body = f'{{"__type": "{code}", "message": "injected"}}'
    if ".s3" in str(request.url) or "X-Amz-Target" not in request.headers:
        headers = {"content-type": "application/xml"}
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>injected</Message></Error>"
    if request.method == "HEAD":
        body = ""
    return AWSResponse(request.url, status, headers, _Raw(body.encode()))


class _Raw:
    """As much of a urllib3 response as botocore reads."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._body

    def read(self, *_: Any, **__: Any) -> bytes:
        body, self._body = self._body, b""
        return body

    def close(self) -> None:
        pass


def lose(times: int = 1, *, after: bool) -> Send:
    """The connection is lost, before the request arrives or after it took effect."""
    left = [times]

    def send(_call: Call, request: AWSRequest, proceed: Proceed) -> AWSResponse:
        if not left[0]:
            return proceed(request)
        left[0] -= 1
        if after:
            proceed(request)
        raise ConnectionClosedError(endpoint_url=request.url)

    return send


# Two at the same time


class Turns:
    """Two threads that make their calls in an order drawn from a seed, or each at the same moment (no seed)."""

    def __init__(self, seed: int | None) -> None:
        self._chance = random.Random(seed)
        self._is_race = seed is None
        self._barrier = threading.Barrier(2)
        self._condition = threading.Condition()
        self._running = 2
        self._turn = self._chance.randrange(2)
        self._names: dict[int, int] = {}

    def join(self, number: int) -> None:
        self._names[threading.get_ident()] = number

    def leave(self) -> None:
        with self._condition:
            self._running -= 1
            self._barrier.abort()
            self._condition.notify_all()

    def __call__(self, proceed: Callable[[], Any]) -> Any:
        number = self._names.get(threading.get_ident())
        if number is None:  # a helper thread of a function
            return proceed()
        if self._is_race:
            with suppress(threading.BrokenBarrierError):  # the other one has ended
                self._barrier.wait(timeout=10)
            return proceed()
        with self._condition:
            self._condition.wait_for(lambda: self._turn == number or self._running < 2, timeout=10)
        try:
            return proceed()
        finally:
            with self._condition:
                self._turn = self._chance.randrange(2)
                self._condition.notify_all()
