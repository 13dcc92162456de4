"""The enrichment's handler: captured Kinesis events in, batch item failures out."""

import base64
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import boto3
import msgspec
import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError

from ..support import process
from .conftest import CONTRACT, EVENTS, Context, failed, metrics


@pytest.fixture
def handler(s3: Any, load: Callable[[str], ModuleType]) -> ModuleType:
    keys = json.dumps({"keys": {"k1": "secret"}})
    boto3.client("secretsmanager").create_secret(Name="masking-key", SecretString=keys)
    return load("enrichment")


def event(*chunks: bytes) -> dict[str, Any]:
    record = json.loads((EVENTS / "kinesis_chunk.json").read_text())["Records"][0]
    return {
        "Records": [
            record
            | {"kinesis": record["kinesis"] | {"sequenceNumber": str(n), "data": base64.b64encode(chunk).decode()}}
            for n, chunk in enumerate(chunks)
        ]
    }


def keys() -> list[str]:
    return [item["Key"] for item in boto3.client("s3").list_objects_v2(Bucket="processed").get("Contents", [])]


def chunk(data: bytes, key: str = "books/a.ndjson") -> bytes:
    return process(data, CONTRACT, key).chunks[0].data


def test_each_chunk_becomes_an_object_and_is_counted(handler: ModuleType, capsys: Any) -> None:
    chunks = [chunk(b'{"n": 1, "mail": "s3cr3t"}\n{"n": 2}'), chunk(b'{"n": 3}', "books/b.ndjson")]
    assert failed(handler.enrich_data(event(*chunks), Context())) == []
    assert len(keys()) == 2
    output = capsys.readouterr().out
    assert metrics(output)["books.RowsWritten"] == [2, 1]
    assert "s3cr3t" not in output


def test_a_batch_again_writes_nothing_new(handler: ModuleType, capsys: Any) -> None:
    for _ in range(2):
        assert failed(handler.enrich_data(event(chunk(b'{"n": 1}')), Context())) == []
    assert len(keys()) == 1
    assert metrics(capsys.readouterr().out)["WriteOnceConflict"] == [0, 0]


def newer(data: bytes) -> bytes:
    return process(data, msgspec.structs.replace(CONTRACT, version="9.0.0"), "books/newer.ndjson").chunks[0].data


def test_a_chunk_that_fails_is_named_and_those_before_it_stay(handler: ModuleType) -> None:
    response = handler.enrich_data(event(chunk(b'{"n": 1}'), newer(b'{"n": 1}')), Context())
    assert failed(response) == ["1"]
    assert len(keys()) == 1


def test_a_chunk_that_no_retry_can_enrich_holds_up_no_other(handler: ModuleType, capsys: Any) -> None:
    response = handler.enrich_data(event(b"no chunk", chunk(b'{"n": 1}')), Context())
    assert failed(response) == []
    assert len(keys()) == 1
    assert metrics(capsys.readouterr().out)["ChunksSetAside"] == [1]
    (aside,) = boto3.client("s3").list_objects_v2(Bucket="quarantine")["Contents"]
    assert aside["Key"].startswith("failed-chunks/_unknown/dt=2026-03-14/")


def test_a_failure_is_logged_without_the_values_that_caused_it(handler: ModuleType, capsys: Any) -> None:
    (good,) = process(b'{"n": 1, "mail": "s3cr3t"}', CONTRACT).chunks
    broken = good.data[:-4] + b"\0\0\0\0"
    handler.enrich_data(event(broken), Context())
    output = capsys.readouterr().out
    assert "set aside" in output
    assert "s3cr3t" not in output


def test_when_all_fail_the_whole_batch_is_an_error(handler: ModuleType) -> None:
    with pytest.raises(BatchProcessingError):
        handler.enrich_data(event(newer(b'{"n": 1}')), Context())
