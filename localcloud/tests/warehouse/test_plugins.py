"""The LocalStack edge, through boto3: namespace, secret, COPY from S3, the caller's database user, errors."""

# ruff: noqa: S608  statements of SQL, written by the test itself

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

pytestmark = pytest.mark.integration

ROLE = "arn:aws:iam::000000000000:role/warehouse-copy"
NAME = "plugin-test"
DEADLINE_SECONDS = 30


@pytest.fixture
def secret(cloud: Any) -> Iterator[str]:
    """A namespace and a workgroup; the ARN of the administrator's secret."""
    serverless = cloud.client("redshift-serverless")
    namespace = serverless.create_namespace(
        namespaceName=NAME,
        dbName="plugins",
        manageAdminPassword=True,
        iamRoles=[ROLE],
        tags=[{"key": "a", "value": "b"}],
    )["namespace"]
    serverless.create_workgroup(workgroupName=NAME, namespaceName=NAME, baseCapacity=8)
    yield namespace["adminPasswordSecretArn"]
    serverless.delete_workgroup(workgroupName=NAME)
    serverless.delete_namespace(namespaceName=NAME)
    with pytest.raises(serverless.exceptions.ResourceNotFoundException):
        serverless.get_namespace(namespaceName=NAME)


def run(cloud: Any, *sqls: str, **members: Any) -> dict[str, Any]:
    api = cloud.client("redshift-data")
    identifier = api.batch_execute_statement(Sqls=list(sqls), WorkgroupName=NAME, Database="plugins", **members)["Id"]
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        answer: dict[str, Any] = api.describe_statement(Id=identifier)
        if answer["Status"] in ("FINISHED", "FAILED", "ABORTED"):
            return answer
        time.sleep(0.02)
    raise TimeoutError(identifier)


def test_parquet_in_s3_is_copied_and_read_back(cloud: Any, secret: str, tmp_path: Path) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=NAME)
    path = tmp_path / "rows.parquet"
    duckdb.execute(f"COPY (SELECT i::int AS a, 'x' || i AS b FROM range(1000) t(i)) TO '{path}' (FORMAT parquet)")
    s3.upload_file(str(path), NAME, "data/dt=2013-01-01/rows.parquet")
    entry = {
        "url": f"s3://{NAME}/data/dt=2013-01-01/rows.parquet",
        "mandatory": True,
        "meta": {"content_length": path.stat().st_size},
    }
    s3.put_object(Bucket=NAME, Key="m.manifest", Body=json.dumps({"entries": [entry]}))
    answer = run(
        cloud,
        "CREATE TABLE t (a integer, b varchar(10))",
        f"COPY t FROM 's3://{NAME}/m.manifest' IAM_ROLE '{ROLE}' FORMAT AS PARQUET MANIFEST",
        "SELECT count(*), max(b), current_user FROM t",
        SecretArn=secret,
    )
    assert answer["Status"] == "FINISHED", answer
    records = cloud.client("redshift-data").get_statement_result(Id=f"{answer['Id']}:3")["Records"]
    assert records == [[{"longValue": 1000}, {"stringValue": "x999"}, {"stringValue": "admin"}]]
    assert "does not exist" in run(cloud, "SELECT * FROM nope", SecretArn=secret)["Error"]
    # Without the secret it is the caller's own user, to whom nothing was granted yet.
    assert "permission denied for relation t" in run(cloud, "SELECT * FROM t")["Error"]
    assert run(cloud, "GRANT SELECT ON t TO PUBLIC", SecretArn=secret)["Status"] == "FINISHED"
    assert run(cloud, "SELECT * FROM t")["Status"] == "FINISHED"


def test_wrong_requests_have_the_services_errors(cloud: Any, secret: str) -> None:
    api = cloud.client("redshift-data")
    with pytest.raises(api.exceptions.ValidationException, match="Redshift endpoint doesn't exist in this region"):
        api.execute_statement(Sql="SELECT 1", WorkgroupName="nope", Database="plugins", SecretArn=secret)
    with pytest.raises(api.exceptions.ValidationException, match=r"database .* does not exist"):
        api.execute_statement(Sql="SELECT 1", WorkgroupName=NAME, Database="nope", SecretArn=secret)
    with pytest.raises(api.exceptions.ValidationException, match="can't find the specified secret"):
        api.execute_statement(Sql="SELECT 1", WorkgroupName=NAME, Database="plugins", SecretArn=f"{secret[:-6]}aaaaaa")
    with pytest.raises(api.exceptions.ResourceNotFoundException):
        api.describe_statement(Id="d9b6c0c9-0747-4bf4-b142-e8883122f766")
    serverless = cloud.client("redshift-serverless")
    with pytest.raises(serverless.exceptions.ConflictException):
        serverless.delete_namespace(namespaceName=NAME)
    with pytest.raises(
        serverless.exceptions.ClientError, match="ListSnapshots is not supported by the local warehouse"
    ):
        serverless.list_snapshots()
