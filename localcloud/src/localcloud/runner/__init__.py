"""Runs AWS Lambda functions as child processes through the real Lambda Runtime API.

Nothing here knows an AWS engine: hand an `Environment` the unzipped code of a function, call `invoke`, and read the
`Outcome`. Which environment serves which invocation, how many there are and how long an idle one lives is the engine's
business (LocalStack's assignment service here), as it is on AWS, where the service decides it and not the sandbox.
"""

from localcloud.runner.environment import Environment
from localcloud.runner.interpreter import prepare_interpreter
from localcloud.runner.model import Function, Invocation, Outcome

__all__ = ["Environment", "Function", "Invocation", "Outcome", "prepare_interpreter"]
