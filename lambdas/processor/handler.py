"""Processor: SQS messages with S3 events in; chunks, quarantine objects and receipts out.

A message that fails goes back to the queue, and after its last try to the dead-letter queue, which has an alarm. A
message of a paused dataset goes to the held queue as it is, and counts as done here: no try of it is used up.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from msgspec import to_builtins

from datavault import observe
from datavault.contract import Contracts
from datavault.edges import sqs
from datavault.edges.events import created_objects
from datavault.settings import contracts_folder, required, time_left
from datavault.stages.processor import Outcome, Targets, process_object

logger = Logger()
names = ("PROCESSED_BUCKET", "QUARANTINE_BUCKET", "STREAM_NAME", "HELD_QUEUE_URL")
*places, held_queue = required([f"DATAVAULT_{name}" for name in names]).values()
targets = Targets(*places)
contracts = Contracts(contracts_folder())
batch = BatchProcessor(event_type=EventType.SQS)


def process_data(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Lambda's entry point."""

    def process_message(record: SQSRecord) -> None:
        logger.set_correlation_id(None)  # known once the object is open
        try:
            is_held = False
            for created in created_objects(record.body):
                outcome = process_object(created, contracts, targets, time_left(context), logger.set_correlation_id)
                report(outcome)
                is_held |= outcome.is_held
            if is_held:
                sqs.send_all(held_queue, [record.body])
        except Exception:
            logger.exception("failed; the message goes back to the queue")
            raise

    return process_partial_response(event=event, record_handler=process_message, processor=batch, context=context)


def report(outcome: Outcome) -> None:
    """Log and count what became of an object. Keys may hold personal data: the id stands for the object."""
    if outcome.receipt is None:
        logger.info("held: the dataset is paused" if outcome.is_held else "already processed")
        return
    dataset, counts = outcome.receipt.dataset, outcome.counts
    observe.count_for(dataset, counts)
    observe.count(WriteOnceConflict=len(outcome.conflicts))
    logger.info("processed", dataset=dataset, reasons=outcome.receipt.reasons, conflicts=outcome.conflicts, **counts)
    if outcome.pause:
        logger.warning("paused: too many bad records", pause=to_builtins(outcome.pause))
