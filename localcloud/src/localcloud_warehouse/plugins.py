"""The LocalStack edge: the services `redshift-serverless` and `redshift-data`.

Everything that these answer is decided in serverless.py and dataapi.py; here a request of LocalStack becomes a dict
and an `ApiError` an exception of LocalStack. The environment variable LOCALCLOUD_WAREHOUSE_DSN names the PostgreSQL
server.
"""

import json
import os
from collections.abc import Callable
from functools import cache
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext, handler
from localstack.aws.connect import connect_to
from localstack.aws.spec import load_service
from localstack.services.plugins import Service, aws_provider
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from localcloud_warehouse import database
from localcloud_warehouse.api import ApiError, Request, Response, Target
from localcloud_warehouse.copy import CopyContext
from localcloud_warehouse.dataapi import DataApi
from localcloud_warehouse.objects import S3Objects
from localcloud_warehouse.serverless import Serverless

Operation = Callable[[RequestContext, Request], Response]

DSN_VARIABLE = "LOCALCLOUD_WAREHOUSE_DSN"


@aws_provider(api="redshift-serverless")
def redshift_serverless() -> Service:
    """Make the control plane."""

    def answer(operation: str) -> Operation:
        def call(context: RequestContext, request: Request) -> Response:
            if operation == "GetCredentials":
                request = {**request, "_user": _database_user(context)}
            return _supported(_serverless(context.account_id, context.region).operations(), operation)(request)

        return call

    return _service("redshift-serverless", answer)


@aws_provider(api="redshift-data")
def redshift_data() -> Service:
    """Make the Data API."""

    def answer(operation: str) -> Operation:
        def call(context: RequestContext, request: Request) -> Response:
            api = _data_api(context.account_id, context.region)
            return _supported(api.operations(), operation)({**request, "_user": _database_user(context)})

        return call

    return _service("redshift-data", answer)


def _service(name: str, answer: Callable[[str], Operation]) -> Service:
    model = load_service(name)
    errors = {shape.name: shape.metadata.get("error", {}).get("httpStatusCode", 400) for shape in model.error_shapes}
    members: dict[str, Any] = {"service": name}
    for operation in model.operation_names:
        members[operation] = handler(operation, expand=False)(_translated(operation, answer(operation), errors))
    return Service.for_provider(type("Provider", (), members)())


def _supported(operations: dict[str, Callable[[Request], Response]], name: str) -> Callable[[Request], Response]:
    if name not in operations:
        raise CommonServiceException("InternalFailure", f"{name} is not supported by the local warehouse", 501)
    return operations[name]


def _translated(name: str, operation: Operation, errors: dict[str, int]) -> Callable[..., Response]:
    def call(_self: object, context: RequestContext, request: Request | None = None) -> Response:
        try:
            return operation(context, dict(request or {}))
        except ApiError as error:
            failure = CommonServiceException(error.code, error.message, errors.get(error.code, 400), sender_fault=True)
            for member, value in error.details.items():
                setattr(failure, member, value)
            raise failure from error

    # LocalStack finds the method of an operation by this name.
    call.__name__ = name
    return call


def _dsn() -> str:
    dsn = os.environ.get(DSN_VARIABLE)
    if not dsn:
        raise CommonServiceException(
            "InternalServerException", f"{DSN_VARIABLE} is not set: start LocalStack with `localcloud start`", 500
        )
    return dsn


@cache
def _serverless(account: str, region: str) -> Serverless:
    where = conninfo_to_dict(_dsn())
    address = (str(where["host"]), int(where["port"] or 0))
    return Serverless(_dsn(), address, account, region, _Secrets(account, region))


@cache
def _data_api(account: str, region: str) -> DataApi:
    serverless = _serverless(account, region)
    objects = S3Objects(connect_to(aws_access_key_id=account, region_name=region).s3)
    secrets = _Secrets(account, region)

    def locate(request: Request) -> Target:
        name = request.get("WorkgroupName")
        if not name:
            raise ApiError(
                "ValidationException", "Either ClusterIdentifier, WorkgroupName or SessionId must be provided."
            )
        try:
            workgroup = serverless.workgroup(name)
        except ApiError as error:
            raise ApiError("ValidationException", "Redshift endpoint doesn't exist in this region.") from error
        namespace = serverless.namespace(workgroup.data["namespaceName"])
        if not request.get("Database"):
            raise ApiError("ValidationException", "Database must be provided.")
        if request["Database"].lower() != namespace.data["dbName"]:
            raise ApiError("ValidationException", f'FATAL: database "{request["Database"]}" does not exist')
        user = request["_user"]
        if request.get("SecretArn"):
            user = _authenticate(secrets.get(request["SecretArn"]), namespace.data["adminUsername"], namespace.password)
        else:
            database.ensure_user(_dsn(), user)
        context = CopyContext(
            objects, lambda: namespace.roles, lambda: str(namespace.data["defaultIamRoleArn"]), region
        )
        return Target(make_conninfo(_dsn(), dbname=namespace.database), user, context)

    return DataApi(locate)


def _authenticate(secret: dict[str, str] | None, user: str, password: str) -> str:
    if secret is None:
        raise ApiError("ValidationException", "Secrets Manager can't find the specified secret.")
    if secret.get("username") != user or secret.get("password") != password:
        raise ApiError(
            "ValidationException", f'FATAL: password authentication failed for user "{secret.get("username")}"'
        )
    return user


def _database_user(context: RequestContext) -> str:
    """Return the database user of a caller without a secret: IAM:<user>, or IAMR:<role> of an assumed role."""
    authorization = context.request.headers.get("Authorization", "")
    _, _, credential = authorization.partition("Credential=")
    return _user_of_key(credential.partition("/")[0] or context.account_id, context.region)


@cache
def _user_of_key(access_key: str, region: str) -> str:
    arn = connect_to(aws_access_key_id=access_key, region_name=region).sts.get_caller_identity()["Arn"]
    kind, _, name = arn.rpartition(":")[2].partition("/")
    return f"IAMR:{name.split('/')[0]}" if kind == "assumed-role" else f"IAM:{name.split('/')[-1] or kind}"


class _Secrets:
    def __init__(self, account: str, region: str) -> None:
        self._client = connect_to(aws_access_key_id=account, region_name=region).secretsmanager

    def put(self, name: str, value: dict[str, str], kms_key_id: str | None) -> str:
        text = json.dumps(value)
        key = {"KmsKeyId": kms_key_id} if kms_key_id else {}
        try:
            return str(self._client.create_secret(Name=name, SecretString=text, **key)["ARN"])
        except self._client.exceptions.ResourceExistsException:
            return str(self._client.update_secret(SecretId=name, SecretString=text, **key)["ARN"])

    def get(self, arn: str) -> dict[str, str] | None:
        try:
            return dict(json.loads(self._client.get_secret_value(SecretId=arn)["SecretString"]))
        except self._client.exceptions.ResourceNotFoundException:
            return None

    def delete(self, arn: str) -> None:
        try:
            self._client.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
        except self._client.exceptions.ResourceNotFoundException:
            # Deleted by somebody before: it is gone, which was wanted.
            return
