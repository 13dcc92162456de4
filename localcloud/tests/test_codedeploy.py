"""CodeDeploy's deployments of a function: the AppSpec, the steps, what ends them, and what is rolled back."""

import json
from typing import Any

import pytest

from localcloud.plugins.codedeploy import deployments
from localcloud.plugins.codedeploy.appspec import ReleaseError, Shift, parse, predefined, steps
from localcloud.plugins.codedeploy.deployments import Deployment, FailedError, run

ALL_EVENTS = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]
CANARY = predefined()["CodeDeployDefault.LambdaCanary10Percent5Minutes"]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployments, "SECONDS_OF_A_MINUTE", 0.001)
    monkeypatch.setattr(deployments, "LOOK_SECONDS", 0.001)


class Account:
    """One alias at version 1, and an alarm that goes off at the given share of the target."""

    def __init__(self, alarm_at: float | None = None, missing_version: str | None = None) -> None:
        self.routes: list[tuple[str, dict[str, float]]] = [("1", {})]
        self.alarm_at = alarm_at
        self.missing_version = missing_version

    def version(self, function: str, alias: str) -> tuple[str, dict[str, float]]:
        assert (function, alias) == ("loader", "live")
        return self.routes[-1]

    def route(self, function: str, alias: str, version: str, weights: dict[str, float]) -> None:
        assert (function, alias) == ("loader", "live")
        if self.missing_version in (version, *weights):
            raise FailedError("INVALID_LAMBDA_CONFIGURATION", "no such version")
        self.routes.append((version, weights))

    def active_alarms(self, names: list[str]) -> list[str]:
        shares = self.routes[-1][1].values()
        return names if self.alarm_at is not None and any(share >= self.alarm_at for share in shares) else []


def deployment(current: str = "1", events: list[str] | None = None) -> Deployment:
    info: dict[str, Any] = {
        "applicationName": "a",
        "deploymentGroupName": "g",
        "deploymentConfigName": "c",
        "computePlatform": "Lambda",
        "deploymentId": "d-1",
    }
    group = {
        "alarmConfiguration": {"enabled": True, "alarms": [{"name": "errors"}]},
        "autoRollbackConfiguration": {"enabled": events is not None, "events": events or []},
    }
    return Deployment(info, Shift("loader", "live", current, "2"), group)


def spec(**changes: Any) -> str:
    properties = {"Name": "loader", "Alias": "live", "CurrentVersion": "1", "TargetVersion": 2}
    resource = {"Type": "AWS::Lambda::Function", "Properties": properties}
    return json.dumps({"version": 0.0, "Resources": [{"loader": resource}], **changes})


def test_an_appspec_says_what_to_shift() -> None:
    assert parse(spec()) == Shift("loader", "live", "1", "2")


@pytest.mark.parametrize(
    "content",
    [
        "version: 0.0",
        "[]",
        "{}",
        spec(Resources=[]),
        spec(Resources=[{"a": {"Type": "AWS::Lambda::Function", "Properties": {}}}]),
        spec(Hooks=[{"BeforeAllowTraffic": "check"}]),
        spec().replace("Lambda::Function", "ECS::Service"),
    ],
)
def test_an_appspec_that_is_not_understood_is_refused(content: str) -> None:
    with pytest.raises(ReleaseError) as error:
        parse(content)
    assert error.value.code == "InvalidRevisionException"


def test_a_canary_has_one_step_a_linear_many_and_all_at_once_none() -> None:
    assert steps(CANARY) == [(0.1, 5)]
    assert [share for share, _ in steps(predefined()["CodeDeployDefault.LambdaLinear10PercentEvery1Minute"])] == [
        pytest.approx(share / 10) for share in range(1, 10)
    ]
    assert steps(predefined()["CodeDeployDefault.LambdaAllAtOnce"]) == []


def test_the_traffic_goes_to_the_target_step_by_step() -> None:
    account, begun = Account(), deployment()

    run(begun, CANARY, account, pytest.fail)

    assert account.routes == [("1", {}), ("1", {"2": 0.1}), ("2", {})]
    assert begun.info["status"] == "Succeeded"


def test_an_alarm_stops_it_and_brings_the_old_version_back() -> None:
    account, begun, kept = Account(alarm_at=0.1), deployment(events=ALL_EVENTS), list[Deployment]()

    run(begun, CANARY, account, kept.append)

    assert account.routes[-2:] == [("1", {"2": 0.1}), ("1", {})]
    assert begun.info["status"] == "Stopped"
    assert begun.info["errorInformation"]["code"] == "ALARM_ACTIVE"
    assert begun.info["rollbackInfo"]["rollbackDeploymentId"] == kept[0].info["deploymentId"]
    assert kept[0].info["creator"] == "codeDeployRollback"


def test_without_rollback_a_stopped_deployment_leaves_its_weights() -> None:
    account, begun = Account(alarm_at=0.1), deployment()

    run(begun, CANARY, account, pytest.fail)

    assert account.routes[-1] == ("1", {"2": 0.1})
    assert begun.info["status"] == "Stopped"


def test_a_person_stops_it() -> None:
    account, begun, kept = Account(), deployment(), list[Deployment]()
    begun.rolls_back_when_stopped = True
    begun.stop.set()

    run(begun, CANARY, account, kept.append)

    assert account.routes[-1] == ("1", {})
    assert begun.info["errorInformation"]["code"] == "MANUAL_STOP"
    assert len(kept) == 1


@pytest.mark.parametrize("routes", [("3", {}), ("1", {"4": 0.5})])
def test_an_alias_that_is_elsewhere_is_left_alone(routes: tuple[str, dict[str, float]]) -> None:
    account, begun = Account(), deployment(events=ALL_EVENTS)
    account.routes = [routes]

    run(begun, CANARY, account, pytest.fail)

    assert account.routes == [routes]
    assert begun.info["status"] == "Failed"


def test_a_version_that_is_gone_fails_the_deployment() -> None:
    account, begun = Account(missing_version="2"), deployment(events=ALL_EVENTS)

    run(begun, CANARY, account, pytest.fail)

    assert account.routes == [("1", {})]
    assert begun.info["errorInformation"] == {"code": "INVALID_LAMBDA_CONFIGURATION", "message": "no such version"}
