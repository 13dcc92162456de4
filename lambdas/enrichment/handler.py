"""Enrichment: chunks from Kinesis in; Parquet objects out.

A chunk that fails stops its batch there: Lambda splits the batch and tries again, a bounded number of times, and then
puts what is left into the quarantine bucket, whole.
"""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.kinesis_stream_event import KinesisStreamRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from datavault import observe
from datavault.contract import Contracts
from datavault.edges.clients import client
from datavault.enrich import Enrichers
from datavault.identity import chunk_object_id
from datavault.masking import MaskingKeys
from datavault.settings import contracts_folder, required
from datavault.stages.enrichment import enrich_chunk

logger = Logger()
settings = required(("DATAVAULT_PROCESSED_BUCKET", "DATAVAULT_MASKING_SECRET_ARN"))
contracts = Contracts(contracts_folder())
batch = BatchProcessor(event_type=EventType.KinesisDataStreams)


@cache
def enrichers() -> Enrichers:
    secret = client("secretsmanager").get_secret_value(SecretId=settings["DATAVAULT_MASKING_SECRET_ARN"])
    keys = msgspec.json.decode(secret["SecretString"], type=MaskingKeys)
    return Enrichers(contracts, keys, Path(tempfile.mkdtemp()))


def enrich_data(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Lambda's entry point."""
    return process_partial_response(event=event, record_handler=enrich_record, processor=batch, context=context)


def enrich_record(record: KinesisStreamRecord) -> None:
    # The partition key is the chunk's id.
    logger.set_correlation_id(chunk_object_id(record.kinesis.partition_key))
    try:
        chunk = record.kinesis.data_as_bytes()
        written = enrich_chunk(chunk, enrichers(), contracts, settings["DATAVAULT_PROCESSED_BUCKET"])
    except Exception:
        logger.exception("failed; the stream sends it again", sequence_number=record.kinesis.sequence_number)
        raise
    observe.count_for(written.dataset, {"ChunksEnriched": 1, "RowsWritten": written.rows})
    observe.count(WriteOnceConflict=int(written.is_conflict))
    logger.info("enriched", key=written.key, rows=written.rows, is_conflict=written.is_conflict)
