"""Fixtures of the command's tests: a stack in memory, the command over it, and the pipeline's first two stages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import datavault.cli
from datavault import inventory, quarantine
from datavault.authoring.odcs import compile_contract
from datavault.cli import context, local_contracts, progress
from datavault.cli.context import ROOT, Stack, WorkerStack
from datavault.contract import Contract, Contracts
from datavault.edges import warehouse as warehouse_edge
from datavault.edges.clients import client
from datavault.edges.events import S3ObjectEvent
from datavault.edges.listing import raw_objects
from datavault.enrich import Enrichers
from datavault.identity import RawObject
from datavault.masking import MaskingKeys
from datavault.quarantine import QuarantineEntry
from datavault.receipt import Receipt
from datavault.stages.enrichment import Arrival, enrich_chunk
from datavault.stages.processor import Targets, process_object
from tests.unit.fakes import DataApi
from tests.unit.support import RECEIVED_AT, make_contract

Run = Callable[..., tuple[int, str, str]]


class Tables(DataApi):
    """Answers by what is asked: the ledger, or the rows of each chunk in the table."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger: list[list[Any]] = []
        self.table: list[list[Any]] = []

    def get_statement_result(self, Id: str, NextToken: str = "0") -> dict[str, Any]:  # noqa: N803  boto3's names
        (sql,) = self.started[int(Id.removeprefix("id")) - 1]
        if "datavault.ledger" in sql:
            self.results[Id] = [self.ledger]
        elif "_chunk_id" in sql:
            self.results[Id] = [self.table]
        return super().get_statement_result(Id, NextToken)


@pytest.fixture
def api() -> Tables:
    return Tables()


@pytest.fixture
def stack(s3: Any, api: Tables, monkeypatch: pytest.MonkeyPatch) -> Stack:
    queues = {
        name: client("sqs").create_queue(QueueName=name)["QueueUrl"]
        for name in ("raw", "raw-dlq", "held", "large", "large-dlq", "parquet", "parquet-dlq")
    }
    stack = Stack(
        project_name="test",
        region="us-east-1",
        raw_bucket="raw",
        processed_bucket="processed",
        quarantine_bucket="quarantine",
        raw_queue_url=queues["raw"],
        raw_dlq_url=queues["raw-dlq"],
        held_queue_url=queues["held"],
        parquet_queue_url=queues["parquet"],
        parquet_dlq_url=queues["parquet-dlq"],
        stream_name="chunks",
        functions={},
        workgroup="group",
        database="db",
        datasets=["books", "orders"],
        masking_secret_arn="masking-key",
        warehouse_roles={"analyst": "", "reader": ""},
        warehouse_port=5439,
        worker=WorkerStack("arn:worker", queues["large"], "large", queues["large-dlq"]),
    )
    monkeypatch.setattr(context.Context, "stack", stack)
    monkeypatch.setattr(progress, "_POLL_SECONDS", 0)
    monkeypatch.setattr(warehouse_edge, "client", lambda service: api)
    return stack


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command; its exit code, and what it wrote."""

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["datavault", *arguments])
        try:
            datavault.cli.main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        written = capsys.readouterr()
        return code, written.out, written.err

    return command


class Pipeline:
    """Raw objects, processed as the deployed functions would, by contracts that tests may change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.deploy(make_contract(), compile_contract(ROOT / "contracts/orders"))

    def deploy(self, *contracts: Contract) -> None:
        for contract in contracts:
            (self._folder / f"{contract.dataset}.json").write_bytes(msgspec.json.encode(contract))
        self.contracts = Contracts(self._folder)

    def put(self, key: str, body: bytes) -> Receipt:
        """Put an object and process it."""
        version = client("s3").put_object(Bucket="raw", Key=key, Body=body)["VersionId"]
        raw = next(raw for raw in raw_objects("raw", key) if raw.version_id == version)
        receipt = self._process(raw)
        assert receipt
        return receipt

    def process(self) -> list[Receipt]:
        """Process every object version that has no receipt yet; their receipts."""
        return [receipt for raw in raw_objects("raw") if (receipt := self._process(raw))]

    def _process(self, raw: RawObject) -> Receipt | None:
        event = S3ObjectEvent("raw", raw.key, raw.version_id, raw.size, raw.last_modified)
        targets = Targets("processed", "quarantine", "chunks")
        return process_object(event, self.contracts, targets, lambda: 60.0, lambda _: None).receipt

    def rejects(self, receipt: Receipt) -> list[QuarantineEntry]:
        return quarantine.read(inventory.read("quarantine", receipt.quarantine_key))[1]

    def replayed(self) -> dict[str, bytes]:
        """The raw objects that a replay made, with their bytes."""
        return {raw.key: inventory.read("raw", raw.key) for raw in raw_objects("raw", "orders/_replay/")}


@pytest.fixture
def pipeline(stack: Stack, tmp_path: Path) -> Pipeline:
    client("kinesis").create_stream(StreamName="chunks", ShardCount=1)
    folder = tmp_path / "deployed"
    folder.mkdir()
    return Pipeline(folder)


def chunks_in_stream() -> list[dict[str, Any]]:
    kinesis = client("kinesis")
    shard = kinesis.get_shard_iterator(
        StreamName="chunks", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )
    found: list[dict[str, Any]] = kinesis.get_records(ShardIterator=shard["ShardIterator"])["Records"]
    return found


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The contracts of the checkout, as a copy that tests may change: `contracts/orders` in the folder."""
    root = tmp_path / "checkout"
    folder = root / "contracts/orders"
    folder.mkdir(parents=True)
    for name in ("contract.odcs.yaml", "enrich.sql"):
        (folder / name).write_bytes((ROOT / "contracts/orders" / name).read_bytes())
    monkeypatch.setattr(context, "ROOT", root)
    local_contracts.local_contract.cache_clear()
    return root


@pytest.fixture
def processed(pipeline: Pipeline, tmp_path: Path) -> str:
    """One object on its way: processed and enriched, two valid records and a bad one; its chunk's id."""
    pipeline.put("books/day.ndjson", b'{"id":1}\n{"id":"[red]x"}\n{"id":3}\n')
    (record,) = chunks_in_stream()
    enrichers = Enrichers(pipeline.contracts, lambda: MaskingKeys({"k1": "x"}), tmp_path)
    arrival = Arrival(record["Data"], record["PartitionKey"], RECEIVED_AT)
    enrich_chunk(arrival, enrichers, pipeline.contracts, "processed", "quarantine")
    return str(record["PartitionKey"])
