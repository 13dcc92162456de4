"""CodeDeploy's deployments of a Lambda function: they move an alias step by step, watch alarms, and roll back."""

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from localcloud.plugins.codedeploy.appspec import Shift, steps

# A minute of a configuration lasts a second here: nobody waits five minutes for a laptop.
SECONDS_OF_A_MINUTE = 1.0
# Pause between two looks at the alarms.
LOOK_SECONDS = 0.1


class FailedError(Exception):
    """What ends a deployment that had begun; the code is one of DeploymentInfo's errorInformation."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Functions(Protocol):
    """What a deployment needs of the account's other services."""

    def version(self, function: str, alias: str) -> tuple[str, dict[str, float]]:
        """Version of the alias, and the weights of others; FailedError when there is no such alias."""

    def route(self, function: str, alias: str, version: str, weights: dict[str, float]) -> None:
        """Point the alias; FailedError when it refuses."""

    def active_alarms(self, names: list[str]) -> list[str]:
        """Those of the alarms that are in the state ALARM."""


@dataclass
class Deployment:
    """One deployment: what GetDeployment answers, and the signal that stops it."""

    info: dict[str, Any]
    shift: Shift
    group: dict[str, Any]
    stop: threading.Event = field(default_factory=threading.Event)
    rolls_back_when_stopped: bool = False

    def rolls_back(self, event: str) -> bool:
        """Say whether the group rolls back after such an event."""
        settings = self.group.get("autoRollbackConfiguration", {})
        return bool(settings.get("enabled")) and event in settings.get("events", [])

    def alarms(self) -> list[str]:
        """Names of the alarms that stop it."""
        settings = self.group.get("alarmConfiguration", {})
        return [alarm["name"] for alarm in settings.get("alarms", [])] if settings.get("enabled") else []


def run(
    deployment: Deployment, routing: dict[str, Any], functions: Functions, keep: Callable[[Deployment], None]
) -> None:
    """Shift the traffic, to the end or until something stops it; `keep` takes the deployment that rolled it back."""
    info, shift = deployment.info, deployment.shift
    info |= {"status": "InProgress", "startTime": _now()}
    try:
        _shift(deployment, routing, functions)
        functions.route(shift.function, shift.alias, shift.target, {})
    except FailedError as error:
        event = {"ALARM_ACTIVE": "DEPLOYMENT_STOP_ON_ALARM", "MANUAL_STOP": "DEPLOYMENT_STOP_ON_REQUEST"}.get(
            error.code, "DEPLOYMENT_FAILURE"
        )
        info["errorInformation"] = {"code": error.code, "message": str(error)}
        back = deployment.rolls_back(event) or deployment.rolls_back_when_stopped
        if back and error.code != "INVALID_LAMBDA_CONFIGURATION":
            keep(_roll_back(deployment, functions))
        # Last: who sees that it ended also sees how.
        info |= {"completeTime": _now(), "status": "Failed" if event == "DEPLOYMENT_FAILURE" else "Stopped"}
        return
    info |= {"completeTime": _now(), "status": "Succeeded"}


def _shift(deployment: Deployment, routing: dict[str, Any], functions: Functions) -> None:
    shift = deployment.shift
    found, weights = functions.version(shift.function, shift.alias)
    if found != shift.current or weights:
        raise FailedError(
            "INVALID_LAMBDA_CONFIGURATION",
            f"the alias {shift.alias} of {shift.function} is at {found} {weights or ''}, not at {shift.current}",
        )
    _look(deployment, functions)
    for share, minutes in steps(routing):
        functions.route(shift.function, shift.alias, shift.current, {shift.target: share})
        looks = max(1, round(minutes * SECONDS_OF_A_MINUTE / LOOK_SECONDS))
        for _ in range(looks):
            deployment.stop.wait(LOOK_SECONDS)
            _look(deployment, functions)


def _look(deployment: Deployment, functions: Functions) -> None:
    if deployment.stop.is_set():
        raise FailedError("MANUAL_STOP", "Deployment stopped by the user.")
    if active := functions.active_alarms(deployment.alarms()):
        raise FailedError("ALARM_ACTIVE", f"One or more alarms have been activated: {', '.join(active)}")


def _roll_back(deployment: Deployment, functions: Functions) -> Deployment:
    shift = deployment.shift
    functions.route(shift.function, shift.alias, shift.current, {})
    info = {
        **{
            name: deployment.info[name]
            for name in ("applicationName", "deploymentGroupName", "deploymentConfigName", "computePlatform")
        },
        "deploymentId": new_id(),
        "creator": "codeDeployRollback",
        "status": "Succeeded",
        "createTime": _now(),
        "completeTime": _now(),
        "rollbackInfo": {"rollbackTriggeringDeploymentId": deployment.info["deploymentId"]},
    }
    deployment.info["rollbackInfo"] = {
        "rollbackDeploymentId": info["deploymentId"],
        "rollbackMessage": f"rolled back to version {shift.current}",
    }
    return Deployment(info, shift, deployment.group)


def new_id() -> str:
    """Make an id as CodeDeploy's look."""
    return f"d-{uuid.uuid4().hex[:9].upper()}"


def _now() -> datetime:
    return datetime.now(UTC)
