"""The deployed functions with their mappings on, calling AWS through the fault proxy."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from datavault.cli.context import Stack
from datavault.cli.rollout import ALIAS

from .books import Books, Verdict
from .functions import STAGES
from .proxy import FaultProxy

_POLL_SECONDS = 0.5


def release_with(functions: Any, name: str, variables: dict[str, str]) -> None:
    """Make a version of a deployed function with another environment, and put it behind the alias."""
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    version = functions.publish_version(FunctionName=name)["Version"]
    functions.get_waiter("published_version_active").wait(
        FunctionName=name, Qualifier=version, WaiterConfig={"Delay": 1}
    )
    functions.update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=version)


@contextmanager
def through_proxy(aws: Callable[[str], Any], stack: Stack) -> Iterator[FaultProxy]:
    """The functions find the endpoint behind the proxy; afterwards as Terraform has it."""
    functions = aws("lambda")
    before: dict[str, dict[str, str]] = {}
    with FaultProxy(str(stack.endpoint_url), list(STAGES)) as proxy:
        try:
            for stage in STAGES:
                name = stack.functions[stage]
                variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
                before[name] = variables
                release_with(functions, name, variables | {"AWS_ENDPOINT_URL": proxy.url(stage)})
            yield proxy
        finally:
            for name, variables in before.items():
                release_with(functions, name, variables)


def wait_for_books(books: Books, sent: Sequence[Any], seconds: float) -> Verdict:
    """Look until everything is where it belongs; what is still wrong at the end of the time."""
    end = time.monotonic() + seconds
    while True:
        verdict = books.check(sent)
        if verdict.is_good or time.monotonic() > end:
            return verdict
        time.sleep(_POLL_SECONDS)
