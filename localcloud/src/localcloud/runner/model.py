"""What goes into the runner and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Function:
    """One version of a Lambda function, its code already unzipped.

    Attributes
    ----------
    variables
        Environment variables: the function's own and those that the engine gives (endpoint, region, credentials,
        `AWS_LAMBDA_*`). The process gets these, what the runner adds, and nothing else.
    """

    code: Path
    handler: str
    version: str
    memory_mb: int
    timeout_seconds: int
    variables: Mapping[str, str]


@dataclass(frozen=True)
class Invocation:
    """One event for a function."""

    request_id: str
    payload: bytes
    function_arn: str
    trace_id: str


@dataclass(frozen=True)
class Outcome:
    """What became of an invocation.

    Attributes
    ----------
    payload
        The function's answer, or AWS's error object (`errorMessage`, `errorType`) when `is_error`.
    log
        START, what the function printed, END and REPORT, as CloudWatch Logs would show them.
    """

    payload: bytes
    is_error: bool
    log: str
