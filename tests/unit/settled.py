"""The pipeline in moto's buckets without its functions: objects that went through every stage, or through some."""

import json
from typing import Any

from datavault.contract import Contract, Field
from datavault.edges import s3
from datavault.identity import RECORDS_METADATA, RawObject, receipt_key
from datavault.process import Processing
from datavault.receipt import Receipt
from datavault.seal import parquet_keys

from .fakes import DataApi
from .support import make_contract, reader

CONTRACT = make_contract((Field("n", "integer", required=True),))


class Ledger(DataApi):
    """The Data API over a ledger: answers with the rows of the objects that the statement names."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, list[Any]] = {}

    def get_statement_result(self, Id: str, NextToken: str = "0") -> dict[str, Any]:  # noqa: N803
        (sql,) = self.started[int(Id.removeprefix("id")) - 1]
        self.results[Id] = [[row for chunk, row in sorted(self.rows.items()) if chunk.partition("-")[0] in sql]]
        return super().get_statement_result(Id, NextToken)


def body(valid: int, bad: int = 0) -> bytes:
    return b"".join(json.dumps({"n": n}).encode() + b"\n" for n in range(valid)) + b"bad\n" * bad


class Pipeline:
    """Puts raw objects, and what each stage would have made of them."""

    def __init__(self, client: Any, ledger: Ledger) -> None:
        self.client = client
        self.ledger = ledger

    def put(self, key: str = "books/a.ndjson", data: bytes = b"") -> RawObject:
        data = data or body(3, 1)
        version = self.client.put_object(Bucket="raw", Key=key, Body=data)["VersionId"]
        found = self.client.head_object(Bucket="raw", Key=key, VersionId=version)
        return RawObject("raw", key, version, found["LastModified"], len(data))

    def process(self, raw: RawObject, contract: Contract | None = CONTRACT) -> Receipt:
        data = self.client.get_object(Bucket="raw", Key=raw.key, VersionId=raw.version_id)["Body"].read()
        processing = Processing(raw, contract, reader(data))
        list(processing.chunks())
        receipt = processing.receipt()
        if receipt.quarantine_key:
            s3.put_once("quarantine", receipt.quarantine_key, processing.quarantine.body)
        s3.put_once("processed", receipt_key(receipt.dataset, raw.date, raw.id), receipt.encode())
        return receipt

    def enrich(self, receipt: Receipt, **records: str) -> None:
        for key, chunk in zip(parquet_keys(receipt), receipt.chunks, strict=True):
            metadata = {RECORDS_METADATA: str(chunk.records)} | records
            s3.put_once("processed", key, f"Parquet of {chunk.id}".encode(), metadata=metadata)

    def load(self, receipt: Receipt) -> None:
        for chunk in receipt.chunks:
            self.ledger.rows[chunk.id] = [chunk.id, receipt.dataset, chunk.records, 0]

    def settle(self, key: str = "books/a.ndjson", data: bytes = b"") -> Receipt:
        """One object through every stage."""
        receipt = self.process(self.put(key, data))
        self.enrich(receipt)
        self.load(receipt)
        return receipt
