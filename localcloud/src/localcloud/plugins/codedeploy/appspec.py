"""What a deployment of CodeDeploy is to do: the AppSpec of a Lambda function, and the steps of a configuration."""

import json
from dataclasses import dataclass
from typing import Any


class ReleaseError(Exception):
    """What CodeDeploy answers to a request that it refuses: the name of its error, and words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Shift:
    """What an AppSpec wants."""

    function: str
    alias: str
    current: str
    target: str


def parse(content: str) -> Shift:
    """Read an AppSpec in JSON.

    Raises
    ------
    ReleaseError
        When it is not one of a Lambda function, or wants what is not emulated.
    """
    try:
        document = json.loads(content)
        ((resource,),) = (entry.values() for entry in document["Resources"])
        properties = resource["Properties"]
        shift = Shift(*(str(properties[name]) for name in ("Name", "Alias", "CurrentVersion", "TargetVersion")))
        kind = resource["Type"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"the local CodeDeploy takes an AppSpec in JSON with one Lambda function: {error!r}"
        raise ReleaseError("InvalidRevisionException", message) from None
    if kind != "AWS::Lambda::Function" or document.get("Hooks"):
        raise ReleaseError("InvalidRevisionException", "the local CodeDeploy shifts functions only, without hooks")
    return shift


def steps(routing: dict[str, Any]) -> list[tuple[float, float]]:
    """Shares of the traffic that the target has, and how many minutes it has each, until it has all."""
    if routing["type"] == "TimeBasedCanary":
        canary = routing["timeBasedCanary"]
        return [(canary["canaryPercentage"] / 100, canary["canaryInterval"])]
    if routing["type"] == "TimeBasedLinear":
        linear = routing["timeBasedLinear"]
        shares = range(linear["linearPercentage"], 100, linear["linearPercentage"])
        return [(share / 100, linear["linearInterval"]) for share in shares]
    return []


def predefined() -> dict[str, dict[str, Any]]:
    """The configurations that every account has.

    https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html
    """
    found: dict[str, dict[str, Any]] = {"CodeDeployDefault.LambdaAllAtOnce": {"type": "AllAtOnce"}}
    for minutes in (5, 10, 15, 30):
        found[f"CodeDeployDefault.LambdaCanary10Percent{minutes}Minutes"] = {
            "type": "TimeBasedCanary",
            "timeBasedCanary": {"canaryPercentage": 10, "canaryInterval": minutes},
        }
    for minutes in (1, 2, 3, 10):
        found[f"CodeDeployDefault.LambdaLinear10PercentEvery{minutes}Minute{'s' if minutes > 1 else ''}"] = {
            "type": "TimeBasedLinear",
            "timeBasedLinear": {"linearPercentage": 10, "linearInterval": minutes},
        }
    return found
