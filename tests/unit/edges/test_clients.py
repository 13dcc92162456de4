"""Clients of AWS services: as whom they call."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from datavault.edges.clients import client

ROLE = "arn:aws:iam::123456789012:role/acme-analyst"


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client.cache_clear()
    with mock_aws():
        yield
    client.cache_clear()


def test_a_client_calls_as_whoever_runs_it() -> None:
    assert "assumed-role" not in client("sts").get_caller_identity()["Arn"]


def test_a_client_of_another_role_calls_as_that_role() -> None:
    arn = client("sts", ROLE).get_caller_identity()["Arn"]
    assert arn == "arn:aws:sts::123456789012:assumed-role/acme-analyst/datavault"


def test_the_role_is_taken_once_for_all_calls() -> None:
    assert client("sts", ROLE) is client("sts", ROLE)
