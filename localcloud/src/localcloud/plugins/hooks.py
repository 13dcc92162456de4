"""What LocalStack runs when it starts: our mends, the check that our executor is the one in use, and the ready mark."""

import os

from localstack.http import Request, Response
from localstack.runtime import hooks
from localstack.services.edge import ROUTER
from localstack.services.lambda_.invocation.runtime_executor import get_runtime_executor

from localcloud.plugins import mends
from localcloud.plugins.contract import INSTANCE_VARIABLE, READY_PATH
from localcloud.plugins.executor import ProcessExecutor


class ExecutorMissingError(RuntimeError):
    """LocalStack would run functions with Docker: it warns of an unknown executor, and then falls back."""


@hooks.on_infra_start()
def mend_and_check() -> None:
    """Mend LocalStack before it serves anything.

    Raises
    ------
    ExecutorMissingError
        When LocalStack would use another runtime executor; the start then ends with it.
    """
    executor = get_runtime_executor()
    if executor is not ProcessExecutor:
        raise ExecutorMissingError(f"the runtime executor is {executor.__name__}, not {ProcessExecutor.__name__}")
    mends.apply()


@hooks.on_infra_ready()
def announce() -> None:
    """Answer on the ready path; another server on the port, or LocalStack without our plugins, does not."""

    def ready(_request: Request) -> Response:
        response = Response()
        response.set_json({"instance_id": os.environ[INSTANCE_VARIABLE]})
        return response

    ROUTER.add(READY_PATH, ready)
