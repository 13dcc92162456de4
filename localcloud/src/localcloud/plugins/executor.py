"""LocalStack's runtime executor "process": its execution environments are our runner's, without Docker.

LocalStack decides which environment serves an invocation, keeps idle ones for LAMBDA_KEEPALIVE_MS, enforces reserved
concurrency, and writes the log that an invocation returns to CloudWatch Logs. LAMBDA_RUNTIME_EXECUTOR=process
chooses it.
"""

import logging
import os
import threading
from collections import Counter
from pathlib import Path
from typing import Any, override

from localstack.aws.api.lambda_ import PackageType
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import LambdaRuntimeException, RuntimeExecutor

from localcloud.plugins.contract import ENVIRONMENTS_VARIABLE, INTERPRETER_VARIABLE
from localcloud.runner import Environment, Function, Invocation

LOG = logging.getLogger(__name__)

# The runner's Python is this process's own.
RUNTIME = "python3.13"

# What LocalStack computes for a function and AWS has too. The rest of what it hands over speaks to its own runtime
# inside its own container image.
ENGINE_VARIABLES = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_FORMAT",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_LEVEL",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "_HANDLER",
    }
)

# How many versions run each unzipped code.
_code_users: Counter[str] = Counter()
_code_lock = threading.Lock()


class ProcessExecutor(RuntimeExecutor):
    """One environment of one function version."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:
        super().__init__(id, function_version)
        self._environment: Environment | None = None
        self._lock = threading.Lock()

    @classmethod
    @override
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Unzip the code, or refuse what the runner cannot run: the function is then Failed, with the reason."""
        config = function_version.config
        if config.package_type != PackageType.Zip:
            raise LambdaRuntimeException("the local cloud runs zip packages only, no container images")
        if config.runtime != RUNTIME:
            raise LambdaRuntimeException(f"the local cloud runs {RUNTIME} only, not {config.runtime}")
        if config.layers:
            raise LambdaRuntimeException("the local cloud has no layers: put the dependencies into the zip")
        config.code.prepare_for_execution()
        with _code_lock:
            _code_users[str(config.code.get_unzipped_code_location())] += 1

    @classmethod
    @override
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        code = function_version.config.code
        if not code:
            return
        # A change of the configuration alone makes a new version of the same code, before the old one is cleaned up.
        with _code_lock:
            place = str(code.get_unzipped_code_location())
            _code_users[place] -= 1
            if _code_users[place] <= 0:
                del _code_users[place]
                code.destroy_cached()

    @override
    def start(self, env_vars: dict[str, Any]) -> None:
        config = self.function_version.config
        engine = {name: str(value) for name, value in env_vars.items() if name in ENGINE_VARIABLES}
        if level := engine.get("AWS_LAMBDA_LOG_LEVEL"):
            engine["AWS_LAMBDA_LOG_LEVEL"] = level.upper()  # LocalStack says "Info", AWS "INFO"
        function = Function(
            code=Path(config.code.get_unzipped_code_location()),
            handler=config.handler,
            version=self.function_version.id.qualifier,
            memory_mb=config.memory_size,
            timeout_seconds=config.timeout,
            variables={**engine, **(config.environment or {})},
        )
        environment = Environment(
            function, Path(os.environ[INTERPRETER_VARIABLE]), Path(os.environ[ENVIRONMENTS_VARIABLE])
        )
        with self._lock:
            self._environment = environment
        environment.start()

    @override
    def stop(self) -> None:
        with self._lock:
            environment, self._environment = self._environment, None
        if environment is not None:
            environment.stop()

    @override
    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        environment = self._environment
        if environment is None:
            raise LambdaRuntimeException("the execution environment was stopped")
        request_id = payload["invoke-id"]
        outcome = environment.invoke(
            Invocation(
                request_id=request_id,
                payload=payload["payload"].encode(),
                function_arn=payload["invoked-function-arn"],
                trace_id=payload["trace-id"],
            )
        )
        return InvocationResult(request_id, outcome.payload, is_error=outcome.is_error, logs=outcome.log)

    @override
    def get_logs(self) -> str:
        environment = self._environment
        return environment.take_log() if environment else ""

    @override
    def get_address(self) -> str:
        return "127.0.0.1"

    @override
    def get_endpoint_from_executor(self) -> str:
        return "127.0.0.1"

    @override
    def get_runtime_endpoint(self) -> str:
        """LocalStack's own protocol with its container image, which nobody speaks here."""
        return ""


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    name = "process"

    @override
    def load(self, *args: object, **kwargs: object) -> type[ProcessExecutor]:
        return ProcessExecutor
