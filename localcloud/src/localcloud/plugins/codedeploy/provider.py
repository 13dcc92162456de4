"""The LocalStack edge: the service `codedeploy`, for functions only. What it does not do it refuses.

Moto has half of its operations, and no deployment of it moves anything.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it has no types
from localstack.aws.api import CommonServiceException, RequestContext, handler
from localstack.aws.connect import connect_to
from localstack.aws.spec import load_service
from localstack.services.plugins import Service, aws_provider

from localcloud.plugins.codedeploy.account import Account
from localcloud.plugins.codedeploy.appspec import ReleaseError
from localcloud.plugins.codedeploy.deployments import FailedError

Request = dict[str, Any]
Response = dict[str, Any]


@aws_provider(api="codedeploy")
def service() -> Service:
    """Make the service."""
    members: dict[str, Any] = {"service": "codedeploy"}
    for operation in load_service("codedeploy").operation_names:
        members[operation] = handler(operation, expand=False)(_method(operation))
    return Service.for_provider(type("Provider", (), members)())


def _method(name: str) -> Callable[..., Response]:
    def call(_self: object, context: RequestContext, request: Request | None = None) -> Response:
        account = _account(context.account_id, context.region)
        operation = account.operations().get(name)
        if operation is None:
            raise CommonServiceException("InternalFailure", f"{name} is not supported by the local CodeDeploy", 501)
        try:
            return operation(dict(request or {}))
        except ReleaseError as error:
            raise CommonServiceException(error.code, str(error)) from error

    call.__name__ = name
    return call


@cache
def _account(account: str, region: str) -> Account:
    return Account(account, region, _Functions(account, region))


class _Functions:
    """Aliases and alarms of an account, at this very LocalStack."""

    def __init__(self, account: str, region: str) -> None:
        self._clients = connect_to(aws_access_key_id=account, region_name=region)

    def version(self, function: str, alias: str) -> tuple[str, dict[str, float]]:
        try:
            found = self._clients.lambda_.get_alias(FunctionName=function, Name=alias)
        except ClientError as error:
            raise FailedError("INVALID_LAMBDA_CONFIGURATION", str(error)) from error
        return found["FunctionVersion"], found.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})

    def route(self, function: str, alias: str, version: str, weights: dict[str, float]) -> None:
        try:
            self._clients.lambda_.update_alias(
                FunctionName=function,
                Name=alias,
                FunctionVersion=version,
                RoutingConfig={"AdditionalVersionWeights": weights},
            )
        except ClientError as error:
            raise FailedError("INVALID_LAMBDA_CONFIGURATION", str(error)) from error

    def active_alarms(self, names: list[str]) -> list[str]:
        if not names:
            return []
        kinds = ["MetricAlarm", "CompositeAlarm"]
        # Asked for names, LocalStack passes over the state.
        found = self._clients.cloudwatch.describe_alarms(AlarmNames=names, AlarmTypes=kinds)
        alarms = found["MetricAlarms"] + found["CompositeAlarms"]
        return [alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM"]
