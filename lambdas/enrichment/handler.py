"""Enrichment: chunks from Kinesis in; Parquet objects out.

A chunk that no retry can enrich is set aside, whole, so that it holds up no other. Any other failure stops its batch
there: Lambda splits it and tries again, a bounded number of times, and keeps what is left in the quarantine bucket.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.kinesis_stream_event import KinesisStreamRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from datavault import observe
from datavault.contract import Contracts
from datavault.enrich import Enrichers
from datavault.identity import chunk_object_id
from datavault.settings import contracts_folder, required
from datavault.stages.enrichment import Arrival, SetAside, enrich_chunk, make_enrichers

logger = Logger()
*buckets, masking_secret = required(
    ("DATAVAULT_PROCESSED_BUCKET", "DATAVAULT_QUARANTINE_BUCKET", "DATAVAULT_MASKING_SECRET_ARN")
).values()
contracts = Contracts(contracts_folder())
batch = BatchProcessor(event_type=EventType.KinesisDataStreams)


@cache
def enrichers() -> Enrichers:
    return make_enrichers(contracts, masking_secret)


def enrich_data(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Lambda's entry point."""
    return process_partial_response(event=event, record_handler=enrich_record, processor=batch, context=context)


def enrich_record(record: KinesisStreamRecord) -> None:
    stream = record.kinesis
    logger.set_correlation_id(chunk_object_id(stream.partition_key))  # the partition key is the chunk's id
    arrived = datetime.fromtimestamp(stream.approximate_arrival_timestamp, UTC)
    try:
        arrival = Arrival(stream.data_as_bytes(), stream.partition_key, arrived)
        done = enrich_chunk(arrival, enrichers(), contracts, *buckets)
    except Exception:
        logger.exception("failed; the stream sends it again", sequence_number=stream.sequence_number)
        raise
    if isinstance(done, SetAside):
        observe.count(ChunksSetAside=1)
        logger.error("set aside", dataset=done.dataset, key=done.key, error=done.error)
        return
    observe.count_for(done.dataset, {"ChunksEnriched": 1, "RowsWritten": done.rows})
    observe.count(WriteOnceConflict=int(done.is_conflict))
    logger.info("enriched", key=done.key, rows=done.rows, is_conflict=done.is_conflict)
