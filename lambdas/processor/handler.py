"""Processor: SQS messages with S3 events in; chunks, quarantine objects and receipts out.

A message that fails goes back to the queue, and after its last try to the dead-letter queue, which has an alarm.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from datavault import observe
from datavault.contract import Contracts
from datavault.edges.events import created_objects
from datavault.settings import contracts_folder, required, time_left
from datavault.stages.processor import Outcome, Targets, process_object

logger = Logger()
settings = required(("DATAVAULT_PROCESSED_BUCKET", "DATAVAULT_QUARANTINE_BUCKET", "DATAVAULT_STREAM_NAME"))
targets = Targets(*settings.values())
contracts = Contracts(contracts_folder())
batch = BatchProcessor(event_type=EventType.SQS)


def process_data(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Lambda's entry point."""

    def process_message(record: SQSRecord) -> None:
        logger.set_correlation_id(None)  # known once the object is open
        try:
            for created in created_objects(record.body):
                report(process_object(created, contracts, targets, time_left(context), logger.set_correlation_id))
        except Exception:
            logger.exception("failed; the message goes back to the queue")
            raise

    return process_partial_response(event=event, record_handler=process_message, processor=batch, context=context)


def report(outcome: Outcome) -> None:
    """Log and count what became of an object. Keys may hold personal data: the id stands for the object."""
    if outcome.receipt is None:
        logger.info("already processed")
        return
    receipt = outcome.receipt
    counts = {
        "ObjectsProcessed": 1,
        "RecordsValid": receipt.valid,
        "RecordsQuarantined": receipt.quarantined,
        "ChunksSent": len(receipt.chunks),
        "BytesRead": receipt.size,
    }
    observe.count_for(receipt.dataset, counts)
    observe.count(WriteOnceConflict=len(outcome.conflicts))
    logger.info("processed", dataset=receipt.dataset, reasons=receipt.reasons, conflicts=outcome.conflicts, **counts)
