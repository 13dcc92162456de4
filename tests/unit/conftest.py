"""Fixtures of the unit tests: AWS services in memory (moto), never the network."""

import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from datavault.edges import clients
from datavault.stages import breaker, claims


@pytest.fixture(scope="session", autouse=True)
def temporary_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what the enrichment leaves in a Lambda environment's own /tmp out of this machine's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temporary")))
        yield


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account in memory, with fresh clients."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    clients.client.cache_clear()
    claims._archive.cache_clear()
    # A new session for each test would parse the services' models again, which takes longer than the test.
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        yield
    clients.client.cache_clear()


@pytest.fixture
def s3(aws: None) -> Any:
    """S3 with the pipeline's buckets; the raw one is versioned."""
    client = clients.client("s3")
    for bucket in ("raw", "processed", "quarantine"):
        client.create_bucket(Bucket=bucket)
    breaker.forget()  # what a process remembers of another test's buckets
    client.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    return client
