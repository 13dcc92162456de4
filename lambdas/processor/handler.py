"""Processor: SQS messages with S3 events in; chunks, quarantine objects and receipts out.

A message that fails goes back to the queue, and after its last try to the dead-letter queue, which has an alarm. A
message of a paused dataset goes to the held queue as it is, and counts as done here: no try of it is used up. In the
same way those of large objects go to the worker's queue, where there is a worker.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from datavault import observe
from datavault.contract import Contracts
from datavault.edges.events import S3ObjectEvent
from datavault.settings import contracts_folder, large_objects, required, time_left
from datavault.stages.messages import Large, hand_over, log_outcome, process_message
from datavault.stages.processor import Outcome, Targets, process_object

logger = Logger()
names = ("PROCESSED_BUCKET", "QUARANTINE_BUCKET", "STREAM_NAME", "HELD_QUEUE_URL")
*places, held_queue = required([f"DATAVAULT_{name}" for name in names]).values()
targets = Targets(*places)
large = Large(*found) if (found := large_objects()) else None
contracts = Contracts(contracts_folder())
batch = BatchProcessor(event_type=EventType.SQS)


def process_data(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Lambda's entry point."""

    def process(created: S3ObjectEvent) -> Outcome:
        outcome = process_object(created, contracts, targets, time_left(context), logger.set_correlation_id)
        log_outcome(logger, outcome)
        if outcome.receipt:
            observe.count_for(outcome.receipt.dataset, outcome.counts)
            observe.count(WriteOnceConflict=len(outcome.conflicts))
        return outcome

    def process_record(record: SQSRecord) -> None:
        logger.set_correlation_id(None)  # known once the object is open
        try:
            if large and hand_over(record.body, large, logger.set_correlation_id):
                observe.count(ObjectsHandedOver=1)
                logger.info("handed over to the worker")
            else:
                process_message(record.body, held_queue, process)
        except Exception:
            logger.exception("failed; the message goes back to the queue")
            raise

    return process_partial_response(event=event, record_handler=process_record, processor=batch, context=context)
