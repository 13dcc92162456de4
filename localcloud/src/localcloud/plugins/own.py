"""A service of our own: its operations by account and region, and whatever else it is asked it refuses."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext, handler
from localstack.aws.spec import load_service
from localstack.services.plugins import Service

Request = dict[str, Any]
Response = dict[str, Any]
Operations = Mapping[str, Callable[[Request], Response]]


class RefusedError(Exception):
    """What the service answers instead, in AWS's words."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def own_service(name: str, make_account: Callable[[str, str], Operations]) -> Service:
    """Make the service; `make_account` gives the operations of an account in a region, by their names in the API."""
    operations = cache(make_account)
    members: dict[str, Any] = {"service": name}
    for operation in load_service(name).operation_names:
        members[operation] = handler(operation, expand=False)(_method(name, operation, operations))
    return Service.for_provider(type("Provider", (), members)())


def _method(service: str, name: str, operations: Callable[[str, str], Operations]) -> Callable[..., Response]:
    def call(_self: object, context: RequestContext, request: Request | None = None) -> Response:
        operation = operations(context.account_id, context.region).get(name)
        if operation is None:
            raise CommonServiceException("InternalFailure", f"{name} is not supported by the local {service}", 501)
        try:
            return operation(dict(request or {}))
        except RefusedError as error:
            raise CommonServiceException(error.code, str(error), status_code=error.status) from error

    call.__name__ = name
    return call
