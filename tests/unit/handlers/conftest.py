"""Handlers, loaded as Lambda loads them: from their file, with the environment that Terraform sets."""

import importlib.util
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from datavault.contract import Field

from ..support import make_contract

ROOT = Path(__file__).parents[3]
EVENTS = ROOT / "tests" / "events"
CONTRACT = make_contract((Field("n", "integer", required=True), Field("mail", "string")))


class Context:
    """What a handler asks of Lambda's context."""

    function_name = "datavault-test"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:datavault-test"
    aws_request_id = "52fdfc07-2182-454f-963f-5f0f9a621d72"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class CurrentOutput:
    """Whatever standard output is when something is written."""

    def write(self, text: str) -> None:
        sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., ModuleType]:
    """Load the handler of a stage, or another module beside it."""
    folder = tmp_path / "contracts"
    folder.mkdir()
    (folder / "books.json").write_bytes(msgspec.json.encode(CONTRACT))

    def run(stage: str, module_name: str = "handler") -> ModuleType:
        environment = {
            "POWERTOOLS_SERVICE_NAME": stage,
            "POWERTOOLS_METRICS_NAMESPACE": "DataVault",
            "DATAVAULT_CONTRACTS": str(folder),
            "DATAVAULT_PROCESSED_BUCKET": "processed",
            "DATAVAULT_QUARANTINE_BUCKET": "quarantine",
            "DATAVAULT_STREAM_NAME": "chunks",
            "DATAVAULT_HELD_QUEUE_URL": "held",
            "DATAVAULT_MASKING_SECRET_ARN": "masking-key",
            "DATAVAULT_WORKGROUP": "w",
            "DATAVAULT_DATABASE": "d",
            "DATAVAULT_WAREHOUSE_SECRET_ARN": "admin",
            "DATAVAULT_WAREHOUSE_MEMBERS": '{"loader": "acme-loader"}',
            "DATAVAULT_COPY_ROLE_ARN": "arn:copy",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        file = ROOT / "lambdas" / stage / f"{module_name}.py"
        spec = importlib.util.spec_from_file_location(f"{stage}_{module_name}", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        # Powertools keeps a logger for the life of the process, and the output is another for each test.
        if hasattr(module, "logger"):
            module.logger.registered_handler.stream = CurrentOutput()
        return module

    return run


def sqs_event(*bodies: str) -> dict[str, Any]:
    """A captured SQS event with these bodies."""
    record = json.loads((EVENTS / "sqs_s3_object_created.json").read_text())["Records"][0]
    return {"Records": [record | {"messageId": f"message{n}", "body": body} for n, body in enumerate(bodies)]}


def created(bucket: str, key: str, version: str | None = None) -> str:
    """The body of a captured S3 event, for this object."""
    message = json.loads((EVENTS / "sqs_s3_object_created.json").read_text())["Records"][0]["body"]
    body = json.loads(message)
    entity = {"key": key, "size": 1} | ({"versionId": version} if version else {})
    body["Records"][0]["s3"] |= {"bucket": {"name": bucket}, "object": entity}
    return json.dumps(body)


def failed(response: dict[str, Any]) -> list[str]:
    return [item["itemIdentifier"] for item in response["batchItemFailures"]]


def metrics(output: str) -> dict[str, list[float]]:
    """The values of the metrics in a function's output, by name; those of a dataset under `dataset.name`."""
    found: dict[str, list[float]] = {}
    for line in map(json.loads, re.findall(r'^\{.*"_aws".*\}$', output, re.MULTILINE)):
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
            name = f"{line['dataset']}.{metric['Name']}" if "dataset" in line else metric["Name"]
            found.setdefault(name, []).extend(line[metric["Name"]])
    return found
