"""The loader's handler: captured SQS events in, batch item failures out; and the migration."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import boto3
import pytest

from datavault.edges import warehouse
from datavault.settings import SettingsError

from ..fakes import DataApi
from .conftest import Context, created, failed, metrics, sqs_event


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> DataApi:
    fake = DataApi()
    monkeypatch.setattr(warehouse, "client", lambda _: fake)
    monkeypatch.setattr(warehouse.time, "sleep", fake.pauses.append)
    return fake


@pytest.fixture
def handler(s3: Any, load: Callable[[str], ModuleType]) -> ModuleType:
    return load("loader")


def put(name: str) -> str:
    key = f"data/books/dt=2026-03-14/{name}.parquet"
    boto3.client("s3").put_object(Bucket="processed", Key=key, Body=b"parquet", Metadata={"columns": "2"})
    return created("processed", key.replace("=", "%3D"))


def test_what_is_in_the_warehouse_afterwards_is_acknowledged_and_the_rest_is_not(
    handler: ModuleType, api: DataApi, capsys: Any
) -> None:
    api.results["id1:8"] = [[["a", "loaded", 5], ["b", "present", 6], ["c", "refused", 7]]]
    event = sqs_event(put("a"), put("b"), put("c"), put("d"), "no event", put("a"))
    assert failed(handler.load_data(event, Context())) == ["message4", "message2", "message3"]
    found = metrics(capsys.readouterr().out)
    assert (found["books.RowsLoaded"], found["books.ChunksLoaded"], found["ChunksRefused"]) == ([5], [1], [1])


def test_every_message_of_an_object_that_is_not_loaded_fails(handler: ModuleType, api: DataApi) -> None:
    api.statuses, api.error = ["FAILED"], "ERROR: out of cheese"
    assert failed(handler.load_data(sqs_event(put("a"), put("a")), Context())) == ["message0", "message1"]


def test_an_object_that_redshift_refuses_again_and_again_is_set_aside_without_its_values_in_the_log(
    handler: ModuleType, api: DataApi, capsys: Any
) -> None:
    api.judge = lambda _: (3, "ERROR: value s3cr3t is too long")
    event = sqs_event(put("a"))
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "3"
    assert failed(handler.load_data(event, Context())) == []
    output = capsys.readouterr().out
    assert metrics(output)["LoadsSetAside"] == [1]
    assert "s3cr3t" not in output


def test_an_object_that_is_gone_fails_alone(handler: ModuleType, api: DataApi) -> None:
    api.results["id1:8"] = [[["a", "loaded", 5]]]
    event = sqs_event(put("a"), created("processed", "data/books/dt%3D1/gone.parquet"))
    assert failed(handler.load_data(event, Context())) == ["message1"]


def test_a_migration_answers_its_statements_and_logs_in_as_the_administrator(
    load: Callable[..., ModuleType], api: DataApi
) -> None:
    answer = load("loader", "migrate").migrate_data({}, Context())
    assert answer["statements"][0] == "CREATE SCHEMA IF NOT EXISTS datavault"
    assert 'GRANT ROLE "loader" TO "IAMR:acme-loader"' in answer["statements"]
    assert {target["SecretArn"] for target in api.targets} == {"admin"}


def test_a_load_logs_in_as_the_function_itself(handler: ModuleType, api: DataApi) -> None:
    handler.load_data(sqs_event(put("a")), Context())
    assert api.targets == [{"WorkgroupName": "w", "Database": "d"}]


def test_an_environment_that_lacks_names_says_all_of_them(
    load: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    def set_all_but_two(name: str, value: str) -> None:
        if name not in ("DATAVAULT_WORKGROUP", "DATAVAULT_DATABASE"):
            environment[name] = value

    environment: dict[str, str] = {}
    monkeypatch.setattr("os.environ", environment)
    monkeypatch.setattr(monkeypatch, "setenv", set_all_but_two)
    with pytest.raises(SettingsError, match="missing environment variables: DATAVAULT_WORKGROUP, DATAVAULT_DATABASE"):
        load("loader")
