"""Namespaces own databases: deleted with them, found again by them; secrets, roles, workgroups, tags."""

# ruff: noqa: E501  statements of SQL, written by the test itself

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from localcloud_warehouse import server
from localcloud_warehouse.api import ApiError
from localcloud_warehouse.serverless import CONFIG_DEFAULTS, Serverless

Call = Callable[..., dict[str, Any]]


class DictSecrets:
    def __init__(self) -> None:
        self.values: dict[str, dict[str, str]] = {}

    def put(self, name: str, value: dict[str, str], kms_key_id: str | None) -> str:  # noqa: ARG002  the protocol's
        self.values[f"arn:{name}"] = value
        return f"arn:{name}"

    def get(self, arn: str) -> dict[str, str] | None:
        return self.values.get(arn)

    def delete(self, arn: str) -> None:
        self.values.pop(arn, None)


@pytest.fixture
def secrets() -> DictSecrets:
    return DictSecrets()


def cloud(warehouse: server.Server, secrets: DictSecrets) -> Serverless:
    return Serverless(warehouse.dsn, ("127.0.0.1", warehouse.port), "000000000000", "us-east-1", secrets)


@pytest.fixture
def serverless(warehouse: server.Server, secrets: DictSecrets) -> Iterator[Serverless]:
    made = cloud(warehouse, secrets)
    yield made
    for name in list(made.workgroups):
        call(made, "DeleteWorkgroup", workgroupName=name)
    for name in list(made.namespaces):
        call(made, "DeleteNamespace", namespaceName=name)


def call(target: Serverless, operation: str, **request: Any) -> dict[str, Any]:
    return target.operations()[operation](request)


def connect(warehouse: server.Server, serverless: Serverless, namespace: str) -> psycopg.Connection:
    return psycopg.connect(
        make_conninfo(warehouse.dsn, dbname=serverless.namespace(namespace).database), autocommit=True
    )


def test_a_namespace_answers_as_terraform_wants_it(serverless: Serverless, secrets: DictSecrets) -> None:
    made = call(
        serverless, "CreateNamespace", namespaceName="one", dbName="datavault", manageAdminPassword=True, iamRoles=["arn:r"],
        logExports=["userlog"], kmsKeyId="arn:k", adminPasswordSecretKmsKeyId="arn:k",
    )["namespace"]  # fmt: skip
    assert made == call(serverless, "GetNamespace", namespaceName="one")["namespace"]
    assert made["iamRoles"] == ["IamRole(applyStatus=in-sync, iamRoleArn=arn:r)"]
    assert (made["status"], made["dbName"], made["logExports"], made["kmsKeyId"]) == (
        "AVAILABLE",
        "datavault",
        ["userlog"],
        "arn:k",
    )
    assert secrets.values[made["adminPasswordSecretArn"]]["username"] == "admin"
    call(serverless, "UpdateNamespace", namespaceName="one", iamRoles=["arn:s"])
    assert serverless.namespace("one").roles == frozenset({"arn:s"})
    call(serverless, "UpdateNamespace", namespaceName="one", manageAdminPassword=False, adminUserPassword="Secret123")
    assert secrets.values == {}


def test_the_password_of_the_secret_opens_the_database(
    warehouse: server.Server, serverless: Serverless, secrets: DictSecrets
) -> None:
    arn = call(serverless, "CreateNamespace", namespaceName="one", manageAdminPassword=True)["namespace"][
        "adminPasswordSecretArn"
    ]
    secret = secrets.values[arn]
    dsn = make_conninfo(
        warehouse.dsn, dbname=serverless.namespace("one").database, user=secret["username"], password=secret["password"]
    )
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("admin",)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(make_conninfo(dsn, password="wrong"))  # noqa: S106  a wrong one


def test_tables_outlive_a_restart_of_the_cloud_but_not_their_namespace(
    warehouse: server.Server, serverless: Serverless, secrets: DictSecrets
) -> None:
    call(serverless, "CreateNamespace", namespaceName="one", dbName="datavault")
    with connect(warehouse, serverless, "one") as connection:
        connection.execute("CREATE TABLE t (a int)")
    restarted = cloud(warehouse, secrets)
    call(restarted, "CreateNamespace", namespaceName="one", dbName="datavault")
    with connect(warehouse, restarted, "one") as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
        # Not even an open session keeps it.
        call(restarted, "DeleteNamespace", namespaceName="one")
    call(restarted, "CreateNamespace", namespaceName="one", dbName="datavault")
    with connect(warehouse, restarted, "one") as connection, pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT count(*) FROM t")


def test_namespaces_with_one_database_name_do_not_share_a_database(
    warehouse: server.Server, serverless: Serverless
) -> None:
    for name in ("one", "two"):
        call(serverless, "CreateNamespace", namespaceName=name, dbName="datavault")
        with connect(warehouse, serverless, name) as connection:
            connection.execute("CREATE TABLE t (a int)")
    assert serverless.namespace("one").database != serverless.namespace("two").database


def test_a_workgroup_answers_every_parameter_and_the_servers_address(
    warehouse: server.Server, serverless: Serverless
) -> None:
    call(serverless, "CreateNamespace", namespaceName="one")
    made = call(
        serverless, "CreateWorkgroup", workgroupName="w", namespaceName="one", baseCapacity=8,
        configParameters=[{"parameterKey": "require_ssl", "parameterValue": "true"}],
    )["workgroup"]  # fmt: skip
    assert made["endpoint"] == {"address": "127.0.0.1", "port": warehouse.port, "vpcEndpoints": []}
    parameters = {item["parameterKey"]: item["parameterValue"] for item in made["configParameters"]}
    assert parameters == CONFIG_DEFAULTS | {"require_ssl": "true"}
    assert call(serverless, "UpdateWorkgroup", workgroupName="w", baseCapacity=16)["workgroup"]["baseCapacity"] == 16
    limit = call(
        serverless, "CreateUsageLimit", resourceArn=made["workgroupArn"], usageType="serverless-compute", amount=1
    )["usageLimit"]
    assert call(serverless, "ListUsageLimits", resourceArn=made["workgroupArn"])["usageLimits"] == [limit]
    call(serverless, "TagResource", resourceArn=made["workgroupArn"], tags=[{"key": "a", "value": "b"}])
    assert call(serverless, "ListTagsForResource", resourceArn=made["workgroupArn"])["tags"] == [
        {"key": "a", "value": "b"}
    ]
    call(serverless, "UntagResource", resourceArn=made["workgroupArn"], tagKeys=["a"])
    assert call(serverless, "ListTagsForResource", resourceArn=made["workgroupArn"])["tags"] == []


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("GetNamespace", {"namespaceName": "nope"}, "ResourceNotFoundException"),
        ("GetWorkgroup", {"workgroupName": "nope"}, "ResourceNotFoundException"),
        ("DeleteUsageLimit", {"usageLimitId": "nope"}, "ResourceNotFoundException"),
        ("CreateNamespace", {"namespaceName": "one"}, "ConflictException"),
        ("CreateWorkgroup", {"workgroupName": "w", "namespaceName": "one"}, "ConflictException"),
        ("CreateWorkgroup", {"workgroupName": "v", "namespaceName": "one"}, "ConflictException"),
        ("DeleteNamespace", {"namespaceName": "one"}, "ConflictException"),
        (
            "UpdateWorkgroup",
            {"workgroupName": "w", "configParameters": [{"parameterKey": "x", "parameterValue": "1"}]},
            "ValidationException",
        ),
    ],
)
def test_a_wrong_request_is_refused(
    serverless: Serverless, operation: str, request_: dict[str, Any], code: str
) -> None:
    call(serverless, "CreateNamespace", namespaceName="one")
    call(serverless, "CreateWorkgroup", workgroupName="w", namespaceName="one")
    with pytest.raises(ApiError) as raised:
        call(serverless, operation, **request_)
    assert raised.value.code == code
